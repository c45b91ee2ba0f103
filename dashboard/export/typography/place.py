"""All text of an SVG set in fonts that have its characters, for PNG and PDF.

A line of one font stays one element. A line of several fonts is cut into runs, each an element at its own position:
within one element, vl-convert's renderer mixes up the shapes of neighbouring fonts. Widths are measured with the
renderer's shaper (HarfBuzz, here in Pillow).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from xml.etree.ElementTree import Element

from dashboard.export.typography.runs import Run, runs
from dashboard.export.typography.shipped_fonts import MONO, SANS, is_mono, shipped_file
from dashboard.export.typography.system_fonts import families

SVG = "{http://www.w3.org/2000/svg}"
TEXT = f"{SVG}text"
HREF = "{http://www.w3.org/1999/xlink}href"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"

_PLACE = ("transform", "x", "y", "text-anchor", "font-family", SPACE)
_ASCENT, _HEIGHT = 1.1, 1.5  # of an emoji's picture, in em


@dataclass(frozen=True)
class Line:
    """A line of a text element: its runs from left to right, the base font, and its anchor."""

    runs: tuple[Run, ...]
    base: str
    size: float
    weight: int
    x: float
    y: float
    anchor: str | None

    @property
    def plain(self) -> bool:
        """True if the base font draws all of it."""
        return len(self.runs) == 1 and self.runs[0].family is None

    def widths(self) -> list[float]:
        """The advance of each run in pixels."""
        return [_width(run, self.base, self.size, self.weight) for run in self.runs]

    def start(self, width: float) -> float:
        """The x at which a line of this width begins."""
        return self.x - width * {"middle": 0.5, "end": 1.0}.get(self.anchor or "", 0.0)


def lines_of(text: Element) -> Iterator[Line]:
    """The lines of a `<text>`. Vega writes the second and further ones as tspans with x and dy."""
    base = MONO if is_mono(text.get("font-family", "")) else SANS
    size = _number(text.get("font-size"), 11.0)
    weight = {"bold": 700, "normal": 400}.get(text.get("font-weight", ""), int(_number(text.get("font-weight"), 400)))
    x, y = _number(text.get("x"), 0.0), _number(text.get("y"), 0.0)
    for line in list(text) or [text]:
        y += _number(line.get("dy"), 0.0)
        written = re.sub(r"[ \t\r\n]+", " ", line.text or "").strip(" ")
        yield Line(runs(written, base), base, size, weight, x, y, text.get("text-anchor"))


def place_text(root: Element, *, emoji_as_images: bool) -> None:
    """Set every `<text>` under `root` in fonts that draw it, in place.

    emoji_as_images: for PDF, into which vl-convert cannot write a colour font
    """
    for parent in list(root.iter()):
        for at, child in enumerate(parent):
            if child.tag == TEXT:
                parent[at] = _placed(child, emoji_as_images)


def _placed(text: Element, emoji_as_images: bool) -> Element:
    group = Element(f"{SVG}g", {key: text.attrib[key] for key in ("transform",) if key in text.attrib})
    look = {key: value for key, value in text.attrib.items() if key not in _PLACE}
    for line in lines_of(text):
        if len(line.runs) == 1 and not line.runs[0].colour:
            group.append(_text(line.runs[0], line, look, line.x, line.anchor))
            continue
        widths = line.widths()
        at = line.start(sum(widths))
        for run, width in zip(line.runs, widths, strict=True):
            if run.colour and emoji_as_images:
                group.append(_image(run, line, look, at, width))
            elif run.text.strip(" "):
                group.append(_text(run, line, look, at, None))
            at += width
    return group


def _text(run: Run, line: Line, look: dict[str, str], x: float, anchor: str | None) -> Element:
    family = f"'{run.family or line.base}', '{line.base}'"
    place = {"x": f"{x:g}", "y": f"{line.y:g}", "font-family": family, SPACE: "preserve"}
    element = Element(TEXT, look | place | ({"text-anchor": anchor} if anchor else {}))
    element.text = run.text
    return element


def _image(run: Run, line: Line, look: dict[str, str], x: float, width: float) -> Element:
    size = line.size
    place = {"x": f"{x:g}", "y": f"{line.y - _ASCENT * size:g}", "width": f"{width:g}", "height": f"{_HEIGHT * size:g}"}
    opacity = look.get("fill-opacity", look.get("opacity", "1"))
    drawn = _emoji_uri(run.text, run.family or "", round(width / size, 3))
    return Element(f"{SVG}image", place | {"opacity": opacity, HREF: drawn})


@lru_cache(maxsize=512)
def _emoji_uri(text: str, family: str, width: float) -> str:
    """Emoji as a PNG of 64 pixels an em, a data: address."""
    import vl_convert

    em = 64
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * em:g}" height="{_HEIGHT * em:g}">'
        f'<text y="{_ASCENT * em:g}" font-size="{em}px" font-family="\'{family}\'">{text}</text></svg>'
    )
    return "data:image/png;base64," + base64.b64encode(vl_convert.svg_to_png(picture)).decode("ascii")


def _width(run: Run, base: str, size: float, weight: int) -> float:
    if run.family is None:
        file, index = str(shipped_file(base, weight)), 0
    else:
        face = min(families()[run.family], key=lambda f: (abs(f.weight - weight), f.file))
        file, index = face.file, face.index
    return _em_width(run.text, file, index) * size


@lru_cache(maxsize=8192)
def _em_width(text: str, file: str, index: int) -> float:
    font, size = _measuring(file, index)
    if font is not None:
        with suppress(AttributeError, RuntimeError, OSError):  # this font cannot shape it
            return font.getlength(text) / size
    return 1.25 * len(text)  # an estimate


@lru_cache(maxsize=64)
def _measuring(file: str, index: int):
    """A font to measure with and its size in pixels. Bitmap fonts have a few sizes only."""
    from PIL import ImageFont

    for size in (1000, 109, 136, 160, 128, 96, 64):
        try:
            return ImageFont.truetype(file, size, index), size
        except OSError:
            continue
    return None, 1


def _number(written: str | None, otherwise: float) -> float:
    found = re.match(r"-?[\d.]+(?:e-?\d+)?", written or "")
    return float(found[0]) if found else otherwise
