"""How far back heads reach: one curve per head over texts that ask a question across a distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dashboard.analyses.long_range import measure as ranges
from dashboard.analyses.long_range.chart import reach as panels
from dashboard.analyses.long_range.chart import reach_atlas
from dashboard.analyses.long_range.measure import Reach, curve
from dashboard.analyses.long_range.text import reach_finding
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export.call import Call, Model, given
from dashboard.export.provenance import origin
from dashboard.heads.head_id import HeadId, every_head


def long_range(model: AttentionModel, question: str = "verb") -> Reach:
    """How far every head reaches: a verb to its subject ("verb"), or a name to its first mention ("name").

    See `long_range.measure`. Raises UserError for another question, and where the model cannot read the texts.
    """
    return ranges.long_range(model, question)


def draw_long_range(
    reach: Reach,
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
    """Attention against distance of these heads over all texts; of none named, the four best, chosen on one half of
    the texts and shown on the other. Or all heads on one sheet (selected, tray, epoch, names: as in `draw_atlas`).

    Raises UserError for a head that the model does not have."""
    asked, named = reach.question, [_existing(reach, head) for head in heads]
    asked_for, model = [str(head) for head in named], Model(reach.name, reach.revision, reach.model)
    look = given(heads=asked_for or None, all_heads=all_heads or None, theme=theme, width=width)
    again = Call("draw_long_range", (Call("long_range", (model, asked.name), to="reach"),), look, makes="figure")
    view, said = "longrange-heads" if all_heads else "longrange", {"question": asked.name} | look
    made = origin(model, "", view, again, heads=asked_for, options=said)
    if all_heads:
        over = f"mean over {len(reach.share)} {asked.items} at {len(asked.steps)} distances"
        selection, look = Selection(selected, tuple(tray), epoch, names), Look(theme, width)
        sheet = reach_atlas(reach.lift(), look, seen=asked.seen, over=over, model=reach.model, selection=selection)
        return sheet.made_of(made)
    items = None if named else reach.shown_on
    shown = named or reach.best(4)
    texts = len(reach.share if named else reach.shown_on)
    whose = " and ".join(map(str, shown)) if named else "The four best heads"
    chart = panels(
        [curve(reach, head, items) for head in shown],
        Look(theme, width),
        title=f"{whose} · {reach.model}",
        subtitle=[
            f"share of attention from {asked.looks} to {asked.seen}",
            f"mean over {texts} {asked.items} and its 95\u00a0% interval"
            + ("" if named else f"; chosen on the other {len(reach.chosen_on)}"),
        ],
        description=reach_finding(reach, named[0] if named else None),
        seen=asked.seen,
        unit=asked.unit,
    )
    return chart.made_of(made)


def _existing(reach: Reach, head: HeadId | str) -> HeadId:
    wanted, (layers, heads) = HeadId.of(head), reach.share.shape[2:]
    if wanted not in every_head(layers, heads):
        raise UserError(
            f"{reach.model} has layers 0 to {layers - 1} and heads 0 to {heads - 1}; {wanted} is none of them."
        )
    return wanted
