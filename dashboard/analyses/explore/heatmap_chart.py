"""One head as a square of cells: rows look, columns are looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.analyses.explore.text import describe
from dashboard.charts import matrix, titles
from dashboard.charts.drawing import NARROWEST, WIDTH, Drawing, sheet
from dashboard.charts.hover import params
from dashboard.charts.ink import Amount, inked, round_up
from dashboard.charts.labels import labels_of
from dashboard.charts.look import Look
from dashboard.heads.view import HeadView

LEAST = 0.02  # the least part that is full ink


def heatmap(view: HeadView, look: Look, *, top: float | None = None) -> Drawing:
    """Row i is the word that looks, column j the word looked at, ink the share of its attention.

    Parameters
    ----------
    view: (m, k), shares in [0, 1] or norms; of the links between two texts one stands along each side
    look: 600 pixels wide unless it says more; cells are square, so this sets its height too
    top: the part of the view's `full` that is full ink, in (0, 1] (default: `top_of`); what is more is full ink as well
    """
    top, ink_scale = top_of([view]) if top is None else top, Amount.of(view)
    drawn = matrix_of(view, top, ink_scale)
    width = look.room(WIDTH)
    margin = matrix.margin(drawn, width)
    panel = matrix.panel(drawn, look.theme, matrix.side_of(len(drawn), width - margin))
    return sheet(
        panel,
        look.theme,
        title=titles.title(view),
        subtitle=titles.subtitle(view, f"rows look at columns · ink: {ink_scale.what}, 0 to {ink_scale.up_to(top)}"),
        description=describe("Heatmap", [view]),
        width=max(panel["width"] + margin, min(width, NARROWEST)),
        params=params([drawn]),
    )


def matrix_of(view: HeadView, top: float, ink_scale: Amount) -> matrix.Matrix:
    """The view as a matrix to draw, `top` (a part of what `amount` has as full) being full ink."""
    return matrix_over(view, ink_scale.inked(view), 0.0, top, ink_scale)


def matrix_over(view: HeadView, values: np.ndarray, low: float, high: float, ink_scale: Amount) -> matrix.Matrix:
    """Numbers (m, k) over the positions of a view as a matrix to draw: its rows and columns that have links."""
    rows, columns = view.crop
    queries = labels_of(view.queries.drawn)
    keys = queries if view.one_axis else labels_of(view.keys.drawn)
    return matrix.Matrix(
        values=values[rows, columns],
        rows=queries[rows],
        columns=keys[columns],
        special=(view.queries.special[rows], view.keys.special[columns]),
        mono=view.unit == "tokens",
        low=low,
        high=high,
        nothing=titles.nothing(view),
        amount=ink_scale,
    )


def top_of(views: Sequence[HeadView]) -> float:
    """The part that is full ink: the largest of `strong` over the views, at least 2 %, rounded up.

    In a long text most shares are below one per cent; on a scale to 100 % they would all be blank. And on one that ends
    where they do, a head that spreads evenly would look like one that does not.
    """
    tops = [
        strong(part[view.crop], view.keys.special[view.crop[1]]) for part, view in zip(inked(views), views, strict=True)
    ]
    return round_up(max(max(tops), LEAST)) if any(tops) else 1.0


def strong(values: np.ndarray, special: Sequence[bool]) -> float:
    """What is strong in a matrix (r, c) from 0: 199 of 200 numbers that are not 0 are at most this, and so are the
    largest of half of the rows.

    A sharp head has one large number in a row, in a text of 500 words one in 500. Keys that are special tokens are left
    out of the rows' largest: where a head parks its attention there, nothing else would be seen.
    """
    if not values.any():
        return 0.0
    others = values[:, ~np.asarray(special, bool)]
    return max(float(np.quantile(values[values > 0], 0.995)), float(np.median(others.max(1, initial=0))))
