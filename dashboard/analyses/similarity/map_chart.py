"""All heads of a model as points: near points are similar heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.look import Look, Selection
from dashboard.charts.point_labels import names, sides
from dashboard.charts.theme import PALETTES, Theme, gradient, ink, scale
from dashboard.heads.head_id import HeadId, click_fields, datum_of, has_parts, heads_of

FLATTEST, TALLEST = 0.5, 0.9  # the plane's height, as a share of its width
RIM = 0.06  # of the plane's width, around the points
POINT, MATE, RING = 90.0, 130.0, 300.0  # square pixels
PALEST = 2  # of the nine steps from paper to ink, the first that is visible enough for the first layer
DIRECTIONS = 12  # the farthest head in each direction is named
RULERS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # bits


def head_map(
    table: pd.DataFrame,
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    roles: Mapping[HeadId, str] | None = None,
    selection: Selection = Selection(),
    click: bool = False,
) -> Drawing:
    """A point per head, coloured by its layer, or by its role where `roles` are given; both axes have one scale.

    If a head is selected, the heads of its cluster have a thin ring. A ruler below gives the scale.

    Parameters
    ----------
    table: of `embedding.HeadMap`; heads without a place are not drawn
    roles: syntax, context or position by head; heads with another role have a neutral colour
    look: 600 pixels wide by default; selection: the heads with a ring
    click: a click is the point parameter "head" (layer, head, cluster, epoch)
    """
    p, width = look.palette, look.width_or(WIDTH)
    side = max(200.0, width - 12)
    rows = _rows(table, roles, selection.pinned)
    high, across, up = _plane(rows, side)
    x, y = (
        {"type": "quantitative", "axis": None, "scale": {"domain": list(domain), "nice": False, "zero": False}}
        for domain in (across, up)
    )
    parts = has_parts(table)
    own = next((row["cluster"] for row in rows if selection.head and row["name"] == str(selection.head)), -1)
    mine, mates = selection.selected_expr(parts=parts), f"{own} > 0 && datum.cluster === {own}"
    if click:
        mine = selection.marked(parts=parts)
        mates = f"({selection.clicked}) ? datum.cluster === head.cluster[0] : ({mates})"
    at = {"x": x | {"field": "x"}, "y": y | {"field": "y"}}
    ring = {"type": "point", "shape": "circle", "filled": False, "opacity": 1, "aria": False, "size": RING}
    catch: dict = {
        "transform": [{"calculate": str(selection.epoch), "as": "epoch"}],
        "mark": {"type": "point", "filled": True, "shape": "circle", "opacity": 0, "size": 160, "aria": False}
        | ({"cursor": "pointer"} if click else {}),
        "encoding": at | {"tooltip": {"field": "tip", "type": "nominal"}},
    }
    if click:
        fields = click_fields("cluster", "epoch", parts=parts)
        select = {"type": "point", "on": "click", "fields": fields, "toggle": False, "clear": False}
        catch["params"] = [{"name": "head", "select": select}]
    layers = [
        {
            "mark": {
                "type": "point",
                "filled": True,
                "shape": "circle",
                "size": POINT,
                "stroke": p.paper,
                "strokeWidth": 0.8,
                "opacity": 0.95,
                "aria": False,
            },
            "encoding": at
            | {
                "color": _by_layer(rows, look.theme) if roles is None else _by_role(look.theme),
            },
        },
        {
            "transform": [{"filter": mates}],
            "mark": ring | {"stroke": p.text, "strokeWidth": 1.25, "size": MATE},
            "encoding": at,
        },
        {
            "transform": [{"filter": "datum.kept"}],
            "mark": ring | {"stroke": p.quiet, "strokeDash": [3, 2], "strokeWidth": 1.25},
            "encoding": at,
        },
        {"transform": [{"filter": mine}], "mark": ring | {"stroke": p.text, "strokeWidth": 2}, "encoding": at},
        *names(_named(rows, [selection.head, *selection.pinned], (side, high), x, y), x, y, look.theme),
        *_ruler(x, high, look.theme),
        catch,
    ]
    return sheet(
        {"width": side, "height": high, "layer": [{"data": {"values": rows}, "layer": layers}]},
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=width,
    )


def _rows(table: pd.DataFrame, roles: Mapping[HeadId, str] | None, tray: Sequence[HeadId]) -> list[dict]:
    rows = []
    known = table.dropna(subset=["x", "y"])
    for head, one in zip(heads_of(known), known.to_dict("records"), strict=True):
        near = "" if np.isnan(one["distance"]) else f": nearest {one['nearest']} ({one['distance']:.3f} bits)"
        row = {
            **datum_of(head, parts=has_parts(table)),
            "name": str(head),
            "kept": head in tray,
            "x": round(float(one["x"]), 5),
            "y": round(float(one["y"]), 5),
            "cluster": int(one["cluster"]),
            "tip": f"{head}{near}, cluster {one['cluster']}",
        }
        if roles is not None:
            role = roles.get(head, "")
            row["role"] = role if role in ("syntax", "context", "position") else "undecided"
            row["tip"] += f", {role}" if role else ""
        rows.append(row)
    return rows


def _plane(rows: Sequence[dict], side: float) -> tuple[float, tuple[float, float], tuple[float, float]]:
    """The plane's height in pixels, and the domains of its axes, which share one scale."""
    xs, ys = ([row[axis] for row in rows] or [0.0] for axis in ("x", "y"))
    wide, tall = (max(max(values) - min(values), 1e-6) for values in (xs, ys))
    high = side * min(max(tall / wide, FLATTEST), TALLEST)
    rim = RIM * side
    bits = max(wide / (side - 2 * rim), tall / (high - 2 * rim))

    def around(values: Sequence[float], pixels: float) -> tuple[float, float]:
        middle, half = (max(values) + min(values)) / 2, bits * pixels / 2
        return round(middle - half, 6), round(middle + half, 6)

    return round(high, 1), around(xs, side), around(ys, high)


