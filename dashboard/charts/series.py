"""Measured series as lines with their intervals and their names at the end: shared by the pictures of experiments.

Syntax, context and position keep blue, orange and grey to themselves, so series have other hues, and each its own dash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.charts.labels import width_of
from dashboard.charts.theme import PALETTES, Theme

# Okabe–Ito hues that mean nothing else here, deepened on white and brightened on black: 3 : 1 at least on paper.
HUES: dict[str, dict[Theme, str]] = {
    "ink": {"light": PALETTES["light"].ink, "dark": PALETTES["dark"].ink},
    "purple": {"light": "#b0558a", "dark": "#e79cc5"},
    "green": {"light": "#00805d", "dark": "#3fd0a4"},
    "yellow": {"light": "#8f7d00", "dark": "#f0e442"},
}
SIZE = 12.5  # of a name
LINE = 16.0  # pixels from one name to the next


@dataclass(frozen=True)
class Series:
    """One line.

    name: written at its end; hue: of `HUES`; dash: Vega's, () for a whole line; bold: the one that matters
    x, y, low, high: as many numbers each; low and high may be left out
    tips: what hover shows at each point
    """

    name: str
    hue: str
    dash: tuple[int, ...]
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    tips: Sequence[str] = ()
    bold: bool = False


@dataclass(frozen=True)
class Axis:
    """An axis: its title, the ends and kind of its scale ("linear" or "log"), its ticks and how they are written."""

    title: str
    low: float
    high: float
    ticks: Sequence[float]
    label: str = "format(datum.value, '~r')"
    kind: str = "linear"
    base: float = 10

    def encoding(self, theme: Theme, *, grid: bool) -> dict:
        p = PALETTES[theme]
        scale = {"type": self.kind, "domain": [self.low, self.high], "nice": False, "zero": False, "clamp": True}
        axis = {
            "title": self.title,
            "values": list(self.ticks),
            "labelExpr": self.label,
            "labelColor": p.quiet,
            "grid": grid,
            "gridColor": p.hair,
            "labelOverlap": False,
            "domain": not grid,
            "domainColor": p.hair,
        }
        return {
            "type": "quantitative",
            "scale": scale | ({"base": self.base} if self.kind == "log" else {}),
            "axis": axis,
        }


def width_of_names(series: Sequence[Series]) -> float:
    """Pixels to the right of a panel that hold the names, in an SVG's substitute font as well."""
    return max((width_of(one.name, SIZE) * 1.16 for one in series), default=0.0) + 14


def panel(
    series: Sequence[Series],
    theme: Theme,
    x: Axis,
    y: Axis,
    width: float,
    height: float,
    *,
    names: bool = True,
    rule: tuple[float, str] | None = None,
    points: bool = True,
) -> dict:
    """A view of these series, `width` × `height` pixels without axes and names.

    names: write them at the ends; rule: a level across the panel and what it is; points: mark what was measured
    """
    at = {"x": x.encoding(theme, grid=False), "y": y.encoding(theme, grid=True)}
    fields = {"x": at["x"] | {"field": "x"}, "y": at["y"] | {"field": "y"}}
    layers: list[dict] = []
    if rule is not None:
        layers += _level(*rule, at, x, theme)
    for one in series:
        rows = [
            {"x": a, "y": b}
            | ({"low": one.low[k], "high": one.high[k]} if one.low else {})
            | ({"tip": one.tips[k], "name": one.name} if one.tips else {})
            for k, (a, b) in enumerate(zip(one.x, one.y, strict=True))
        ]
        colour = HUES[one.hue][theme]
        parts = []
        if one.low and len(rows) > 1:
            parts.append(
                {
                    "mark": {"type": "area", "color": colour, "opacity": 0.14, "aria": False, "clip": True},
                    "encoding": {"x": fields["x"], "y": at["y"] | {"field": "low"}, "y2": {"field": "high"}},
                }
            )
        elif one.low:
            parts.append(
                {
                    "mark": {"type": "rule", "color": colour, "strokeWidth": 1.5, "aria": False, "clip": True},
                    "encoding": {"x": fields["x"], "y": at["y"] | {"field": "low"}, "y2": {"field": "high"}},
                }
            )
        line = {
            "type": "line",
            "color": colour,
            "strokeWidth": 3 if one.bold else 2,
            "strokeCap": "butt",
            "aria": False,
            "clip": True,
        } | ({"strokeDash": list(one.dash)} if one.dash else {})
        parts.append({"mark": line, "encoding": fields})
        tooltip = (
            {"tooltip": [{"field": "name", "title": "model"}, {"field": "tip", "title": "is"}]} if one.tips else {}
        )
        dot = {"type": "point", "filled": True, "color": colour, "opacity": 1 if points else 0, "aria": False}
        parts.append({"mark": dot | {"size": 46 if points else 60}, "encoding": fields | tooltip})
        layers.append({"data": {"values": rows}, "layer": parts})
    if names:
        layers += _names(series, y, height, width, theme)
    return {
        "width": width,
        "height": height,
        "layer": layers or [{"data": {"values": []}, "mark": "point", "encoding": at}],
    }


def _level(value: float, name: str, at: dict, x: Axis, theme: Theme) -> list[dict]:
    p = PALETTES[theme]
    rows = {"data": {"values": [{"x": x.low, "x1": x.high, "y": value, "name": name}]}}
    line = {"type": "rule", "color": p.quiet, "strokeDash": [2, 3], "strokeWidth": 1.25, "aria": False}
    text = {"type": "text", "align": "left", "dx": 4, "dy": 10, "color": p.quiet, "fontSize": 12, "aria": False}
    here = {"x": at["x"] | {"field": "x"}, "y": at["y"] | {"field": "y"}}
    return [
        rows | {"mark": line, "encoding": here | {"x2": {"field": "x1"}}},
        rows | {"mark": text, "encoding": here | {"text": {"field": "name", "type": "nominal"}}},
    ]


def _names(series: Sequence[Series], y: Axis, height: float, width: float, theme: Theme) -> list[dict]:
    """Each name next to the end of its line, pushed apart where they would meet."""
    import math

    def pixel(value: float) -> float:
        value = min(max(value, y.low), y.high)
        if y.kind == "log":
            share = math.log(value / y.low) / math.log(y.high / y.low)
        else:
            share = (value - y.low) / (y.high - y.low)
        return height * (1 - share)

    ends = sorted(((pixel(one.y[-1]), k) for k, one in enumerate(series) if len(one.y)), key=lambda end: end[0])
    places = [place for place, _ in ends]
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + LINE)
    over = places[-1] - height if places else 0.0
    if over > 0:  # the lowest goes up to the edge, and pushes the others before it
        places[-1] -= over
        for k in range(len(places) - 2, -1, -1):
            places[k] = min(places[k], places[k + 1] - LINE)
    return [
        {
            "data": {"values": [{"name": series[k].name}]},
            "mark": {
                "type": "text",
                "align": "left",
                "dx": 10,
                "fontSize": SIZE,
                "baseline": "middle",
                "aria": False,
                "color": HUES[series[k].hue][theme],
                "fontWeight": 700 if series[k].bold else 400,
            },
            "encoding": {"x": {"value": width}, "y": {"value": place}, "text": {"field": "name", "type": "nominal"}},
        }
        for place, (_, k) in zip(places, ends, strict=True)
    ]
