"""Attention by distance, a small panel per head; and all heads in one grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.charts.drawing import NARROWEST, WIDTH, Drawing, sheet
from dashboard.charts.head_grid import Grid
from dashboard.charts.ink import next_round
from dashboard.charts.look import Look, Selection, tip_expr
from dashboard.charts.theme import PALETTES, Theme, gradient, ink, on_ink, scale
from dashboard.heads.format import percent
from dashboard.heads.head_id import datum_of, every_head, head_of, name_expr

HEIGHT = 150.0
AXIS = 46.0  # pixels for the shares next to the first panel of a row
GAP = 24.0
BELOW = 74.0  # pixels for the distances below a row and the names above the next
SOLID: list[float] = []  # [1, 0] would be dashed in a PDF
LEAST = 150.0  # pixels: the narrowest panel; otherwise there are fewer side by side


def distance_panels(
    curves: Sequence[pd.DataFrame],
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    seen: str,
    unit: str,
) -> Drawing:
    """The share of attention by distance, a panel per head, all on one scale.

    Parameters
    ----------
    curves: for each head the table of `measure.curve`
    seen: the name of the key word ("its subject"); unit: of the distance ("words apart")
    look: 600 pixels wide by default
    """
    width = look.width_or(WIDTH)
    across = max(1, min(len(curves), int((width - AXIS + GAP) / (LEAST + GAP))))
    inner = min(300.0, (width - AXIS - GAP * (across - 1) - 12) / across)
    top = _round_up(float(max(curve[["share_high", "apart_high", "even"]].max().max() for curve in curves)))
    names = [f"to {seen}", "to an equally distant word", "if spread evenly"]
    legend = {
        "orient": "bottom",
        "direction": "horizontal" if width >= 560 else "vertical",
        "title": None,
        "symbolType": "stroke",
        "symbolSize": 400,
        "symbolStrokeWidth": 2,
        "offset": 12,
        "labelLimit": 300,
        "columnPadding": 18,
    }
    panels = [
        _panel(curve, look.theme, inner, top, names, unit, legend, left=k % across == 0, named=len(curves) > 1)
        for k, curve in enumerate(curves)
    ]
    return sheet(
        {"concat": panels, "columns": across, "spacing": {"column": GAP, "row": BELOW}, "bounds": "flush"},
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=width,
    )


def _panel(
    curve: pd.DataFrame,
    theme: Theme,
    width: float,
    top: float,
    names: list[str],
    unit: str,
    legend: dict,
    *,
    left: bool,
    named: bool,
) -> dict:
    p = PALETTES[theme]
    steps = curve["step"].tolist()
    head = head_of(curve.iloc[0])
    x = {
        "field": "step",
        "type": "quantitative",
        "title": unit,
        "scale": {"domain": [min(steps), max(steps)], "nice": False, "zero": False, "padding": 6},
        "axis": {"values": steps, "format": "d", "labelOverlap": False, "titleFontSize": 11.5, "labelFontSize": 11.5},
    }
    y = {
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [0, top], "nice": False, "clamp": True},
        "axis": {
            "values": [0, top / 2, top],
            "grid": True,
            "labelExpr": "format(datum.value * 100, '.3~r') + ' %'",
            "labels": left,
            "labelFontSize": 11.5,
        },
    }
    rows, bands = [], []
    for row in curve.to_dict("records"):
        for name, value in zip(names, (row["share"], row["apart"], row["even"]), strict=True):
            rows.append({"step": row["step"], "series": name, "value": round(value, 5)})
        tip = (
            f"{head}, {row['step']} {unit}: {percent(row['share'])} {names[0]} "
            f"({percent(row['share_low'])} to {percent(row['share_high'])}), {percent(row['apart'])} {names[1]}"
        )
        bands.append(
            {"step": row["step"], "low": round(row["share_low"], 5), "high": round(row["share_high"], 5), "tip": tip}
        )
    series = {
        "stroke": {
            "field": "series",
            "type": "nominal",
            "scale": {"domain": names, "range": [p.ink, p.ink, p.quiet]},
            "legend": legend,
        },
        "strokeDash": {
            "field": "series",
            "type": "nominal",
            "legend": legend,
            "scale": {"domain": names, "range": [SOLID, [5, 3], [1.5, 3]]},
        },
        "strokeWidth": {
            "field": "series",
            "type": "nominal",
            "legend": None,
            "scale": {"domain": names, "range": [2.4, 1.6, 1.6]},
        },
    }
    name = {  # a panel title would be higher on panels with axis labels
        "data": {"values": [{}]},
        "mark": {"type": "text", "text": str(head), "align": "left", "fontWeight": 600, "aria": False},
        "encoding": {"x": {"value": 0}, "y": {"value": -16}},
    }
    return {
        "width": width,
        "height": HEIGHT,
        "layer": [
            *([name] if named else []),
            {
                "data": {"values": bands},
                "mark": {"type": "area", "fill": p.ink, "fillOpacity": 0.13, "aria": False},
                "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": rows},
                "mark": {"type": "line", "aria": False, "strokeCap": "butt"},
                "encoding": {"x": x, "y": y | {"field": "value"}, **series},
            },
            {
                "data": {"values": bands},
                "mark": {
                    "type": "rect",
                    "opacity": 0,
                    "aria": False,
                    "width": width / max(6, len(steps)),
                    "height": HEIGHT,
                },
                "encoding": {"x": x, "y": y | {"datum": top / 2}, "tooltip": {"field": "tip", "type": "nominal"}},
            },
        ],
    }


def _round_up(share: float) -> float:
    """The next round share, at most 1."""
    return round(next_round(share, range(-4, 0), (1, 2, 3, 4, 6, 8)) or 1.0, 6)


def long_range_atlas(
    lift: np.ndarray,
    look: Look,
    *,
    seen: str,
    over: str,
    model: str = "",
    selection: Selection = Selection(),
) -> Drawing:
    """All heads in a grid, by how much more attention they give to the key word than to an equally distant one.

    lift: (layers, heads), in [-1, 1]; values below 0 have no ink, and NaN stands for no head. over: the sample, in
    words. The other parameters, and the selection by click, are as in `atlas`.
    """
    layers, heads = lift.shape
    grid = Grid.of(layers, heads, look)
    p = look.palette
    high = _round_up(float(np.nanmax([*lift.ravel(), 0.01])))
    every = every_head(layers, heads)
    rows = [
        {**datum_of(head), **selection.named(head), "value": round(float(value), 4)}
        for head, value in zip(every, lift.ravel(), strict=True)
        if not np.isnan(value)
    ]
    number = "format(datum.value * 100, '.1f')"
    ticks = gradient([0, high / 2, high], "format(datum.value * 100, '.3~r') + ' %'")
    colour = {"field": "value", "type": "quantitative", "scale": scale(ink(look.theme), 0, high), "legend": ticks}
    cells = {"mark": {"type": "rect", "aria": False}, "encoding": grid.where() | {"color": colour}}
    numbers = {
        "transform": [{"calculate": "format(datum.value * 100, '.0f')", "as": "number"}],
        "mark": {"type": "text", "fontSize": min(11.5, grid.height * 0.6), "aria": False},
        "encoding": grid.where()
        | {"text": {"field": "number", "type": "nominal"}, "color": on_ink(look.theme, f"datum.value / {high}")},
    }
    numbered = [numbers] if grid.width >= 22 and grid.height >= 15 else []
    sign = "datum.value > 0 ? '+' : datum.value < 0 ? '−' : ''"
    says = f"', ' + ({sign}) + {number.replace('datum.value', 'abs(datum.value)')} + ' %'"
    catch = grid.catch(tip_expr(name_expr(), says), selection)
    order = np.argsort(-lift.ravel(), kind="stable")[:3]
    best = [f"{every[k]} with {percent(float(lift.ravel()[k]))}" for k in order]
    return sheet(
        {
            "width": grid.width * heads,
            "height": grid.height * layers,
            "layer": [
                {"data": {"values": rows}, "layer": [cells, *numbered, *grid.frames(p, selection), catch]},
            ],
        },
        look.theme,
        title=f"All heads · {model}" if model else "All heads",
        subtitle=[f"share to {seen} minus share to an equally distant word, in percentage points", over],
        description=(
            f"All {layers} × {heads} heads by their attention to {seen} minus that to an equally distant word. "
            f"Highest: {', '.join(best)}."
        ),
        width=max(grid.width * heads, min(look.width_or(WIDTH), NARROWEST)),
    )
