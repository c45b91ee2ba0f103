"""All heads of a list in order, over the band that lists with random pairs fill."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.heads.chance import LEVEL
from dashboard.heads.chance_words import equals
from dashboard.heads.format import percent

HIGH = 260.0  # pixels of the plot
AXIS = 64.0  # pixels of the vertical axis
SIZE = 12.5


def luck_chart(
    table: pd.DataFrame,
    limit: float,
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    band: str,
    ring: str = "",
) -> Drawing:
    """A dot for each head from the largest figure to the smallest, hollow where q > 0.05; the band at each place is
    that of random pairs, the dashed line what the best of a random list stays below.

    table, limit: of a `Luck`; look: 600 pixels wide unless it says more
    band: what stands at the line; ring: the name of a head that is marked besides the best
    """
    p, width = look.palette, look.width_or(WIDTH)
    plot = max(160.0, width - AXIS - 10)
    rows = [_row(one) for one in table.to_dict("records")]
    n = len(rows)
    ends = [value for row in rows for value in (row["beyond"], row["high"], row["low"]) if value is not None]
    ends += [limit] if np.isfinite(limit) else []
    low, high = min([0.0, *ends]), max([0.01, *ends]) * 1.08
    x = {"type": "quantitative", "scale": {"domain": [0.5, max(n, 1) + 0.5], "nice": False, "zero": False}}
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000) if n <= step * max(3, plot / 110))
    places = [1, *range(step if step > 1 else 2, n + 1, step)]
    across = x | {"axis": {"title": "place in the list", "values": places, "format": ",d", "grid": False}}
    up = {
        "type": "quantitative",
        "scale": {"domain": [low * 1.05, high], "nice": False, "zero": False},
        "axis": {
            "title": "attention beyond random pairs",
            "labelExpr": "format(datum.value * 100, '~r') + '\u00a0%'",
            "tickCount": 5,
            "grid": True,
            "gridOpacity": 0.6,
        },
    }
    shade = [row for row in rows if row["high"] is not None]
    if len(shade) == 1:  # an area takes two points
        shade = [shade[0] | {"place": 0.5}, shade[0] | {"place": 1.5}]
    at = {"x": across | {"field": "place"}, "y": up | {"field": "beyond"}}
    size = float(np.clip((plot / max(n, 1)) ** 2 * 0.6, 12, 60))
    dot = {"type": "point", "shape": "circle", "aria": False, "opacity": 1, "size": size, "strokeWidth": 1}
    named = rows[:1] + [row for row in rows[1:] if row["name"] == ring]
    text = {"type": "text", "aria": False, "fontSize": SIZE, "color": p.text}
    right = plot - width_of(band, SIZE) - 8
    layers = [
        {
            "data": {"values": shade},
            "mark": {"type": "area", "fill": p.quiet, "opacity": 0.22, "line": False, "aria": False},
            "encoding": {
                "x": across | {"field": "place"},
                "y": up | {"field": "low"},
                "y2": {"field": "high"},
            },
        },
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "stroke": p.quiet, "strokeWidth": 1, "aria": False},
            "encoding": {"y": up | {"field": "zero"}},
        },
        {
            "data": {"values": [{"limit": limit}] if np.isfinite(limit) else []},
            "mark": {"type": "rule", "stroke": p.quiet, "strokeDash": [5, 4], "strokeWidth": 1.5, "aria": False},
            "encoding": {"y": up | {"field": "limit"}},
        },
        {
            "data": {"values": [{"limit": limit, "says": band}] if np.isfinite(limit) else []},
            "mark": text | {"align": "left", "baseline": "bottom", "dy": -3, "color": p.quiet},
            "encoding": {
                "x": {"value": max(right, 0)},
                "y": up | {"field": "limit"},
                "text": {"field": "says", "type": "nominal"},
            },
        },
        {
            "data": {"values": rows},
            "mark": dot,
            "encoding": at
            | {
                "fill": {"condition": {"test": "datum.sure", "value": p.ink}, "value": p.paper},
                "stroke": {"value": p.ink},
                "tooltip": {"field": "tip", "type": "nominal"},
            },
        },
        {
            "data": {"values": named},
            "mark": text | {"align": "left", "baseline": "middle", "dx": 9, "fontWeight": 600},
            "encoding": at | {"text": {"field": "name", "type": "nominal"}},
        },
    ]
    return sheet(
        {"width": plot, "height": HIGH, "layer": layers},
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=width,
    )


def _row(one: dict) -> dict:
    def number(name: str) -> float | None:
        return None if np.isnan(one[name]) else round(float(one[name]), 5)

    tip = (
        f"{one['name']}, place {one['place']:,}: {percent(one['score'])}, random pairs {percent(one['expected'])}; "
        f"{equals(one['q'])}"
    )
    values = {name: number(name) for name in ("beyond", "low", "high")}
    return {"place": one["place"], "name": one["name"], "sure": bool(one["q"] <= LEVEL), "tip": tip, **values}
