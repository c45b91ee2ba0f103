"""Ablate heads on a text and over the built-in sentences, and draw the effects. For the page and for a notebook.

found = ablate_on_text(model, "The chef says ramen is her favourite food.", "L2H9")
save(draw_ablation(found), "without.svg")
every = head_effects(model)                       # all heads over 32 sentences; stored results are reused
save(draw_ranking(every, "L2H9"), "standing.svg")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType

from dashboard.analyses.ablation.api import Effect, Progress, ablate, provenance_of_effect, with_twin
from dashboard.analyses.ablation.rank import UNITS, head_rank
from dashboard.analyses.ablation.rank_chart import effect_ranking
from dashboard.analyses.ablation.results import MEASUREMENT, SENTENCES, HeadEffects, Request
from dashboard.analyses.ablation.text import effect_finding, rank_finding
from dashboard.capture import AttentionModel, untrained_twin
from dashboard.capture.ablate import By, Held
from dashboard.charts.changed_text import changed_text
from dashboard.charts.drawing import Drawing
from dashboard.charts.head_grid_values import head_grid
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Text, given
from dashboard.heads.format import counted, heads_together
from dashboard.heads.head_id import HeadId, heads_of
from dashboard.heads.text_effect import TextEffect, effect_on_text, most_changed
from dashboard.heads.untrained import has_twin
from dashboard.heads.view import existing_head
from dashboard.jobs.results import twin_request
from dashboard.text import Encoding, Special, Unit

BY = {"zero": "replaced by zero", "mean": "replaced by its mean"}
TITLES = {"loss_change": "Change of loss", "shift": "Shift of the last vectors"}


@dataclass(frozen=True, eq=False)
class AblationOnText:
    """The effect of ablating one head, or several together, on a text, with the encoded text and the heads."""

    effect: Effect
    encoding: Encoding
    heads: tuple[HeadId, ...]

    @property
    def provenance(self) -> Provenance:
        return provenance_of_effect(self.effect)

    @property
    def finding(self) -> str:
        return effect_finding(self.effect.table, self.provenance.title)

    @property
    def named(self) -> str:
        """``L2H9``, ``L2H9 and L5H1 together``."""
        return heads_together(self.heads)

    def over(self, unit: Unit, special: Special = "show") -> TextEffect:
        """The effect at each position, see `effect_on_text`."""
        return effect_on_text(
            self.effect.tokens, self.encoding, unit=unit, special=special, model=self.provenance.title
        )


def ablate_on_text(
    model: AttentionModel,
    text: str | Encoding,
    head: str | HeadId | Sequence[str | HeadId],
    *,
    by: By = "zero",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    progress: Progress | None = None,
    held: Held | None = None,
) -> AblationOnText:
    """Ablate one head on a text, or several together.

    Parameters and errors as in `dashboard.ablate`.
    """
    wanted = [head] if isinstance(head, str | HeadId) else list(head)
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    how = {"by": by, "bos": bos, "limit": limit, "progress": progress, "together": len(wanted) > 1, "held": held}
    effect = ablate(model, encoding, wanted, **how)
    return AblationOnText(effect, encoding, tuple(sorted({existing_head(model, one) for one in wanted})))


def draw_ablation(
    found: AblationOnText,
    *,
    unit: Unit = "words",
    special: Special = "show",
    theme: Theme = "light",
    width: float | None = None,
    word: int | None = None,
    epoch: int | None = None,
) -> Drawing:
    """Draw the text with each word shaded by its effect. word, epoch: as in `text_chart.changed_text`."""
    effect, origin = found.over(unit, special), found.provenance
    if effect.measure == "shift":
        what = "1 − cosine of the last vectors with and without the head"
        what += "; for a word, the mean over its tokens" if unit == "words" else ""
    else:
        what = "change of the loss in nats" + ("; for a word, the sum over its tokens" if unit == "words" else "")
    which = "the head" if len(found.heads) == 1 else "the heads"
    chart = changed_text(
        effect,
        Look(theme, width),
        title=f"Without {found.named} · {origin.title}",
        subtitle=[f"{unit}, {which} {BY[found.effect.by]}", what],
        description=f"The text, shaded by what changes. {found.finding} {most_changed(effect)}".strip(),
        how=f"without {which}",
        word=word,
        epoch=epoch,
    )
    names = [str(head) for head in found.heads]
    made = on_text("ablate_on_text", origin, names if len(names) > 1 else names[0])
    origin = replace(origin, view="without", unit=unit, special=special)
    keywords = {"unit": unit, "special": special}
    return chart.made_of(drawing_provenance(origin, "draw_ablation", (made,), keywords, theme=theme, width=width))


def head_effects(
    model: AttentionModel,
    *,
    by: By = "zero",
    bos: bool = True,
    sentences: int = SENTENCES,
    twin: bool = False,
    progress: Progress | None = None,
) -> HeadEffects:
    """The effect of ablating each head over built-in sentences (32): the stored result, or a new measurement.

    twin: also the effects in the untrained twin (METRICS §10), in columns ``untrained_…``

    Raises UserError as `dashboard.ablate_in` does, and with `twin` as `dashboard.untrained_twin`.
    """
    request = Request.of(model, by, bos, sentences)
    every = _stored(request) or MEASUREMENT.measure(request, model, progress=progress)
    if not twin:
        return every
    of_twin = twin_request(request, model.source)
    return effects_with_twin(
        every, _stored(of_twin) or MEASUREMENT.measure(of_twin, untrained_twin(model), progress=progress)
    )


def _stored(request: Request) -> HeadEffects | None:
    with suppress(UserError):
        return MEASUREMENT.find(request)
    return None


def effects_with_twin(every: HeadEffects, twin: HeadEffects) -> HeadEffects:
    """The effects of a model's heads and those of its untrained twin in one table, as `head_effects` with ``twin=True``
    gives it."""
    options = every.provenance.options | {"twin": True}
    return HeadEffects(with_twin(every.table, twin.table), replace(every.provenance, options=options))


def draw_ranking(
    every: HeadEffects,
    head: str | HeadId | None = None,
    *,
    theme: Theme = "light",
    width: float | None = None,
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Draw all heads ranked by effect size, with 95 % intervals; mark one of them. names: as in `draw_atlas`.

    Raises UserError for a head that the model does not have.
    """
    chosen = None if head is None else HeadId.of(head)
    sentence = "" if chosen is None else rank_finding(head_rank(every.table, chosen))
    sure = " · hollow: the interval includes 0" if every.measure == "loss_change" else ""
    sure += " · grey tick: the untrained twin" if has_twin(every.table, every.measure) else ""
    chart = effect_ranking(
        every.table,
        Look(theme, width),
        title=f"{TITLES[every.measure]}, head by head · {every.provenance.title}",
        subtitle=[f"one dot per head, largest first · whiskers: 95 % interval over sentences{sure}", over(every)],
        description=f"All {len(every.table)} heads by their effect when ablated. {sentence}".strip(),
        selection=Selection(chosen, epoch=epoch, names=names),
    )
    marked = () if chosen is None else (str(chosen),)
    origin = replace(every.provenance, view="standing", heads=marked)
    return chart.made_of(
        drawing_provenance(origin, "draw_ranking", (_again(origin), *marked), theme=theme, width=width)
    )


