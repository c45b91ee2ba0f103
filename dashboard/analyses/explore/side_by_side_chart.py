"""Heads against each other: side by side on one scale, or one subtracted from the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.analyses.explore.heatmap_chart import LEAST, matrix_of, matrix_over, strong, top_of
from dashboard.analyses.explore.text import describe, name_of
from dashboard.charts import matrix, titles
from dashboard.charts.drawing import NARROWEST, WIDTH, Drawing, sheet
from dashboard.charts.hover import params
from dashboard.charts.ink import InkScale, round_up
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.errors import UserError
from dashboard.heads.format import capital
from dashboard.heads.map_axis import MapAxis
from dashboard.heads.view import HeadView

WIDE = 940.0  # pixels for two maps side by side
GAP = 36.0  # pixels between them
SMALLEST = 200.0  # pixels: smaller maps are put below each other


def side_by_side(
    views: Sequence[HeadView],
    look: Look,
    *,
    top: float | None = None,
    names: Sequence[str] = (),
    apart: bool = False,
) -> Drawing:
    """Heads as heatmaps on one colour scale; hovering over a word in one highlights it in all.

    Two are side by side, three or four in two rows; all below each other if otherwise a cell would be smaller than a
    pixel, or a map smaller than 200.

    Parameters
    ----------
    views: one to four; look: 940 pixels wide by default; top: the share drawn as full ink
    names: for views of the same head, like “L2H8 (first text)”
    apart: a scale for each, if their numbers are not comparable; a head and a sum of heads get one each anyway

    Raises
    ------
    UserError: there is nothing to draw.
    """
    if not views:
        raise UserError("There is no head to compare. Choose at least one.")
    apart = apart or InkScale.part(*views)
    ink_scales = [InkScale.of(view) if apart else InkScale.of(*views) for view in views]
    tops = [top or top_of([view] if apart else views) for view in views]
    drawn = [matrix_of(view, full, ink_scale) for view, full, ink_scale in zip(views, tops, ink_scales, strict=True)]
    side, columns = _places(drawn, look.width_or(WIDE))
    one_model = len({view.model for view in views}) == 1
    panels = []
    for k, (view, one) in enumerate(zip(views, drawn, strict=True)):
        # A legend for all, under the first map of the last row, where it leaves no gap between rows.
        legend = apart or k == (len(views) - 1) // columns * columns
        panel = matrix.panel(one, look.theme, side, name=str(k), alone=len(views) == 1, legend=legend)
        heading = drawable(names[k]) if names else str(view.head) if one_model else titles.title(view)
        panel["title"] = {"text": heading, "fontSize": 14, "offset": 8, "frame": "group"}
        panels.append(panel)
    heads = " and ".join(map(drawable, names)) if names else ", ".join(str(view.head) for view in views)
    # Each panel has the scale itself: with a shared scale, the legends of the panels would conflict in Vega-Lite.
    own = {"scale": {"x": "independent", "y": "independent", "color": "independent"}}
    each = "each with its own scale" if apart else f"0 to {ink_scales[0].up_to(tops[0])}, one scale for all"
    return sheet(
        {"concat": panels, "columns": columns, "spacing": GAP, "resolve": own},
        look.theme,
        title=f"{heads} · {drawable(views[0].model)}" if one_model else heads,
        subtitle=titles.subtitle(views[0], f"rows: queries · columns: keys · shade: {ink_scales[0].what}, {each}"),
        description=describe("Heatmaps side by side", views),
        width=max(columns * max(panel["width"] for panel in panels), min(look.width_or(WIDE), NARROWEST)),
        params=params(drawn),
    )


def difference(
    a: HeadView,
    b: HeadView,
    look: Look,
    *,
    top: float | None = None,
    names: Sequence[str] = (),
) -> Drawing:
    """a − b, cell by cell (METRICS §5), on a scale symmetric about 0: green if a gives more, purple if b does.

    Parameters
    ----------
    a, b: two heads over the same positions
    look: 600 pixels wide by default; top: the difference drawn in full colour, in (0, 1]
    names: for two views of the same head

    Raises
    ------
    UserError: the two are not over the same positions.
    """
    if not a.over_same_positions(b):
        raise UserError("A difference needs two heads over the same words. Choose both on one text and one unit.")
    ink_scale = InkScale.of(a, b)
    gap = ink_scale.inked(a).astype(float) - ink_scale.inked(b).astype(float)
    top = _symmetric_top(gap[a.crop], a.keys.special[a.crop[1]]) if top is None else top
    drawn = matrix_over(_unread(a, b), gap, -top, top, ink_scale)
    width = look.width_or(WIDTH)
    margin = matrix.margin(drawn, width)
    panel = matrix.panel(drawn, look.theme, matrix.side_of(len(drawn), width - margin))
    models = drawable(a.model) if a.model == b.model else f"{drawable(a.model)} and {drawable(b.model)}"
    full_colour = ink_scale.up_to(top)
    first, second = map(drawable, names or (str(a.head), str(b.head)))
    return sheet(
        panel,
        look.theme,
        title=f"{first} − {second}" + ("" if names else f" · {models}"),
        subtitle=titles.subtitle(
            a,
            f"rows: queries · columns: keys · green: more in {first} · purple: more in {second} · full colour: "
            f"{full_colour}",
        ),
        description=_describe(a, b, gap, names or (name_of(a), name_of(b)), ink_scale),
        width=max(panel["width"] + margin, min(width, NARROWEST)),
        params=params([drawn]),
    )


def _unread(a: HeadView, b: HeadView) -> HeadView:
    """The first view, with the characters unknown to either tokenizer marked; for two models, with the model's name."""

    def marked(mine: MapAxis, theirs: MapAxis) -> MapAxis:
        counts = [axis.unknown or (0,) * len(axis) for axis in (mine, theirs)]
        if a.model == b.model:
            return mine.renamed(mine.labels, [x or y for x, y in zip(*counts, strict=True)])
        labels = [
            label if bool(x) == bool(y) else f"{label} [UNK in {(a if x else b).model}]"
            for label, x, y in zip(mine.labels, *counts, strict=True)
        ]
        return mine.renamed(labels, [x and y for x, y in zip(*counts, strict=True)])

    return a.over(marked(a.queries, b.queries), None if a.one_axis else marked(a.keys, b.keys))


