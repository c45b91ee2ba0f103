"""One look for screen and file: paper, ink, the three meanings, the type, and Vega-Lite's configuration.

A weight is ink on paper: the scale runs from the page's own background (0) to full ink, so what is not
there is not drawn. Blue, orange and grey mean syntax, context and position wherever they appear, so they
are never used for anything else; a signed difference runs purple – paper – green.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Theme = Literal["light", "dark"]

# Streamlit's own faces first, then the names their files carry elsewhere. Neither quotes nor numbers in them:
# vl-convert would not measure the text, and titles and margins would be wrong in files.
WORDS_FONT = "Source Sans, Source Sans Pro, sans-serif"
TOKENS_FONT = "Source Code, Source Code Pro, monospace"


@dataclass(frozen=True)
class Palette:
    """The colours of a theme.

    Attributes
    ----------
    paper: the page's background, and the colour of a weight of 0
    ink: the colour of a full weight
    text: words of the text, titles
    quiet: what may recede: subtitles, labels of special tokens (at least 4.5 : 1 on paper)
    hair: hairlines, the outline of something empty
    syntax, context, position: the three meanings (Okabe–Ito, brightened for dark)
    minus, plus: the ends of the signed scale
    """

    paper: str
    ink: str
    text: str
    quiet: str
    hair: str
    syntax: str
    context: str
    position: str
    minus: str
    plus: str


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        paper="#ffffff",
        ink="#17183b",
        text="#22232f",
        quiet="#6a6c7b",
        hair="#dcdde4",
        syntax="#0072B2",
        context="#D55E00",
        position="#7F7F7F",
        minus="#8e3d6b",
        plus="#00664a",
    ),
    "dark": Palette(
        paper="#0e1117",
        ink="#f3f1ff",
        text="#e9e9f0",
        quiet="#9a9cab",
        hair="#2e313b",
        syntax="#4AA8E0",
        context="#F0873C",
        position="#A3A3A3",
        minus="#e79cc5",
        plus="#3fd0a4",
    ),
}

TITLE_SIZE, SUBTITLE_SIZE = 16.0, 12.5
STEPS = 9  # stops of a colour scale: enough for straight lines between them to follow OKLab


def config(theme: Theme) -> dict:
    """Vega-Lite configuration for every chart, on screen and in files alike.

    Everything that Streamlit would fill in from its own theme is set here, so that both are one drawing.
    """
    p = PALETTES[theme]
    label = {
        "labelColor": p.text,
        "titleColor": p.quiet,
        "labelFont": WORDS_FONT,
        "titleFont": WORDS_FONT,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelFontWeight": "normal",
        "titleFontWeight": "normal",
    }
    return {
        "background": p.paper,
        "font": WORDS_FONT,
        "view": {"stroke": None},
        "mark": {"tooltip": None, "invalid": None},
        "text": {"color": p.text, "font": WORDS_FONT, "fontSize": 13},
        "axis": label
        | {"domain": False, "ticks": False, "grid": False, "gridColor": p.hair, "labelPadding": 6, "titlePadding": 8},
        "legend": label | {"labelColor": p.quiet, "gradientStrokeColor": p.hair, "gradientStrokeWidth": 1},
        "header": label,
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "offset": 18,
            "color": p.text,
            "font": WORDS_FONT,
            "fontSize": TITLE_SIZE,
            "fontWeight": 600,
            "subtitleColor": p.quiet,
            "subtitleFont": WORDS_FONT,
            "subtitleFontSize": SUBTITLE_SIZE,
            "subtitleFontWeight": "normal",
            "subtitlePadding": 5,
            "limit": 0,
        },
    }


def ink(theme: Theme) -> list[str]:
    """Colours of the weight scale, paper to ink, evenly spaced in OKLab."""
    p = PALETTES[theme]
    return _between([p.paper, p.ink])


def signed(theme: Theme) -> list[str]:
    """Colours of the difference scale: minus – paper – plus, evenly spaced in OKLab on either side."""
    p = PALETTES[theme]
    return _between([p.minus, p.paper])[:-1] + _between([p.paper, p.plus])


def scale(colours: list[str], low: float, high: float) -> dict:
    """The Vega-Lite colour scale of these stops over [low, high]; values beyond take the end's colour."""
    domain = np.linspace(low, high, len(colours)).round(6).tolist()
    return {"type": "linear", "domain": domain, "range": colours, "interpolate": "rgb", "clamp": True}