def draw_effects(
    every: HeadEffects,
    *,
    theme: Theme = "light",
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    width: float | None = None,
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Draw all heads in one grid, coloured by effect size. selected, tray, epoch, names: as in `draw_atlas`."""
    name, title = every.measure, every.provenance.title
    top = every.table.nlargest(3, name)
    most = ", ".join(map(str, heads_of(top)))
    chart = head_grid(
        every.table,
        name,
        Look(theme, width),
        title=f"{TITLES[name]} · {title}",
        unit=UNITS[name],
        subtitle=[over(every)],
        description=f"{TITLES[name]} when each head of {title} is ablated. Largest: {most}.",
        selection=Selection(selected, tuple(tray), epoch, names),
    )
    origin = replace(every.provenance, view="effects")
    return chart.made_of(drawing_provenance(origin, "draw_effects", (_again(origin),), theme=theme, width=width))


def over(every: HeadEffects) -> str:
    """``32 sentences that come along, 540 tokens; the head replaced by zero``."""
    row, options = every.table.iloc[0], every.provenance.options
    return (
        f"{counted(int(row['sentences']), 'built-in sentences')}, {counted(int(row['tokens']), 'tokens')} · the head "
        f"{BY[options['by']]}"
    )


def _again(origin: Provenance) -> Call:
    """The call that reproduces the effects of all heads."""
    how = {name: origin.options[name] for name in ("by", "bos")}
    if (sentences := origin.options.get("sentences", SENTENCES)) != SENTENCES:
        how["sentences"] = sentences
    how |= {"twin": True} if origin.options.get("twin") else {}
    return Call("head_effects", (origin.opened,), how, to="every")


def on_text(verb: str, origin: Provenance, heads: str | list[str]) -> Call:
    """The call that reproduces the ablation of these heads on the text, with the same options."""
    how = {name: origin.options[name] for name in ("by", "bos", "limit", "pair") if name in origin.options}
    return Call(verb, (origin.opened, Text(origin.text), heads), how, to="found")


def drawing_provenance(
    origin: Provenance, verb: str, args: tuple, keywords: Mapping[str, object] = MappingProxyType({}), **look: object
) -> Provenance:
    """The provenance of a drawing, with the call that reproduces it.

    keywords: arguments of the call that `origin` records already; look: arguments to record as well
    """
    look = given(**look)
    call = Call(verb, args, {**keywords, **look}, makes="figure")
    return replace(origin, options=origin.options | look, call=call)
