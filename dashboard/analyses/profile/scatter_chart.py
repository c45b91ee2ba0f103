"""Every head of a model as a point: bits that only the parse explains against bits that only meaning explains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.analyses.profile.roles import SINK, role_label
from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.look import Look, Selection
from dashboard.charts.point_labels import names, sides
from dashboard.charts.theme import Palette
from dashboard.heads.head_id import click_fields, datum_of, has_parts, heads_of
from dashboard.heads.untrained import UNTRAINED

TALLEST = 400.0  # pixels of the plane
MARGIN = 70.0  # pixels for the vertical axis
NAMED = 5  # heads that are named at each end of each axis
SMALLEST, LARGEST = 26.0, 330.0  # a point's area in square pixels
ROOT = 0.5  # exponent of the scales: most heads have little of both, a few have much


def scatter(
    heads: pd.DataFrame,
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    selection: Selection = Selection(),
    click: bool = False,
) -> Drawing:
    """A point per head: whiskers are intervals, area is total bits; heads on an attention sink are pale.

    Across: bits that only the parse explains; up: bits that only meaning explains; both on square-root scales, values
    under 0 drawn at 0. Colours are the roles syntax, context, position; undecided and flat heads have none. On the
    dashed line both are equal.

    Parameters
    ----------
    heads: `tables.Profile.heads`; where it has the bits of the untrained twin too, ``untrained_…``, these are crosses
    look: 600 pixels wide by default; selection: the heads with a ring
    click: a click is the point parameter "head" (layer, head, epoch), a dragged rectangle the interval "box" (x, y)
    """
    p, width = look.palette, look.width_or(WIDTH)
    side = max(200.0, width - MARGIN)
    rows = _rows(heads, selection)
    compared = any("twin_x" in row for row in rows)
    right, top = (
        max([row[name] for row in rows for name in (f"{axis}_high", f"twin_{axis}") if name in row] + [0.01]) * 1.06
        for axis in "xy"
    )
    x = _axis("bits that only the parse explains", right, up=False)
    y = _axis("bits that only meaning explains", top, up=True)
    both = min(right, top)
    colours = {"syntax": p.syntax, "context": p.context, "position": p.position}
    colour = {
        "field": "role",
        "type": "nominal",
        "scale": {"domain": [*colours, "undecided"], "range": [*colours.values(), p.text]},
        "legend": {"title": None, "orient": "top", "symbolOpacity": 1, "symbolType": "circle", "symbolSize": 80},
    }
    strength = {"field": "strength", "type": "quantitative", "scale": None, "legend": None}
    whisker = {"type": "rule", "strokeWidth": 1, "aria": False}
    area = {"field": "size", "type": "quantitative", "scale": None, "legend": None}
    parts = has_parts(heads)
    mine = selection.marked(parts=parts) if click else selection.selected_expr(parts=parts)
    ring = {"type": "point", "shape": "circle", "filled": False, "opacity": 1, "aria": False, "size": LARGEST + 160}
    catch: dict = {
        "transform": [{"calculate": str(selection.epoch), "as": "epoch"}],
        "mark": {"type": "point", "filled": True, "shape": "circle", "opacity": 0, "size": 160, "aria": False}
        | ({"cursor": "pointer"} if click else {}),
        "encoding": {
            "x": x | {"field": "x"},
            "y": y | {"field": "y"},
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }
    if click:
        fields = click_fields("epoch", parts=parts)
        catch["params"] = [
            {
                "name": "head",
                "select": {"type": "point", "on": "click", "fields": fields, "toggle": False, "clear": False},
            },
            {
                "name": "box",
                "select": {
                    "type": "interval",
                    "translate": False,
                    "zoom": False,
                    "clear": "dblclick",
                    "mark": {"fill": p.quiet, "fillOpacity": 0.1, "stroke": p.quiet},
                },
            },
        ]
    layers = [
        {
            "data": {"values": [{"a": 0, "b": both}]},
            "mark": {"type": "rule", "stroke": p.quiet, "strokeDash": [3, 4], "opacity": 0.7, "aria": False},
            "encoding": {
                "x": x | {"field": "a"},
                "x2": {"field": "b"},
                "y": y | {"field": "a"},
                "y2": {"field": "b"},
            },
        },
        {
            "mark": whisker,
            "encoding": {
                "x": x | {"field": "x_low"},
                "x2": {"field": "x_high"},
                "y": y | {"field": "y"},
                "color": colour,
                "opacity": {"field": "faint", "type": "quantitative", "scale": None, "legend": None},
            },
        },
        {
            "mark": whisker,
            "encoding": {
                "x": x | {"field": "x"},
                "y": y | {"field": "y_low"},
                "y2": {"field": "y_high"},
                "color": colour,
                "opacity": {"field": "faint", "type": "quantitative", "scale": None, "legend": None},
            },
        },
        {
            "mark": {
                "type": "point",
                "filled": True,
                "shape": "circle",
                "stroke": p.paper,
                "strokeWidth": 0.8,
                "aria": False,
            },
            "encoding": {
                "x": x | {"field": "x"},
                "y": y | {"field": "y"},
                "size": area,
                "color": colour,
                "opacity": strength,
            },
        },
        *([_twins(x, y, p, mine)] if compared else []),
        {
            "transform": [{"filter": "datum.kept"}],
            "mark": ring | {"stroke": p.quiet, "strokeDash": [3, 2], "strokeWidth": 1.25},
            "encoding": {"x": x | {"field": "x"}, "y": y | {"field": "y"}},
        },
        {
            "transform": [{"filter": mine}],
            "mark": ring | {"stroke": p.text, "strokeWidth": 2},
            "encoding": {"x": x | {"field": "x"}, "y": y | {"field": "y"}},
        },
        *names(_named(rows, side, (right, top)), x, y, look.theme),
        catch,
    ]
    return sheet(
        {
            "width": side,
            "height": min(TALLEST, side * 0.8),
            "layer": [{"data": {"values": rows}, "layer": layers}],
        },
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=width,
    )


def _twins(x: dict, y: dict, p: Palette, mine: str) -> dict:
    """A cross for each head of the untrained twin, that of the head on show stronger."""
    return {
        "transform": [{"filter": "isValid(datum.twin_x)"}],
        "mark": {"type": "point", "shape": "cross", "filled": True, "size": 34, "aria": False},
        "encoding": {
            "x": x | {"field": "twin_x"},
            "y": y | {"field": "twin_y"},
            "fill": {"condition": {"test": mine, "value": p.text}, "value": p.quiet},
            "opacity": {"condition": {"test": mine, "value": 1}, "value": 0.45},
        },
    }


def _axis(name: str, most: float, *, up: bool) -> dict:
    ticks = [tick for tick in (0, 0.002, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2) if tick <= most]
    look = {"values": ticks, "title": name, "format": "~g", "grid": True, "gridOpacity": 0.5, "domain": False}
    return {
        "type": "quantitative",
        "axis": look | ({"titleAngle": -90} if up else {}),
        "scale": {"type": "pow", "exponent": ROOT, "domain": [0, most], "nice": False, "zero": False, "clamp": True},
    }


def _rows(heads: pd.DataFrame, selection: Selection) -> list[dict]:
    """A row for each head that has figures; large points first, so that small ones are on top."""
    known = heads.dropna(subset=["bits_syntax", "bits_context"]).sort_values("bits_total", ascending=False)
    most = float(known["bits_total"].max()) if len(known) else 1.0
    rows = []
    for head, one in zip(heads_of(known), known.to_dict("records"), strict=True):
        on_sink = bool(one["active"] < SINK)
        row = {
            **datum_of(head, parts=has_parts(heads)),
            "name": str(head),
            "kept": head in selection.pinned,
            "role": one["role"] if one["role"] in ("syntax", "context", "position") else "undecided",
            "size": round(SMALLEST + (LARGEST - SMALLEST) * max(float(one["bits_total"]), 0.0) / most, 1),
            "strength": 0.3 if on_sink else 0.9,
            "faint": 0.18 if on_sink else 0.5,
        }
        for axis, figure in (("x", "syntax"), ("y", "context")):
            for end in ("", "_low", "_high"):
                value = float(one[f"bits_{figure}{end}"])
                row[axis + end] = round(max(0.0 if np.isnan(value) else value, 0.0), 5)
        says = (
            f", {role_label(one['role'], float(one['active']))}: parse {one['bits_syntax']:.3f}, "
            f"meaning {one['bits_context']:.3f} of {one['bits_total']:.2f} bits"
        )
        twin = [float(one.get(f"{UNTRAINED}bits_{figure}", np.nan)) for figure in ("syntax", "context")]
        if np.isfinite(twin).all():
            row |= {f"twin_{axis}": round(max(value, 0.0), 5) for axis, value in zip("xy", twin, strict=True)}
            says += f"; untrained twin: parse {twin[0]:z.3f}, meaning {twin[1]:z.3f}"
        row["tip"] = selection.tip(head, says)
        rows.append(row)
    return rows


def _named(rows: Sequence[dict], side: float, most: tuple[float, float]) -> list[dict]:
    """Labels for the heads with the most of either."""
    high = min(TALLEST, side * 0.8)
    ends = [sorted(rows, key=lambda row: -row[axis])[:NAMED] for axis in ("x", "y")]
    at = {row["name"]: ((row["x"] / most[0]) ** ROOT * side, (1 - (row["y"] / most[1]) ** ROOT) * high) for row in rows}
    found = sides((row["name"] for pair in zip(*ends, strict=True) for row in pair), at, side)
    return [
        {"x": row["x"], "y": row["y"], "name": row["name"], "left": found[row["name"]]}
        for row in rows
        if row["name"] in found
    ]