def _by_layer(rows: Sequence[dict], theme: Theme) -> dict:
    last = max([row["layer"] for row in rows] + [1])
    return {
        "field": "layer",
        "type": "quantitative",
        "scale": scale(ink(theme)[PALEST:], 0, last),
        "legend": gradient([0, last], "'layer ' + datum.label") | {"orient": "top", "offset": 6},
    }


def _by_role(theme: Theme) -> dict:
    p = PALETTES[theme]
    colours = {"syntax": p.syntax, "context": p.context, "position": p.position, "undecided": p.text}
    return {
        "field": "role",
        "type": "nominal",
        "scale": {"domain": [*colours], "range": [*colours.values()]},
        "legend": {"title": None, "orient": "top", "symbolOpacity": 1, "symbolType": "circle", "symbolSize": 80},
    }


def _named(
    rows: Sequence[dict], first: Sequence[HeadId | None], size: tuple[float, float], x: dict, y: dict
) -> list[dict]:
    """Labels for the heads in `first`, then for the farthest in each direction."""
    if not rows:
        return []
    wanted = [row for head in first for row in rows if head and row["name"] == str(head)]
    turns = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    points = np.array([[row["x"], row["y"]] for row in rows])
    wanted += [rows[place] for place in (points @ [np.cos(turns), np.sin(turns)]).argmax(0)]
    (left, right), (low, high) = x["scale"]["domain"], y["scale"]["domain"]
    at = {
        row["name"]: ((row["x"] - left) / (right - left) * size[0], (high - row["y"]) / (high - low) * size[1])
        for row in rows
    }
    found = sides((row["name"] for row in wanted), at, size[0])
    return [
        {"x": row["x"], "y": row["y"], "name": row["name"], "left": found[row["name"]]}
        for row in rows
        if row["name"] in found
    ]


def _ruler(x: dict, high: float, theme: Theme) -> list[dict]:
    """A ruler below the plane, with its length in bits."""
    p, (left, right) = PALETTES[theme], x["scale"]["domain"]
    length = max([bits for bits in RULERS if bits <= (right - left) * 0.3] or [RULERS[0]])
    data = {"values": [{"a": left, "b": round(left + length, 6), "said": f"{length:g} bits"}]}
    below = {"value": high + 14}
    return [
        {
            "data": data,
            "mark": {"type": "rule", "stroke": p.quiet, "strokeWidth": 1.5, "aria": False},
            "encoding": {"x": x | {"field": "a"}, "x2": {"field": "b"}, "y": below},
        },
        {
            "data": data,
            "mark": {
                "type": "text",
                "align": "left",
                "baseline": "middle",
                "dx": 8,
                "color": p.quiet,
                "fontSize": 12,
                "aria": False,
            },
            "encoding": {"x": x | {"field": "b"}, "y": below, "text": {"field": "said", "type": "nominal"}},
        },
    ]
