"""Heads against each other: side by side on one scale, or one subtracted from the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.charts import heatmap, matrix, wording
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import labels_of
from dashboard.charts.safe import shown
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.heads.view import HeadView

WIDTH = 960  # pixels for two maps beside each other
GAP = 36


def side_by_side(
    views: Sequence[HeadView], theme: Theme, *, width: float | None = None, top: float | None = None
) -> Drawing:
    """Up to four heads as heatmaps on one colour scale; a word pointed at in one lights in all.

    Two stand beside each other, three or four in two rows.
    """
    if not views:
        raise UserError("There is no head to compare. Choose at least one.")
    top = heatmap.top_of(list(views)) if top is None else top
    drawn = [heatmap.of(v, top) for v in views]
    side, columns = _places(drawn, width or WIDTH)
    panels = []
    for k, (view, one) in enumerate(zip(views, drawn, strict=True)):
        panel = matrix.panel(one, theme, side, name=str(k), legend=k == 0)
        panel["title"] = {"text": f"{view.head} · {shown(view.model, 60)}", "fontSize": 14, "offset": 10, "frame": "group"}
        panels.append(panel)
    return sheet(
        {"concat": panels, "columns": columns, "resolve": {"scale": {"x": "independent", "y": "independent", "color": "independent"}}},
        theme,
        title=" and ".join(str(v.head) for v in views) + " side by side",
        subtitle=wording.subtitle(views[0], f"rows look at columns · ink: share of attention, {wording.range_of(top)}, one scale for all"),
        description=" ".join(wording.describe(v, "Heatmap") for v in views),
        params=matrix.params(drawn),
    )


def _places(drawn: Sequence[matrix.Matrix], width: float) -> tuple[float, int]:
    """(pixels of a map, columns): two columns, but one where two maps would be too small for their cells."""
    n = max(len(one.labels) for one in drawn)
    margin = max(matrix.margin(one) for one in drawn)
    half = (width - GAP) / 2 - margin
    if len(drawn) == 1 or n > half:
        return matrix.side_of(n, min(width, heatmap.WIDTH) - margin), 1
    return matrix.side_of(n, half), 2


def difference(a: HeadView, b: HeadView, theme: Theme, *, width: float | None = None, top: float | None = None) -> Drawing:
    """a - b, cell by cell, on a scale that is symmetric about 0: green where a gives more, purple where b does."""
    if a.labels != b.labels:
        raise UserError("A difference needs two heads over the same words. Choose both on one text and one unit.")
    gap = a.weights.astype(float) - b.weights.astype(float)
    if top is None:
        top = symmetric_top(gap)
    drawn = matrix.Matrix(gap, labels_of(a.labels), a.special, a.unit == "tokens", -top, top)
    side = matrix.side_of(len(a), (width or heatmap.WIDTH) - matrix.margin(drawn))
    return sheet(
        matrix.panel(drawn, theme, side),
        theme,
        title=f"{a.head} − {b.head} · {shown(a.model, 60)}" + ("" if a.model == b.model else f" and {shown(b.model, 60)}"),
        subtitle=wording.subtitle(a, f"rows look at columns · green: more in {a.head}, purple: more in {b.head}, up to {wording.range_of(top).removeprefix('0 to ')}"),
        description=_describe(a, b, gap),
        params=matrix.params([drawn]),
    )


def symmetric_top(gap: np.ndarray) -> float:
    """The difference that is full colour on either side, a round figure, at most 1."""
    size = np.abs(gap[gap != 0])
    high = float(np.quantile(size, 0.995)) if size.size else 1.0
    return heatmap.round_up(high)


def _describe(a: HeadView, b: HeadView, gap: np.ndarray) -> str:
    def pair(at: int) -> str:
        i, j = np.unravel_index(at, gap.shape)
        return f"{shown(a.labels[i])} → {shown(a.labels[j])}, {abs(gap[i, j]) * 100:.1f}\u00a0%"

    start = f"Difference of {a.head} and {b.head}."
    if not gap.any():
        return f"{start} The two are equal everywhere."
    return f"{start} {a.head} gives most more to {pair(int(gap.argmax()))}; {b.head} to {pair(int(gap.argmin()))}."
