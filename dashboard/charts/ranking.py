"""Heads ranked by what they give along pairs of words: a row a head, a dot for its share, a tick for its baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.charts.drawing import NARROWEST, WIDTH, Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look, Selection, tip_expr
from dashboard.heads.chance import LEVEL
from dashboard.heads.chance_words import equals
from dashboard.heads.head_id import (
    click_fields,
    datum_of,
    has_parts,
    heads_of,
    name_expr,
)

BEST = 15  # heads that are drawn
ROW = 22.0  # pixels of a head
NAMES, LONGEST = 64.0, 190.0  # pixels of the heads' names, at least and at most
SIZE = 12.5  # of their type


def ranking(
    table: pd.DataFrame,
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    selection: Selection = Selection(),
    share: bool = True,
    elsewhere: str = "same distance elsewhere",
    alone: str = "no other pair has this distance",
) -> Drawing:
    """The first 15 heads of a table, from above: dot = score, tick = baseline, the line between them the lift.

    A click chooses, as in `atlas`: the point parameter "head" has the fields layer, head and epoch.

    Parameters
    ----------
    table: a row per head in their order: layer, head, score, baseline in [−1, 1]; NaN where there is none. q, where it
        is there: the dot of a head with q > 0.05 is hollow
    look: 600 pixels wide unless it says more; selection: of the head on show, its row shaded; the names
        that it has stand at the rows
    share: score and baseline are shares, said in per cent; else numbers
    elsewhere, alone: what the pointer is told of the baseline, and where there is none
    """
    p, width = look.palette, look.width_or(WIDTH)
    best = table.head(BEST)
    heads, parts = heads_of(best), has_parts(table)
    top = float(np.nanmax([*best["score"], *best["baseline"], 0.01]))
    high = min(1.0, np.ceil(top * 20) / 20)
    low = min(0, np.floor(20 * float(np.nanmin([*best["score"], *best["baseline"], 0.0]))) / 20)
    rows = [
        {
            "row": place,
            **datum_of(head, parts=parts),
            **selection.named(head),
            "score": _number(one["score"]),
            "baseline": _number(one["baseline"]),
            "hollow": bool(one.get("q", 0) > LEVEL),
            "q": "" if np.isnan(one.get("q", np.nan)) else f"; {equals(one['q'])}",
        }
        for place, (head, one) in enumerate(zip(heads, best.to_dict("records"), strict=True))
    ]
    names = [f"{head}{selection.named(head).get('called', '')}" for head in heads]
    widest = max((width_of(name, SIZE) for name in names), default=0.0)
    margin = min(max(NAMES, widest + 20), LONGEST, width / 2)
    across = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False},
        "axis": {
            "title": None,
            "orient": "top",
            "grid": True,
            "domain": False,
            "labelExpr": "format(datum.value * 100, '.0f') + '\u00a0%'" if share else "format(datum.value, '.2~f')",
            "tickCount": max(2, min(6, int(width / 90))),
        },
    }
    down = {
        "field": "row",
        "type": "ordinal",
        "scale": {"type": "band", "domain": list(range(len(rows)))},
        "axis": {
            "title": None,
            "labelExpr": f"{names}[datum.value]",
            "labelPadding": 8,
            "domain": False,
            "ticks": False,
            "labelFontSize": SIZE,
            "labelLimit": margin - 10,
            "labelColor": p.text,
        },
    }
    fields = click_fields("epoch", parts=parts)
    choose = {"type": "point", "on": "click", "fields": fields, "toggle": False, "clear": False}

    def value(field: str) -> str:
        return f"format(datum.{field} * 100, '.3~r') + '\u00a0%'" if share else f"format(datum.{field}, '.3f')"

    tip = tip_expr(
        name_expr(parts=parts),
        f"': ' + {value('score')} + (isValid(datum.baseline) ? ', {elsewhere} ' + {value('baseline')} : '; {alone}')"
        " + datum.q",
    )
    layers = [
        {
            "transform": [{"filter": selection.marked(parts=parts)}],
            "mark": {"type": "rect", "fill": p.hair, "fillOpacity": 0.6, "aria": False},
            "encoding": {"y": down, "x": {"value": 0}, "x2": {"value": "width"}},
        },
        {
            "transform": [{"filter": "isValid(datum.baseline)"}],
            "mark": {"type": "rule", "stroke": p.quiet, "strokeWidth": 1.5, "aria": False},
            "encoding": {"y": down, "x": across | {"field": "baseline"}, "x2": {"field": "score"}},
        },
        {
            "transform": [{"filter": "isValid(datum.baseline)"}],
            "mark": {"type": "tick", "color": p.quiet, "thickness": 2.5, "size": 13, "aria": False},
            "encoding": {"y": down, "x": across | {"field": "baseline"}},
        },
        {
            "mark": {
                "type": "point",
                "filled": True,
                "shape": "circle",
                "size": 90,
                "opacity": 1,
                "strokeWidth": 1.5,
                "aria": False,
            },
            "encoding": {
                "y": down,
                "x": across | {"field": "score"},
                "fill": {"condition": {"test": "datum.hollow", "value": p.paper}, "value": p.ink},
                "stroke": {"condition": {"test": "datum.hollow", "value": p.ink}, "value": p.paper},
            },
        },
        {
            "transform": [{"calculate": tip, "as": "tip"}, {"calculate": str(selection.epoch), "as": "epoch"}],
            "mark": {"type": "rect", "fillOpacity": 0, "cursor": "pointer", "aria": False},
            "params": [{"name": "head", "select": choose}],
            "encoding": {
                "y": down,
                "x": {"value": 0},
                "x2": {"value": "width"},
                "tooltip": {"field": "tip", "type": "nominal"},
            },
        },
    ]
    return sheet(
        {
            "width": max(120.0, width - margin),
            "height": ROW * len(rows),
            "layer": [{"data": {"values": rows}, "layer": layers}],
        },
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=max(width, min(NARROWEST, width)),
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
