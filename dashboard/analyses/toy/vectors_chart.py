"""The toy's vectors as arrows in the plane: words, one query among the keys, and the mixed values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.analyses.toy.worked_steps import Toy, number, saying
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.theme import PALETTES, Theme, ink, paint
from dashboard.heads.format import percent

GAP = 44.0
SMALLEST, LARGEST = 220.0, 320.0  # pixels of a panel
MARGIN = 38.0  # pixels for the numbers and the title of an axis
AROUND = np.array([(x, y) for x in (1, -1, 0) for y in range(-3, 4)])  # label places round a head, in widths, lines
LABEL_MARGIN = 1.45  # a panel extends to this multiple of the longest arrow, for the names
SIZE = 12.5  # font size of a label


@dataclass(frozen=True)
class _Arrow:
    """An arrow from the origin to a point: name, strength (0 to 1 of full ink), and tooltip."""

    at: tuple[float, float]
    name: str
    strength: float
    thick: bool
    tip: str


def plane(toy: Toy, row: int, look: Look, *, axes: tuple[int, int] = (0, 1)) -> Drawing:
    """Three planes: the words' vectors; the query of one word among all keys; the values, as dark as their weights, and
    their mixture for that word.

    Parameters
    ----------
    toy: of `work_through`; row: the chosen word, from 0
    axes: the two numbers of the vectors to draw, from 0; vectors with fewer numbers use their first two
    look: 980 pixels wide by default; panels go below each other where it is narrow
    """
    word = toy.names[row]
    parts, weights = toy.parts, toy.parts["weights"].values[row]
    own = parts["x"].values
    words = [
        _Arrow(_point(own[k], axes), name, 1.0 if k == row else 0.45, k == row, _says(own[k]))
        for k, name in enumerate(toy.names)
    ]
    keys = [
        _Arrow(_point(parts["k"].values[k], axes), name, 0.45, False, f"score {number(parts['scores'].values[row, k])}")
        for k, name in enumerate(toy.names)
    ]
    query = _Arrow(_point(parts["q"].values[row], axes), "query", 1.0, True, _says(parts["q"].values[row]))
    values = [
        _Arrow(_point(parts["v"].values[k], axes), name, 0.12 + 0.7 * weights[k], False, percent(weights[k]))
        for k, name in enumerate(toy.names)
    ]
    mixture = _Arrow(_point(parts["mixed"].values[row], axes), "mixture", 1.0, True, _says(parts["mixed"].values[row]))
    sets = [
        ("Words", "one row of X each", words),
        ("A query among the keys", "a key that points the same way gets a high score", [*keys, query]),
        ("The values, mixed", "stronger colour: larger weight", [*values, mixture]),
    ]
    width = look.width_or(980.0)
    third = (width - 2 * GAP - 3 * MARGIN) / 3
    columns = 3 if third >= SMALLEST else 1
    side = min(LARGEST, third if columns == 3 else width - MARGIN)
    axes_of_panels = [_axes_of(values_of, axes) for values_of in (own, parts["q"].values, parts["v"].values)]
    panels = [
        _panel(title, note, arrows, pair, side, look.theme)
        for (title, note, arrows), pair in zip(sets, axes_of_panels, strict=True)
    ]
    heads = f", head {toy.head} of {toy.example.heads}" if toy.example.heads > 1 else ""
    return sheet(
        {"concat": panels, "columns": columns, "spacing": GAP},
        look.theme,
        title=f"“{word}” in the plane{heads}",
        subtitle=["arrows from the origin · thick: the word to follow"],
        description=f"Vectors of the toy as arrows in the plane{heads}. {saying(toy, row)}",
        width=width,
    )


def _axes_of(values: np.ndarray, axes: tuple[int, int]) -> tuple[int, int]:
    """`axes` where the vectors have these numbers, else the first two."""
    return axes if max(axes) < values.shape[1] else (0, 1)


def _point(vector: np.ndarray, axes: tuple[int, int]) -> tuple[float, float]:
    """A vector's place in the plane; the second number of a vector of one is 0."""
    a, b = _axes_of(vector[None], axes)
    return float(vector[a]), float(vector[b]) if len(vector) > 1 else 0.0


def _says(vector: np.ndarray) -> str:
    return f"({', '.join(map(number, vector))})"


