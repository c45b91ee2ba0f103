"""Every head by the bits that a figure explains and by the share of its effect that this keeps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.look import Look, Selection
from dashboard.charts.point_labels import names, sides
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import click_fields, datum_of, has_parts, heads_of

TALLEST = 340.0  # pixels of the plane
MARGIN = 70.0  # pixels for the vertical axis
LOW, HIGH = -0.5, 1.5  # shares; what lies beyond is drawn at the edge
UNSURE = 1.0  # the length of an interval above which a head is pale
SURE = 0.9  # the opacity of one that is not
NAMED = 4  # heads that are named at each end of each axis
ROOT = 0.5  # exponent of the horizontal scale: most heads have few bits, a few have many
AREA = 60.0


def bits_against_kept(
    table: pd.DataFrame,
    figure: str,
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    selection: Selection = Selection(),
) -> Drawing:
    """A point per head that has both: across bits, on a square-root scale, values under 0 drawn at 0; up the share
    kept, with its interval. Grey ticks: what an even spread keeps, of figures that are models. A share beyond −50 or
    150 % is a triangle at that edge; an interval wider than 100 points is pale. The subtitle ends with what there is of
    both.

    A click chooses a head: the point parameter "head" has the fields layer, head and epoch.

    Parameters
    ----------
    table: of `table.needs_table`; figure: of `table.FIGURES`
    look: 600 pixels wide by default; selection: the heads with a ring
    """
    p, width = look.palette, look.width_or(WIDTH)
    wide = max(200.0, width - MARGIN)
    high = min(TALLEST, 0.8 * wide)
    rows = _rows(table, figure, selection)
    most = max([row["x"] for row in rows] + [0.01]) * 1.06
    ends = [row[end] for row in rows for end in ("low", "high", "even") if row[end] is not None]
    whole = any(row["even"] is not None for row in rows)  # a model, of which 1 is all; else a difference of two
    bottom, top = max(LOW, min([-0.05, *ends])), min(HIGH, max([1.05 if whole else 0.05, *ends]))
    ticks = [tick for tick in (0, 0.002, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2) if tick <= most]
    x = {
        "type": "quantitative",
        "axis": {"values": ticks, "title": "bits per query word", "format": "~g", "grid": False, "domain": False},
        "scale": {"type": "pow", "exponent": ROOT, "domain": [0, most], "nice": False, "zero": False, "clamp": True},
    }
    y = {
        "type": "quantitative",
        "axis": {
            "title": "share of the effect that is kept",
            "titleAngle": -90,
            "format": "~%",
            "grid": True,
            "gridOpacity": 0.5,
            "domain": False,
            "tickCount": 6,
        },
        "scale": {"domain": [bottom, top], "nice": False, "zero": False, "clamp": True},
    }
    parts = has_parts(table)
    at = {"x": x | {"field": "x"}, "y": y | {"field": "y"}}
    strength = {"opacity": {"field": "strength", "type": "quantitative", "scale": None, "legend": None}}
    ring = {"type": "point", "shape": "circle", "filled": False, "opacity": 1, "aria": False, "size": AREA + 130}
    choose = {
        "type": "point",
        "on": "click",
        "fields": click_fields("epoch", parts=parts),
        "toggle": False,
        "clear": False,
        "nearest": True,
    }
    layers = [
        {
            "data": {"values": [{"share": 0}, *([{"share": 1}] if whole else [])]},
            "mark": {"type": "rule", "stroke": p.quiet, "strokeDash": [3, 4], "opacity": 0.8, "aria": False},
            "encoding": {"y": y | {"field": "share"}},
        },
        {
            "transform": [{"filter": "isValid(datum.even)"}],
            "mark": {"type": "tick", "color": p.quiet, "thickness": 1.5, "size": 8, "opacity": 0.7, "aria": False},
            "encoding": {"x": at["x"], "y": y | {"field": "even"}},
        },
        {
            "transform": [{"filter": "isValid(datum.low)"}],
            "mark": {"type": "rule", "strokeWidth": 1, "stroke": p.ink, "aria": False},
            "encoding": {
                "x": at["x"],
                "y": y | {"field": "low"},
                "y2": {"field": "high"},
                "opacity": {"field": "faint", "type": "quantitative", "scale": None, "legend": None},
            },
        },
        {
            "mark": {"type": "point", "filled": True, "fill": p.ink, "stroke": p.paper}
            | {"strokeWidth": 0.8, "size": AREA, "aria": False},
            "encoding": at | strength | {"shape": {"field": "shape", "type": "nominal", "scale": None, "legend": None}},
        },
        {
            "transform": [{"filter": "datum.pinned"}],
            "mark": ring | {"stroke": p.quiet, "strokeDash": [3, 2], "strokeWidth": 1.25},
            "encoding": at,
        },
        {
            "transform": [{"filter": selection.marked(parts=parts)}],
            "mark": ring | {"stroke": p.text, "strokeWidth": 2},
            "encoding": at,
        },
        *names(_named(rows, wide, high, most, (bottom, top)), x, y, look.theme),
        {
            "transform": [{"calculate": str(selection.epoch), "as": "epoch"}],
            "mark": {"type": "point", "filled": True, "opacity": 0, "size": 40, "cursor": "pointer", "aria": False},
            "params": [{"name": "head", "select": choose}],
            "encoding": at | {"tooltip": {"field": "tip", "type": "nominal"}},
        },
    ]
    return sheet(
        {"width": wide, "height": high, "layer": [{"data": {"values": rows}, "layer": layers}]},
        look.theme,
        title=title,
        subtitle=[*subtitle, *_signs(rows)],
        description=description,
        width=width,
    )


def _signs(rows: list[dict]) -> list[str]:
    """The line that explains pale points and triangles, where there are any."""
    pale = any(row["strength"] < SURE for row in rows)
    beyond = sum(row["shape"] != "circle" for row in rows)
    said = [
        "pale: interval wider than 100 points" if pale else "",
        f"triangle: beyond {percent(LOW)} or {percent(HIGH)} ({counted(beyond, 'heads')})" if beyond else "",
    ]
    return [" · ".join(filter(None, said))] if any(said) else []


def _rows(table: pd.DataFrame, figure: str, selection: Selection) -> list[dict]:
    """A row for each head that has both figures."""
    bits, kept = f"bits_{figure}", f"kept_{figure}"
    model = f"bits_{figure}_low" in table and figure not in ("syntax", "context")
    known = table.dropna(subset=[bits, kept])
    rows = []
    for head, one in zip(heads_of(known), known.to_dict("records"), strict=True):
        low, high = float(one[f"{kept}_low"]), float(one[f"{kept}_high"])
        unsure = not high - low <= UNSURE
        even = f"; an even spread keeps {percent(one['kept_even'])}" if model else ""
        says = f": {one[bits]:.3f} bits, kept {percent(one[kept])} ({percent(low)} to {percent(high)}){even}"
        rows.append(
            {
                **datum_of(head, parts=has_parts(table)),
                "name": str(head),
                "pinned": head in selection.pinned,
                "x": round(max(0.0, float(one[bits])), 5),
                "y": round(float(np.clip(one[kept], LOW, HIGH)), 4),
                "low": None if np.isnan(low) else round(float(np.clip(low, LOW, HIGH)), 4),
                "high": None if np.isnan(high) else round(float(np.clip(high, LOW, HIGH)), 4),
                "even": round(float(np.clip(one["kept_even"], LOW, HIGH)), 4) if model else None,
                "shape": "triangle-up" if one[kept] > HIGH else "triangle-down" if one[kept] < LOW else "circle",
                "strength": 0.25 if unsure else SURE,
                "faint": 0.12 if unsure else 0.45,
                "tip": selection.tip(head, says),
            }
        )
    return rows


def _named(rows: list[dict], wide: float, high: float, most: float, span: tuple[float, float]) -> list[dict]:
    """Labels for the heads at the ends of both axes that are not pale."""
    sure = [row for row in rows if row["strength"] == SURE]
    ends = [
        sorted(sure, key=lambda row: -row["x"])[:NAMED],
        sorted(sure, key=lambda row: row["y"])[:NAMED],
        sorted(sure, key=lambda row: -row["y"])[:NAMED],
    ]
    bottom, top = span
    at = {row["name"]: ((row["x"] / most) ** ROOT * wide, (top - row["y"]) / (top - bottom) * high) for row in rows}
    found = sides((row["name"] for each in zip(*ends, strict=True) for row in each), at, wide)
    return [
        {"x": row["x"], "y": row["y"], "name": row["name"], "left": found[row["name"]]}
        for row in rows
        if row["name"] in found
    ]