def gradient(values: list[float], label: str, below: float = 0) -> dict:
    """The legend of a colour scale: a slim bar below, with these ticks, written as the Vega expression `label` says.

    below: pixels between it and the picture that something else takes
    """
    return {
        "orient": "bottom",
        "direction": "horizontal",
        "title": None,
        "offset": 14 + below,
        "gradientLength": 150,
        "gradientThickness": 9,
        "labelFontSize": 11.5,
        "values": values,
        "labelExpr": label,
    }


def on_ink(theme: Theme, share: str, quiet: str | None = None) -> dict:
    """Encoding of the colour of words that stand on ink of `share` (a Vega expression, 0 to 1 of full ink).

    Words keep their colour as long as it has a contrast of 4.5 : 1, then black or white, whichever has more;
    one of these always has. `quiet`: a Vega expression for words that may recede.
    """
    p = PALETTES[theme]
    shares = np.linspace(0, 1, 201)
    shades = paint(shares, ink(theme), 0, 1)
    strong, other = ("#000000", "#ffffff") if theme == "light" else ("#ffffff", "#000000")

    def up_to(colour: str, least: np.ndarray | float) -> float:
        return float(shares[contrast(np.array(_rgb(colour)), shades) >= least].max())

    last_strong = up_to(strong, contrast(np.array(_rgb(other)), shades))
    conditions = [
        *([{"test": f"{quiet} && {share} <= {up_to(p.quiet, 4.5)}", "value": p.quiet}] if quiet else []),
        {"test": f"{share} <= {up_to(p.text, 4.5)}", "value": p.text},
        {"test": f"{share} <= {last_strong}", "value": strong},
    ]
    return {"condition": conditions, "value": other}


def contrast(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Contrast of two colours (…, 3) in 0–255, 1 to 21, as WCAG 2.2 defines it."""

    def luminance(rgb: np.ndarray) -> np.ndarray:
        return _linear(np.asarray(rgb) / 255) @ np.array([0.2126, 0.7152, 0.0722])

    x, y = luminance(a) + 0.05, luminance(b) + 0.05
    return np.maximum(x / y, y / x)


def paint(values: np.ndarray, colours: list[str], low: float, high: float) -> np.ndarray:
    """The colours that `scale` gives these values, uint8 (..., 3): what an image must be made of."""
    stops = np.array([_rgb(c) for c in colours], float)
    at = np.clip((np.asarray(values, float) - low) / (high - low), 0, 1) * (len(stops) - 1)
    left = np.minimum(at.astype(int), len(stops) - 2)
    part = (at - left)[..., None]
    return np.rint(stops[left] * (1 - part) + stops[left + 1] * part).astype(np.uint8)


def readable(shades: np.ndarray, theme: Theme) -> np.ndarray:
    """The colour of words on each shade (…, 3): the theme's own, or black or white where that has more contrast."""
    own, black, white = PALETTES[theme].text, "#000000", "#ffffff"
    on = {colour: contrast(np.array(_rgb(colour)), shades) for colour in (own, black, white)}
    return np.where(on[own] >= 4.5, own, np.where(on[black] >= on[white], black, white))


def _between(ends: list[str]) -> list[str]:
    a, b = (_to_oklab(np.array(_rgb(c)) / 255) for c in ends)
    return [_hex(_from_oklab(a + (b - a) * t)) for t in np.linspace(0, 1, STEPS)]


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[k : k + 2], 16) for k in (1, 3, 5))


def _hex(rgb: np.ndarray) -> str:
    return "#" + "".join(f"{v:02x}" for v in np.rint(np.clip(rgb, 0, 1) * 255).astype(int))


# OKLab: https://bottosson.github.io/posts/oklab/
_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _to_oklab(rgb: np.ndarray) -> np.ndarray:
    return _LAB @ np.cbrt(_LMS @ _linear(rgb))


def _from_oklab(lab: np.ndarray) -> np.ndarray:
    linear = np.clip(np.linalg.solve(_LMS, np.linalg.solve(_LAB, lab) ** 3), 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
