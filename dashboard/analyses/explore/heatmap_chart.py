"""One head as a square of cells: rows are queries, columns are keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dashboard.analyses.explore.text import describe
from dashboard.charts import matrix, titles
from dashboard.charts.crosses import Cell, marks_inside, note
from dashboard.charts.drawing import NARROWEST, WIDTH, Drawing, sheet
from dashboard.charts.hover import params
from dashboard.charts.ink import SHARE, InkScale, inked, round_up
from dashboard.charts.labels import labels_of
from dashboard.charts.look import Look
from dashboard.charts.stretches import stretches_of
from dashboard.heads.view import HeadView

LEAST = 0.02  # the smallest part of `full` that can be full ink


def heatmap(
    view: HeadView,
    look: Look,
    *,
    top: float | None = None,
    cut: Sequence[Cell] = (),
    replaced: Sequence[int] = (),
) -> Drawing:
    """Row i is a query, column j a key, and ink the attention weight.

    Parameters
    ----------
    view: (m, k), shares in [0, 1] or norms; for links between two texts there is one text along each side
    look: 600 pixels wide by default; cells are square, so the width sets the height too
    top: the part of the view's `full` drawn as full ink, in (0, 1] (default: `top_of`); larger values are full ink too
    cut: links (i, j) that are crossed out, as `edit` cuts them; replaced: rows that are framed. Their places are those
        of the whole text, even if only a window of it is drawn
    """
    cut, replaced = marks_inside(view, cut, replaced)
    top, ink_scale = top_of([view]) if top is None else top, InkScale.of(view)
    return sheet_of(
        replace(matrix_of(view, top, ink_scale), **_edited(view, cut, replaced)),
        look,
        title=titles.title(view),
        subtitle=titles.subtitle(view, shade(ink_scale.what, top, ink_scale), *note(cut, replaced)),
        description=describe("Heatmap", [view]),
    )


def _edited(view: HeadView, cut: Sequence[Cell], replaced: Sequence[int]) -> dict[str, Any]:
    """The marks of a matrix that is cropped as `matrix_over` crops it."""
    rows, columns = (side.start or 0 for side in view.crop)
    wide = [row + 1 if view.causal and view.one_axis else len(view.keys) for row in replaced]
    return {
        "cut": [(i - rows, j - columns) for i, j in cut],
        "replaced": [(row - rows, cells - columns) for row, cells in zip(replaced, wide, strict=True)],
    }


def shade(what: str, top: float, ink_scale: InkScale = SHARE) -> str:
    """The line of a subtitle that says what rows, columns and ink are."""
    return f"rows: queries · columns: keys · shade: {what}, 0 to {ink_scale.up_to(top)}"


def sheet_of(drawn: matrix.Matrix, look: Look, *, title: str, subtitle: Sequence[str], description: str) -> Drawing:
    """A matrix alone, 600 pixels wide by default."""
    width = look.width_or(WIDTH)
    margin = matrix.margin(drawn, width)
    panel = matrix.panel(drawn, look.theme, matrix.side_of(len(drawn), width - margin))
    return sheet(
        panel,
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=max(panel["width"] + margin, min(width, NARROWEST)),
        params=params([drawn]),
    )


def matrix_of(view: HeadView, top: float, ink_scale: InkScale) -> matrix.Matrix:
    """The view as a matrix to draw, where `top` (a part of the `full` of `ink_scale`) is full ink."""
    return matrix_over(view, ink_scale.inked(view), 0.0, top, ink_scale)


def matrix_over(view: HeadView, values: np.ndarray, low: float, high: float, ink_scale: InkScale) -> matrix.Matrix:
    """Values (m, k) over the positions of a view as a matrix to draw, cropped to rows and columns with links."""
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
        ink_scale=ink_scale,
        stretches=(stretches_of(view.queries.stretches[rows]), stretches_of(view.keys.stretches[columns])),
    )


def top_of(views: Sequence[HeadView]) -> float:
    """The part of `full` to draw as full ink: the largest of `strong` over the views, at least 2 %, rounded up.

    In a long text most shares are below one per cent; on a scale to 100 % they would all be blank. On a scale that ends
    at the largest share, an evenly spread head would look like a sharp one.
    """
    tops = [
        strong(part[view.crop], view.keys.special[view.crop[1]]) for part, view in zip(inked(views), views, strict=True)
    ]
    return round_up(max(max(tops), LEAST)) if any(tops) else 1.0


def strong(values: np.ndarray, special: Sequence[bool]) -> float:
    """A high value of a matrix (r, c) of numbers from 0: the 99.5th percentile of the numbers that are not 0, or the
    median of the row maxima if that is larger.

    A sharp head has one large number per row: in a text of 500 words one in 500. Special tokens are left out of the row
    maxima: if they are an attention sink, nothing else would be visible.
    """
    if not values.any():
        return 0.0
    others = values[:, ~np.asarray(special, bool)]
    return max(float(np.quantile(values[values > 0], 0.995)), float(np.median(others.max(1, initial=0))))
