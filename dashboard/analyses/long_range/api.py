"""Attention by distance: one curve per head, over texts with two related words at several distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dashboard.analyses.long_range import measure as ranges
from dashboard.analyses.long_range.chart import distance_panels, long_range_atlas
from dashboard.analyses.long_range.measure import LongRange, curve, heads_in
from dashboard.analyses.long_range.text import long_range_finding
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export.call import Call, Model, given
from dashboard.export.provenance import origin
from dashboard.heads.head_id import HeadId


def long_range(model: AttentionModel, question: str = "verb") -> LongRange:
    """Attention of every head by distance, from a verb to its subject ("verb") or a name to its first mention ("name").

    See `long_range.measure`. Raises UserError for another question, and if the model cannot read the texts.
    """
    return ranges.long_range(model, question)


def draw_long_range(
    reach: LongRange,
    heads: Sequence[HeadId | str] = (),
    *,
    all_heads: bool = False,
    theme: Theme = "light",
    width: float | None = None,
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Draw attention by distance for these heads over all texts. Without heads, for the four best: chosen on one half
    of the texts and evaluated on the other. Or draw all heads in one grid (selected, tray, epoch, names: as in
    `draw_atlas`).

    Raises UserError for a head that the model does not have."""
    question, named = reach.question, [_existing(reach, head) for head in heads]
    asked_for, model = [str(head) for head in named], Model(reach.name, reach.revision, reach.model)
    look = given(heads=asked_for or None, all_heads=all_heads or None, theme=theme, width=width)
    again = Call("draw_long_range", (Call("long_range", (model, question.name), to="reach"),), look, makes="figure")
    view, options = "longrange-heads" if all_heads else "longrange", {"question": question.name} | look
    made = origin(model, "", view, again, heads=asked_for, options=options)
    if all_heads:
        over = f"mean over {len(reach.share)} {question.items} at {len(question.steps)} distances"
        chart = long_range_atlas(
            reach.lift(),
            Look(theme, width),
            seen=question.seen,
            over=over,
            model=reach.model,
            selection=Selection(selected, tuple(tray), epoch, names),
        )
        return chart.made_of(made)
    items = None if named else reach.judged_on
    drawn = named or reach.best(4)
    texts = len(reach.share if named else reach.judged_on)
    whose = " and ".join(map(str, drawn)) if named else "The four best heads"
    chart = distance_panels(
        [curve(reach, head, items) for head in drawn],
        Look(theme, width),
        title=f"{whose} · {reach.model}",
        subtitle=[
            f"share of attention from {question.looks} to {question.seen}",
            f"mean over {texts} {question.items} and its 95\u00a0% interval"
            + ("" if named else f"; chosen on the other {len(reach.chosen_on)}"),
        ],
        description=long_range_finding(reach, named[0] if named else None),
        seen=question.seen,
        unit=question.unit,
    )
    return chart.made_of(made)


def _existing(found: LongRange, head: HeadId | str) -> HeadId:
    wanted, (layers, heads) = HeadId.of(head), found.share.shape[2:]
    if wanted not in heads_in(found):
        raise UserError(
            f"{found.model} has layers 0 to {layers - 1} and heads 0 to {heads - 1}; {wanted} is none of them."
        )
    return wanted
