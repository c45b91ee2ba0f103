"""The look: colours mean the same in rectangles, images and legends, and can be read."""

import base64
import io
import json
import re

import numpy as np
import pytest
import vl_convert
from PIL import Image

from dashboard.charts.drawing import VEGALITE
from dashboard.charts.raster import montage_uri, png_uri
from dashboard.charts.theme import PALETTES, config, ink, on_ink, paint, scale, signed

THEMES = list(PALETTES)


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])


def luminance(colour: str) -> float:
    """WCAG 2.2 relative luminance."""
    c = rgb(colour) / 255
    return float(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def pixels(uri: str) -> np.ndarray:
    raw = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(raw)).convert("RGB")).astype(int)


def vega_colours(values: list[float], colours: list[str], low: float, high: float) -> np.ndarray:
    """The colours that Vega's scale gives, read from a drawing."""
    spec = {
        "data": {"values": [{"k": k, "w": w} for k, w in enumerate(values)]},
        "mark": {"type": "rect", "aria": False, "width": 4, "height": 4},
        "encoding": {
            "x": {"field": "k", "type": "quantitative", "axis": None},
            "color": {"field": "w", "type": "quantitative", "scale": scale(colours, low, high), "legend": None},
        },
        "config": {"view": {"stroke": None}},
    }
    svg = vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=VEGALITE)
    return np.array([[int(c) for c in found] for found in re.findall(r'fill="rgb\((\d+), (\d+), (\d+)\)"', svg)])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("colours", "low", "high"), [(ink, 0.0, 1.0), (ink, 0.0, 0.2), (signed, -0.5, 0.5)])
def test_rectangles_and_images_have_the_colours_of_one_scale(theme, colours, low, high):
    values = np.linspace(low - 0.05, high + 0.05, 101)  # beyond the ends as well
    stops = colours(theme)
    vega = vega_colours(values.tolist(), stops, low, high)
    assert len(vega) == len(values)
    assert np.abs(vega - paint(values, stops, low, high)).max() <= 1
    image = pixels(png_uri(values[None], stops, low, high))[0]
    assert np.abs(image - vega).max() <= 2  # 256 levels


@pytest.mark.parametrize("theme", THEMES)
def test_the_scale_runs_from_paper_to_ink_and_ever_away_from_paper(theme):
    p = PALETTES[theme]
    stops = ink(theme)
    assert (stops[0], stops[-1]) == (p.paper, p.ink)
    steps = np.diff([luminance(c) for c in stops])
    assert (steps < 0).all() if theme == "light" else (steps > 0).all()


@pytest.mark.parametrize("theme", THEMES)
def test_the_signed_scale_has_paper_in_its_middle(theme):
    p = PALETTES[theme]
    stops = signed(theme)
    assert (stops[0], stops[len(stops) // 2], stops[-1]) == (p.minus, p.paper, p.plus)
    assert paint(np.zeros(1), stops, -0.3, 0.3)[0].tolist() == rgb(p.paper).tolist()


@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read(theme):
    p = PALETTES[theme]
    assert contrast(p.text, p.paper) >= 7
    assert contrast(p.quiet, p.paper) >= 4.5
    assert config(theme)["background"] == p.paper


@pytest.mark.parametrize("theme", THEMES)
def test_words_on_ink_can_be_read(theme):
    shares = np.linspace(0, 1, 101)
    shades = ["#" + "".join(f"{v:02x}" for v in c.tolist()) for c in paint(shares, ink(theme), 0, 1)]
    for quiet in (True, False):
        values = [{"k": k, "w": w, "quiet": quiet} for k, w in enumerate(shares.tolist())]
        spec = {
            "data": {"values": values},
            "mark": {"type": "text", "aria": False},
            "encoding": {"text": {"value": "x"}, "color": on_ink(theme, "datum.w", quiet="datum.quiet")},
        }
        svg = vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=VEGALITE)
        drawn = re.findall(r'fill="(#[0-9a-f]{6})"', svg)[-len(shares) :]
        assert min(contrast(a, b) for a, b in zip(drawn, shades, strict=True)) >= 4.5
        assert drawn[0] == (PALETTES[theme].quiet if quiet else PALETTES[theme].text)


def test_the_three_meanings_are_okabe_and_itos_on_paper():
    light = PALETTES["light"]
    assert (light.syntax, light.context, light.position) == ("#0072B2", "#D55E00", "#7F7F7F")


def test_an_image_has_its_first_row_on_top():
    values = np.zeros((3, 4))
    values[0, 3] = 1
    image = pixels(png_uri(values, ["#ffffff", "#000000"], 0, 1))
    assert image.shape == (3, 4, 3)
    assert image[0, 3].tolist() == [0, 0, 0] and image.sum() == 255 * 3 * 11


def test_a_montage_puts_each_map_in_its_cell():
    maps = np.zeros((2, 3, 4, 4))
    maps[1, 2, 0, 3] = 1
    image = pixels(montage_uri(maps, ["#ffffff", "#000000"], 20))[..., 0]
    height, width = image.shape
    assert height / 2 == width / 3
    ys, xs = np.nonzero(image == 0)
    assert ys.min() > height / 2 and xs.min() > 2 * width / 3
    cell = height // 2
    edge = ys.min() - cell
    assert width - 1 - xs.max() == edge > 0  # the top right corner of the map, `edge` from the cell's rim
    assert len(np.unique(ys)) == len(np.unique(xs)) == (cell - 2 * edge) // 4
