"""All heads of a model ranked by effect size, each with its interval; one of them marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.analyses.ablation.rank import UNITS
from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.look import Look, Selection
from dashboard.heads.format import figure
from dashboard.heads.head_id import click_fields, clicked_expr, datum_of, has_parts, head_of
from dashboard.heads.untrained import UNTRAINED

HIGH = 240.0  # pixels of the plot
AXIS = 64.0  # pixels of the vertical axis
BEYOND = 14.0  # pixels on the right for the name of the last head
ROOT = 0.5  # the vertical scale's power, on either side of 0: most heads change little, a few much


def effect_ranking(
    table: pd.DataFrame,
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    selection: Selection = Selection(),
) -> Drawing:
    """A dot per head from the largest effect to the smallest, its 95 % interval as a whisker, on a square-root scale
    symmetric about 0. Dots whose interval contains 0 are hollow.

    The effect of the untrained twin's head (``untrained_…``, where the table has it) is a tick.

    A click chooses the nearest head: the point parameter "head" has the fields layer, head and epoch.

    Parameters
    ----------
    table: from `effect.effect_table` over sentences
    look: 600 pixels wide by default; selection: the selected head gets a ring and its name
    """
    p, width = look.palette, look.width_or(WIDTH)
    name = "shift" if "shift" in table else "loss_change"
    rows = _rows(table, name, selection)
    plot_width = max(160.0, width - AXIS - BEYOND)
    ends = [row[part] for row in rows for part in ("low", "high", "value", "twin") if row.get(part) is not None] or [
        0.0
    ]
    low, high = min(0.0, *ends) * 1.04, max(1e-6, *ends) * 1.04
    x = {
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [-1, max(1, len(rows))], "nice": False, "zero": False},
    }
    y = {
        "type": "quantitative",
        "scale": {"type": "pow", "exponent": ROOT, "domain": [low, high], "nice": False, "zero": False},
        "axis": {
            "title": f"{UNITS[name]}, square-root scale",
            "titleAngle": -90,
            "values": ticks(low, high, HIGH),
            "format": "~g",
            "grid": True,
            "gridOpacity": 0.6,
            "labelOverlap": False,
        },
    }
    parts = has_parts(table)
    mine = f"({selection.clicked}) ? ({clicked_expr(parts=parts)}) : datum.mine"
    choose = {
        "type": "point",
        "on": "click",
        "fields": click_fields("epoch", parts=parts),
        "toggle": False,
        "clear": False,
        "nearest": True,
    }
    at = {"x": x | {"field": "place"}, "y": y | {"field": "value"}}
    step = plot_width / max(1, len(rows))
    size = float(np.clip(step * step * 0.5, 9, 46))
    dot = {"type": "point", "shape": "circle", "aria": False, "opacity": 1, "size": size}
    text = {
        "type": "text",
        "fontSize": 12.5,
        "fontWeight": 600,
        "aria": False,
        "color": p.text,
        "baseline": "bottom",
        "dy": -3,
    }
    ticked = {
        "transform": [{"filter": "isValid(datum.twin)"}],
        "mark": {
            "type": "tick",
            "orient": "horizontal",
            "color": p.quiet,
            "thickness": 2,
            "size": float(np.clip(step, 4, 10)),
            "aria": False,
        },
        "encoding": {"x": at["x"], "y": y | {"field": "twin"}},
    }
    layers = [
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "stroke": p.quiet, "strokeWidth": 1, "aria": False},
            "encoding": {"y": y | {"field": "zero"}},
        },
        {
            "transform": [{"filter": mine}],
            "mark": {"type": "rule", "stroke": p.hair, "strokeWidth": max(3.0, step), "aria": False},
            "encoding": {"x": at["x"]},
        },
        {
            "transform": [{"filter": "isValid(datum.low)"}],
            "mark": {"type": "rule", "stroke": p.quiet, "strokeWidth": 1, "opacity": 0.75, "aria": False},
            "encoding": {"x": at["x"], "y": y | {"field": "low"}, "y2": {"field": "high"}},
        },
        *([ticked] if any("twin" in row for row in rows) else []),
        {
            "transform": [{"filter": "datum.sure"}],
            "mark": dot | {"filled": True, "fill": p.ink},
            "encoding": at,
        },
        {
            "transform": [{"filter": "!datum.sure"}],
            "mark": dot | {"filled": True, "fill": p.paper, "stroke": p.ink, "strokeWidth": 1},
            "encoding": at,
        },
        {
            "transform": [{"filter": mine}],
            "mark": {
                "type": "point",
                "shape": "circle",
                "filled": False,
                "stroke": p.text,
                "strokeWidth": 2.25,
                "size": 130,
                "opacity": 1,
                "aria": False,
            },
            "encoding": at,
        },
        {
            "transform": [{"filter": mine}],
            "mark": text,
            "encoding": {"x": at["x"], "y": {"value": 0}, "text": {"field": "name", "type": "nominal"}},
        },
        {
            "transform": [{"calculate": str(selection.epoch), "as": "epoch"}],
            "mark": {"type": "point", "filled": True, "opacity": 0, "size": 40, "cursor": "pointer", "aria": False},
            "params": [{"name": "head", "select": choose}],
            "encoding": at | {"tooltip": {"field": "tip", "type": "nominal"}},
        },
    ]
    return sheet(
        {"width": plot_width, "height": HIGH, "layer": [{"data": {"values": rows}, "layer": layers}]},
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=width,
    )


def ticks(low: float, high: float, pixels: float) -> list[float]:
    """Round values for the axis of a square-root scale from low to high (low ≤ 0 < high), at least 26 pixels apart."""
    whole = high**ROOT + (-low) ** ROOT
    steps = [m * 10.0**e for e in range(-6, 6) for m in (1, 2, 5)]
    found = [0.0]
    for sign, end in ((1, high), (-1, -low)):
        last = np.inf
        for step in reversed([float(f"{step:.6g}") for step in steps if step <= end]):
            apart = (last**ROOT - step**ROOT) / whole * pixels
            if apart >= 26 and step**ROOT / whole * pixels >= 26:
                found.append(sign * step)
                last = step
    return sorted(found)


def _rows(table: pd.DataFrame, name: str, selection: Selection) -> list[dict]:
    """The rows of the chart, from the largest effect to the smallest; heads without one are left out."""
    known = table.dropna(subset=[name]).sort_values(name, ascending=False, kind="stable")
    rows = []
    for place, one in enumerate(known.to_dict("records")):
        head = head_of(one)
        low, high, value = (float(one[part]) for part in (f"{name}_low", f"{name}_high", name))
        twin = float(one.get(UNTRAINED + name, np.nan))
        also = "" if np.isnan(twin) else f"; untrained twin {figure(twin)}"
        ends = {part: None if np.isnan(end) else round(end, 7) for part, end in (("low", low), ("high", high))}
        rows.append(
            {
                "place": place,
                **datum_of(head, parts=has_parts(table)),
                "name": str(head),
                "value": round(value, 7),
                "sure": low > 0 or high < 0,
                "mine": head == selection.head,
                **ends,
                "tip": selection.tip(
                    head, f", number {place + 1}: {figure(value)} ({figure(low)} to {figure(high)}){also}"
                ),
            }
            | ({} if np.isnan(twin) else {"twin": round(twin, 7)})
        )
    return rows
