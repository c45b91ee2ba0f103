"""One head as a square of cells: rows look, columns are looked at."""

from __future__ import annotations

import numpy as np

from dashboard.charts import matrix, wording
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import labels_of
from dashboard.charts.theme import Theme
from dashboard.heads.view import HeadView

WIDTH = 640  # pixels for the whole drawing, labels of the rows included


def heatmap(view: HeadView, theme: Theme, *, width: float | None = None, top: float | None = None) -> Drawing:
    """Row i is the word that looks, column j the word looked at, ink the share of its attention.

    Parameters
    ----------
    width: pixels for the whole drawing (default 600); the map is square, so this sets its height too
    top: the share that is full ink (default: chosen from the weights, see `top_of`; given in the legend)
    """
    top = top_of([view]) if top is None else top
    drawn = of(view, top)
    side = matrix.side_of(len(view), (width or WIDTH) - matrix.margin(drawn))
    return sheet(
        matrix.panel(drawn, theme, side),
        theme,
        title=wording.title([view]),
        subtitle=wording.subtitle(view, f"rows look at columns · ink: share of attention, {wording.range_of(top)}", room=max(side, 420)),
        description=wording.describe(view, "Heatmap"),
        params=matrix.params([drawn]),
    )


def of(view: HeadView, top: float) -> matrix.Matrix:
    """The view as a matrix to draw, `top` being full ink."""
    return matrix.Matrix(view.weights, labels_of(view.labels), view.special, view.unit == "tokens", 0.0, top)


def top_of(views: list[HeadView]) -> float:
    """The share that is full ink: the 99.5 % quantile of the weights, rounded up to 1, 2 or 5 × 10^k, at most 1.

    In a long text most shares are below one per cent; on a scale to 100 % they would all be blank.
    """
    values = np.concatenate([v.weights[v.weights > 0].ravel() for v in views]) if views else np.zeros(0)
    if not values.size:
        return 1.0
    return round_up(float(np.quantile(values, 0.995)))


def round_up(value: float) -> float:
    """The next of 0.1, 0.2, 0.5, 1, 2, 5 … per cent, at most 1."""
    steps = [m * 10.0**e for e in (-3, -2, -1) for m in (1, 2, 5)]
    return next((round(s, 6) for s in steps if s >= value), 1.0)