def _panel(title: str, note: str, arrows: Sequence[_Arrow], axes: tuple[int, int], side: float, theme: Theme) -> dict:
    p = PALETTES[theme]
    extent = max((abs(c) for arrow in arrows for c in arrow.at), default=0.0) * LABEL_MARGIN or 1.0
    shades = paint(np.array([arrow.strength for arrow in arrows]), ink(theme), 0, 1)
    places = _labels(arrows, side, extent)
    rows = [
        {
            "origin": 0,
            "x": arrow.at[0],
            "y": arrow.at[1],
            "name": arrow.name,
            "tip": arrow.tip,
            "width": 3.0 if arrow.thick else 1.6,
            "colour": "#{:02x}{:02x}{:02x}".format(*shade),
            "angle": math.degrees(math.atan2(*arrow.at)),
            "head": 0 if arrow.at == (0.0, 0.0) else 90,
            "lx": float(lx),
            "ly": float(ly),
            "weight": 700 if arrow.thick else 400,
        }
        for arrow, shade, (lx, ly) in zip(arrows, shades, places, strict=True)
    ]
    ticks = [-_round(extent / LABEL_MARGIN), _round(extent / LABEL_MARGIN)]
    axis = {"values": ticks, "labelColor": p.quiet, "format": ".3~g", "titleColor": p.quiet, "titlePadding": 2}
    span = {"domain": [-extent, extent], "nice": False, "zero": False}
    x = {"type": "quantitative", "scale": span, "axis": axis | {"title": f"number {axes[0] + 1}"}}
    y = {"type": "quantitative", "scale": span, "axis": axis | {"title": f"number {axes[1] + 1}"}}
    cross = {
        "data": {"values": [{"a": -extent, "b": extent, "c": 0, "d": 0}, {"a": 0, "b": 0, "c": -extent, "d": extent}]},
        "mark": {"type": "rule", "aria": False, "color": p.hair},
        "encoding": {
            "x": x | {"field": "a"},
            "x2": {"field": "b"},
            "y": y | {"field": "c"},
            "y2": {"field": "d"},
        },
    }
    colour = {"field": "colour", "type": "nominal", "scale": None, "legend": None}
    tooltip = [
        {"field": "name", "type": "nominal", "title": "vector"},
        {"field": "tip", "type": "nominal", "title": "is"},
    ]
    shafts = {
        "mark": {"type": "rule", "aria": False},
        "encoding": {
            "x": x | {"field": "origin"},
            "x2": {"field": "x"},
            "y": y | {"field": "origin"},
            "y2": {"field": "y"},
            "color": colour,
            "strokeWidth": {"field": "width", "type": "quantitative", "scale": None},
            "tooltip": tooltip,
        },
    }
    heads = {
        "mark": {"type": "point", "shape": "triangle", "filled": True, "opacity": 1, "aria": False},
        "encoding": {
            "x": x | {"field": "x"},
            "y": y | {"field": "y"},
            "color": colour,
            "tooltip": tooltip,
            "angle": {"field": "angle", "type": "quantitative", "scale": None},
            "size": {"field": "head", "type": "quantitative", "scale": None},
        },
    }
    at = {
        "x": {"field": "lx", "type": "quantitative", "scale": None},
        "y": {"field": "ly", "type": "quantitative", "scale": None},
        "text": {"field": "name", "type": "nominal"},
    }
    names = [
        {
            "transform": [{"filter": f"datum.weight === {weight}"}],
            "mark": {"type": "text", "aria": False, "fontSize": SIZE, "fontWeight": weight, **look},
            "encoding": at,
        }
        for weight in (400, 700)
        for look in ({"stroke": p.paper, "strokeWidth": 3, "color": p.paper}, {"color": p.text})  # a clear rim first
    ]
    return {
        "width": side,
        "height": side,
        "title": {
            "text": title,
            "subtitle": note,
            "fontSize": 13.5,
            "subtitleFontSize": 12,
            "offset": 6,
            "frame": "group",
            "subtitlePadding": 2,
        },
        "layer": [cross, {"data": {"values": rows}, "layer": [shafts, heads, *names]}],
    }


def _labels(arrows: Sequence[_Arrow], side: float, extent: float) -> np.ndarray:
    """The places of the names, in pixels (arrows, 2): beyond the arrow's head in its direction, or on another side of
    the head where that is occupied; always inside the panel."""
    tips = (1 + np.array([arrow.at for arrow in arrows]) / extent * (1, -1)) * side / 2
    shafts = np.vstack([side / 2 + (tips - side / 2) * part for part in (0.2, 0.35, 0.5, 0.65, 0.8)])
    placed = np.empty((0, 3))  # with half of the width
    for k, arrow in enumerate(arrows):
        across = width_of(arrow.name, SIZE) / 2 + 4
        length = math.hypot(*arrow.at) or 1.0
        beyond = arrow.at[0] / length * (across + 9), -(arrow.at[1] / length or 1.0) * 13
        spots = tips[k] + np.vstack([beyond, AROUND * (across + 9, 15)])
        spots = spots.clip((across, 8), (side - across, side - 8))
        best = spots[_costs(spots, across, k, tips, shafts, placed).argmin()]
        placed = np.vstack([placed, (*best, across)])
    return placed[:, :2].round(1)


def _costs(
    spots: np.ndarray, across: float, own: int, tips: np.ndarray, shafts: np.ndarray, placed: np.ndarray
) -> np.ndarray:
    """The cost of each spot for a name: covered names and heads first, then crossed shafts and nearness to other
    arrows, then the distance from the first spot."""
    apart = np.abs(spots[:, None] - tips)
    covers = (apart < (across + 4, 12)).all(2).sum(1)
    off = np.abs(spots[:, None] - placed[:, :2])
    covers += ((off[..., 0] < across + placed[:, 2]) & (off[..., 1] < 15)).sum(1)
    away = np.hypot(*np.maximum(apart - (across, 7), 0).T).T
    nearer = (away < away[:, [own]] - 1).sum(1)
    crosses = (np.abs(spots[:, None] - shafts) < (across - 2, 7)).all(2).sum(1)
    return 1000 * covers + 40 * crosses + 40 * nearer + np.hypot(*(spots - spots[0]).T)


def _round(value: float) -> float:
    """The value rounded down to one digit: 1.8 → 1, 0.37 → 0.3."""
    power = 10 ** math.floor(math.log10(value))
    return math.floor(value / power + 1e-9) * power