def _places(drawn: Sequence[matrix.Matrix], width: float) -> tuple[float, int]:
    """The pixels of a map, and the number of columns."""
    n = max(map(len, drawn))
    half = (width - GAP) / 2
    map_ = half - max(matrix.margin(one, half) for one in drawn)
    if len(drawn) > 1 and map_ >= max(n, SMALLEST):
        return matrix.side_of(n, map_), 2
    alone = min(width, WIDTH)
    return matrix.side_of(n, alone - max(matrix.margin(one, alone) for one in drawn)), 1


def _symmetric_top(gap: np.ndarray, special: Sequence[bool]) -> float:
    """The difference drawn in full colour on either side: that of `strong`, at least 2 %, rounded up."""
    top = strong(np.abs(gap), special)
    return round_up(max(top, LEAST)) if top else 1.0


def _describe(a: HeadView, b: HeadView, gap: np.ndarray, names: Sequence[str], ink_scale: InkScale) -> str:
    """Alternative text: where each of the two exceeds the other most."""
    first, second = map(drawable, names)

    def written(value: float) -> str:
        return ink_scale.label(value / ink_scale.full)

    def most(name: str, head: HeadView, other: HeadView, than: str, size: np.ndarray) -> str:
        i, j = np.unravel_index(size.argmax(), size.shape)
        if size[i, j] <= 0:
            return f"{capital(name)} nowhere exceeds {than}."
        return (
            f"{capital(name)} exceeds {than} most from “{a.queries.drawn[i]}” to “{a.keys.drawn[j]}”: "
            f"{written(head.weights[i, j])} against {written(other.weights[i, j])}."
        )

    if not gap.any():
        return f"{first} and {second} are equal everywhere on this text."
    return f"{most(first, a, b, second, gap)} {most(second, b, a, first, -gap)}"
