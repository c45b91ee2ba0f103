"""All heads of a model on one sheet, coloured by any figure that has been measured of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.charts.drawing import NARROWEST, WIDTH, Drawing, sheet
from dashboard.charts.head_grid import STRIP, Grid
from dashboard.charts.ink import round_figure
from dashboard.charts.look import Look, Selection, tip_expr
from dashboard.charts.theme import STEPS, gradient, ink, paint, readable, signed
from dashboard.heads.format import figure
from dashboard.heads.head_id import datum_of, head_of
from dashboard.heads.untrained import UNTRAINED, has_twin


def head_grid(
    table: pd.DataFrame,
    column: str,
    look: Look,
    *,
    title: str,
    unit: str,
    subtitle: Sequence[str],
    description: str,
    selection: Selection = Selection(),
) -> Drawing:
    """Heads coloured by the square root of a figure: from paper at 0 to ink, and where some are below 0 from purple by
    paper to green, the same on either side. A click chooses as in `dashboard.analyses.scores.atlas_chart.atlas`.

    Parameters
    ----------
    table: a row per head of a model: layer, head, the column; NaN where there is no figure, drawn as a dash. Where it
        has the column with _low and _high, the pointer is told the interval; where it has the figure of the untrained
        twin too, ``untrained_…``, that is a strip at the foot of each cell
    unit: of the figure, as it is written after a number
    look, selection: as in `atlas`
    """
    p = look.palette
    grid = Grid.over(table, look)
    values = table[column].to_numpy(float)
    twin = table[UNTRAINED + column].to_numpy(float) if has_twin(table, column) else np.full(len(values), np.nan)
    every = np.concatenate([values, twin])
    measured = bool(np.isfinite(every).any())
    high = round_figure(float(np.nanmax(np.abs(every), initial=0.0)))
    both = bool(np.nanmin(every, initial=0.0) < 0)
    colours = signed(look.theme) if both else ink(look.theme)
    roots = np.sign(values) * np.sqrt(np.abs(values) / high)
    shades = paint(np.nan_to_num(roots), colours, -1 if both else 0, 1)
    written = readable(shades, look.theme)
    ends = [f"{column}_low", f"{column}_high"]
    rows = [
        {
            **datum_of(head_of(one), parts=grid.parts),
            **selection.named(head_of(one)),
            "value": None if np.isnan(values[k]) else values[k],
            "number": _short(values[k], high),
            "colour": p.quiet if np.isnan(values[k]) else str(written[k]),
            "tip": _tip(values[k], unit, [one[end] for end in ends if end in one]) + _also(twin[k]),
        }
        | ({} if np.isnan(twin[k]) else {"twin": twin[k]})
        for k, one in enumerate(table.to_dict("records"))
    ]
    legend = gradient([-high, 0, high] if both else [0, high], "format(datum.value, '~g')") if measured else None
    stops = _rooted(colours, high, both=both)
    colour = {"field": "value", "type": "quantitative", "scale": stops, "legend": legend}
    cells = {
        "transform": [{"filter": "isValid(datum.value)"}],
        "mark": {"type": "rect", "aria": False},
        "encoding": grid.where() | {"color": colour},
    }
    numbers = {
        "mark": {"type": "text", "fontSize": min(11.5, grid.height * 0.6), "aria": False},
        "encoding": grid.where()
        | {
            "text": {"field": "number", "type": "nominal"},
            "color": {"field": "colour", "type": "nominal", "scale": None, "legend": None},
        },
    }
    wide_enough = grid.width >= 30 and grid.height >= 15
    catch = grid.catch(tip_expr(grid.name, "', ' + datum.tip"), selection)
    compared = bool(np.isfinite(twin).any())
    strips = grid.strips(p, colour | {"legend": None}, "twin") if compared else []
    layers = [cells, *strips, *([numbers] if wide_enough else []), *grid.frames(p, selection), catch]
    across = grid.width * grid.heads
    parts = {0: "", 3: ", numbers in thousandths", 6: ", numbers in millionths"}[_power(high)] if wide_enough else ""
    scale = f"{unit}{parts} · colour by the square root" if measured else f"{unit}: no figure"
    return sheet(
        {
            "width": across,
            "height": grid.height * grid.layers,
            "layer": [{"data": {"values": rows}, "layer": layers, "resolve": {"scale": {"color": "independent"}}}],
        },
        look.theme,
        title=title,
        subtitle=[*subtitle, scale, *([STRIP] if compared else [])],
        description=description,
        width=max(across, min(look.width_or(WIDTH), NARROWEST)),
    )


def _rooted(colours: list[str], high: float, *, both: bool) -> dict:
    """The colour scale whose stops lie at the squares of even steps, on either side of 0 where `both`."""
    even = np.linspace(0, 1, STEPS) ** 2 * high
    domain = np.concatenate([-even[:0:-1], even]) if both else even
    return {"type": "linear", "domain": domain.tolist(), "range": colours, "interpolate": "rgb", "clamp": True}


def _power(high: float) -> int:
    """By which power of ten numbers in cells are multiplied, so that the largest has two digits before the point."""
    return 0 if high >= 5 else 3 if high >= 0.005 else 6


def _short(value: float, high: float) -> str:
    if np.isnan(value):
        return "–"
    scaled = value * 10.0 ** _power(high)
    digits = f"{scaled:.0f}" if abs(scaled) >= 9.95 or high >= 50 else f"{scaled:.1f}"
    return ("0" if float(digits) == 0 else digits).replace("-", "−")


def _also(twin: float) -> str:
    return "" if np.isnan(twin) else f"; untrained twin {figure(twin)}"


def _tip(value: float, unit: str, ends: Sequence[float]) -> str:
    if np.isnan(value):
        return "no figure"
    interval = f" (95 % interval {figure(ends[0])} to {figure(ends[1])})" if len(ends) == 2 else ""
    return f"{figure(value)} {unit}{interval}"
