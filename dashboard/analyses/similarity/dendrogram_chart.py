"""The dendrogram of the clusters of heads: similar clusters join at small distances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.look import Look
from dashboard.heads.format import counted

ROW = 26.0  # pixels of a cluster
LABELS = 190.0  # pixels of their names
WIDEST = 420.0  # pixels of the tree


def clusters(
    table: pd.DataFrame,
    joins: np.ndarray,
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    selected: int | None = None,
) -> Drawing:
    """A row per cluster, brackets where two join, at their mean distance.

    Parameters
    ----------
    table, joins: of `clusters.Clusters`
    selected: the number of the cluster whose name is bold
    look: 600 pixels wide by default
    """
    p, width = look.palette, look.width_or(WIDTH)
    names = [
        f"{one['cluster']} · {one['middle']}"
        + (f" and {counted(one['heads'] - 1, 'others')}" if one["heads"] > 1 else "")
        for one in table.to_dict("records")
    ]
    here = [place for place, number in enumerate(table["cluster"]) if number == selected]
    y = {
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [-0.5, len(names) - 0.5], "reverse": True, "nice": False, "zero": False},
        "axis": {
            "values": list(range(len(names))),
            "labelExpr": "clusters[datum.value]",
            "grid": False,
            "ticks": False,
            "domain": False,
            "labelLimit": LABELS,
            "labelFontSize": 12.5,
            "labelColor": p.text,
            "labelFontWeight": {
                "condition": {"test": f"indexof({here}, datum.value) >= 0", "value": 700},
                "value": 400,
            },
        },
    }
    most = float(joins[..., 0].max(initial=0.1))
    x = {
        "type": "quantitative",
        "scale": {"domain": [0, round(most * 1.04, 6)], "nice": False},
        "axis": {"title": "mean distance at which they join, bits", "tickCount": 5, "labelFlush": False},
    }
    corners = [
        {
            "join": k,
            "corner": corner,
            "x": round(float(bits), 5),
            "y": round(float(row), 4),
            "tip": f"{joins[k, 1:3, 0].max():.3f} bits",
        }
        for k in range(len(joins))
        for corner, (bits, row) in enumerate(joins[k])
    ]
    at = {
        "x": x | {"field": "x"},
        "y": y | {"field": "y"},
        "detail": {"field": "join", "type": "nominal"},
        "order": {"field": "corner", "type": "quantitative"},
    }
    line = {"type": "line", "interpolate": "linear", "aria": False, "strokeJoin": "round"}
    tip = {"tooltip": {"field": "tip", "type": "nominal"}}
    layers = [
        {"data": {"values": corners}, "mark": line | {"stroke": p.ink, "strokeWidth": 1.5}, "encoding": at},
        {
            "data": {"values": corners},
            "mark": line | {"stroke": p.ink, "strokeWidth": 10, "opacity": 0},
            "encoding": at | tip,
        },
    ]
    return sheet(
        {"width": min(WIDEST, max(160.0, width - LABELS - 20)), "height": max(1, len(names)) * ROW, "layer": layers},
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=width,
        params=[{"name": "clusters", "value": names}],
    )
