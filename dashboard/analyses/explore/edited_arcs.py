"""The marks of an edited head over its arcs: links that are cut, and words whose row is replaced."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.analyses.explore.arc_geometry import Row, along, bent
from dashboard.charts.crosses import CROSS, dashed
from dashboard.charts.labels import width_of
from dashboard.charts.theme import TOKENS_FONT, Palette


def edited_arcs(
    row: Row,
    names: Sequence[str],
    cut: Sequence[tuple[int, int]],
    replaced: Sequence[int],
    palette: Palette,
    scales: dict,
    heights: tuple[float, float],
) -> list[dict]:
    """A dashed arc with a cross at its top for each cut link, the cross alone for a link of a word to itself, and
    dashes around each word whose row is replaced. names: the words; heights:
    pixels above and below them"""
    up, down = heights
    layers: list[dict] = []
    colour = {"stroke": palette.context, "opacity": 1, "aria": False}
    cross = {"mark": {"type": "point", "shape": CROSS, "size": 90, "filled": False, "strokeWidth": 2, **colour}}
    bends = [{"i": i, "j": j} for i, j in cut if i != j]
    if bends:
        curve = {"type": "line", "interpolate": "natural", "strokeWidth": 1.5, "strokeDash": [5, 4], **colour}
        links = {"detail": {"field": "link", "type": "nominal"}}
        top = {name: one for name, one in along(scales).items() if name != "order"}
        transform = bent(row, up, down)
        layers += [
            {"data": {"values": bends}, "transform": transform, "mark": curve, "encoding": along(scales) | links},
            {
                "data": {"values": bends},
                "transform": [*transform, {"filter": "datum.t === 0.5"}],
                **cross,
                "encoding": top,
            },
        ]
    if selves := [{"x": round(float(row.x[i]), 1)} for i, j in cut if i == j]:
        here = {"x": scales["x"] | {"field": "x"}, "y": scales["y"] | {"datum": up + 4}}
        layers.append({"data": {"values": selves}, **cross, "encoding": here})
    if replaced:
        around = [
            (k, 8.0 if row.upright else width_of(names[k], row.size, mono=row.font == TOKENS_FONT) / 2 + 4)
            for k in replaced
        ]
        words = [
            {"from": round(float(row.x[k] - half), 1), "to": round(float(row.x[k] + half), 1)} for k, half in around
        ]
        box = {
            "x": scales["x"] | {"field": "from"},
            "x2": {"field": "to"},
            "y": scales["y"] | {"datum": up + 3},
            "y2": {"datum": up + row.band - 3},
        }
        layers.append({"data": {"values": words}, "mark": dashed(palette), "encoding": box})
    return layers
