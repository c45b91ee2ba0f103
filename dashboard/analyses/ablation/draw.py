"""A model without a head, on a text and over our own sentences: measured, kept and drawn. What the page and a notebook
call.

    found = ablate_on_text(model, "The chef says ramen is her favourite food.", "L2H9")
    save(draw_ablation(found), "without.svg")
    every = head_effects(model)                       # all heads over 32 sentences; what is kept is not measured again
    save(draw_ranking(every, "L2H9"), "standing.svg")

`python -m dashboard.analyses.ablation.draw DIR` is the process of a job that measures all heads.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dashboard.analyses.ablation.api import Effect, Progress, ablate, ablate_in, provenance_of_effect
from dashboard.analyses.ablation.effect import effect_finding
from dashboard.analyses.ablation.effect_on_text import TextEffect, effect_on_text, most_changed
from dashboard.analyses.ablation.rank import UNITS, rank_finding, standing
from dashboard.analyses.ablation.rank_chart import effect_ranking
from dashboard.analyses.ablation.results import (
    SENTENCES,
    TABLE,
    Asked,
    Measured,
    find_measured,
    folder_for,
    keep_measured,
)
from dashboard.analyses.ablation.text_chart import changed_text
from dashboard.capture import AttentionModel
from dashboard.capture.ablate import By
from dashboard.charts.drawing import Drawing
from dashboard.charts.head_grid_values import head_grid
from dashboard.charts.theme import Theme
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.snippet import keywords, made_again
from dashboard.heads.format import counted, listed
from dashboard.heads.head_id import HeadId, heads_of
from dashboard.heads.view import existing_head
from dashboard.jobs import job
from dashboard.text import Encoding, Special, Unit

BY = {"zero": "replaced by zero", "mean": "replaced by its mean"}
TITLES = {"loss_change": "Change of loss", "shift": "Shift of the last vectors"}


@dataclass(frozen=True, eq=False)
class AblationOnText:
    """What changes on a text without a head, or without several together: the numbers, the text as the model sees it,
    which heads."""

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
        return listed([str(head) for head in self.heads]) + (" together" if len(self.heads) > 1 else "")

    def over(self, unit: Unit, special: Special = "show") -> TextEffect:
        """Position by position, see `effect_on_text`."""
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
) -> AblationOnText:
    """What changes on a text without one head, or without several that are taken out together.

    Parameters and errors as in `dashboard.ablate`.
    """
    asked = [head] if isinstance(head, str | HeadId) else list(head)
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    how = {"by": by, "bos": bos, "limit": limit, "progress": progress, "together": len(asked) > 1}
    effect = ablate(model, encoding, asked, **how)
    return AblationOnText(effect, encoding, tuple(sorted({existing_head(model, one) for one in asked})))


def draw_ablation(
    found: AblationOnText,
    *,
    unit: Unit = "words",
    special: Special = "show",
    theme: Theme = "light",
    width: float | None = None,
) -> Drawing:
    """The text, each word on a shade of what changes on it, see `text_chart`."""
    effect, origin = found.over(unit, special), found.provenance
    if effect.measure == "shift":
        what = "1 − cosine of the last vectors with and without the head"
        what += ", a word’s the mean over its tokens" if unit == "words" else ""
    else:
        what = "change of the loss in nats" + (", a word’s the sum over its tokens" if unit == "words" else "")
    which = "the head" if len(found.heads) == 1 else "the heads"
    chart = changed_text(
        effect,
        theme,
        title=f"Without {found.named} · {origin.title}",
        subtitle=[f"{unit}, {which} {BY[found.effect.by]}", what],
        description=f"The text, shaded by what changes. {found.finding} {most_changed(effect)}".strip(),
        heads=which,
        width=width,
    )
    names = [str(head) for head in found.heads]
    which_ones = names if len(names) > 1 else names[0]
    asked = {"unit": unit, "special": special, "theme": theme, "width": width}
    return chart.made_of(
        recipe_of(
            replace(origin, view="without", unit=unit, special=special),
            "draw_ablation, ablate_on_text",
            f"draw_ablation(ablate_on_text(model, text, {which_ones!r}{keywords(reading_of(origin))})",
            asked,
        )
    )


def head_effects(
    model: AttentionModel, *, by: By = "zero", bos: bool = True, progress: Progress | None = None
) -> Measured:
    """What the absence of each head changes over 32 sentences of our own corpus: as it is kept, else measured now.

    Raises UserError as `dashboard.ablate_in` does.
    """
    asked = Asked.of(model, by, bos)
    try:
        kept = find_measured(asked)
    except UserError:
        kept = None
    if kept is not None:
        return kept
    table = ablate_in(model, builtin_corpus(), by=by, sentences=SENTENCES, bos=asked.bos, progress=progress).table
    return Measured(table, Provenance.from_dict(table.attrs["provenance"]))


def begin(model: AttentionModel, by: By, bos: bool) -> job.Job:
    """Measures all heads in the background. Raises UserError where a job is going, or nothing can be written."""
    asked = Asked.of(model, by, bos)
    return job.start(
        asked.model,
        builtin_corpus(),
        folder_for(asked),
        limit=SENTENCES,
        work="dashboard.analyses.ablation.draw",
        by=by,
        bos=asked.bos,
    )


def draw_ranking(
    every: Measured,
    head: str | HeadId | None = None,
    *,
    theme: Theme = "light",
    width: float | None = None,
    turn: int = 0,
) -> Drawing:
    """All heads by what their absence changes, with 95 % intervals; one of them marked.

    Raises UserError where there is no such head.
    """
    chosen = None if head is None else HeadId.of(head)
    said = "" if chosen is None else rank_finding(standing(every.table, chosen))
    sure = " · hollow: the interval holds 0" if every.measure == "loss_change" else ""
    chart = effect_ranking(
        every.table,
        theme,
        title=f"{TITLES[every.measure]}, head by head · {every.provenance.title}",
        subtitle=[f"a dot a head, from the largest · whiskers: 95 % interval over sentences{sure}", over(every)],
        description=f"All {len(every.table)} heads by what their absence changes. {said}".strip(),
        selected=chosen,
        width=width,
        turn=turn,
    )
    called = "draw_ranking(" + _made(every) + ("" if chosen is None else f", {str(chosen)!r}")
    origin = replace(every.provenance, view="standing", heads=() if chosen is None else (str(chosen),))
    return chart.made_of(recipe_of(origin, "draw_ranking, head_effects", called, {"theme": theme, "width": width}))


def draw_effects(
    every: Measured,
    *,
    theme: Theme = "light",
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    width: float | None = None,
    turn: int = 0,
) -> Drawing:
    """All heads on one sheet, coloured by what their absence changes. selected, tray, turn: as in `draw_atlas`."""
    name, title = every.measure, every.provenance.title
    top = every.table.nlargest(3, name)
    most = ", ".join(map(str, heads_of(top)))
    chart = head_grid(
        every.table,
        name,
        theme,
        title=f"{TITLES[name]} · {title}",
        unit=UNITS[name],
        subtitle=[over(every)],
        description=f"{TITLES[name]} without each of all heads of {title}. Most: {most}.",
        selected=selected,
        tray=tray,
        width=width,
        turn=turn,
    )
    asked = {"theme": theme, "width": width}
    origin = replace(every.provenance, view="effects")
    return chart.made_of(recipe_of(origin, "draw_effects, head_effects", f"draw_effects({_made(every)}", asked))


def over(every: Measured) -> str:
    """``32 sentences that come along, 540 tokens; the head replaced by zero``."""
    row, options = every.table.iloc[0], every.provenance.options
    return (
        f"{counted(int(row['sentences']), 'sentences')} that come along, {counted(int(row['tokens']), 'tokens')} · the "
        f"head {BY[options['by']]}"
    )


def _made(every: Measured) -> str:
    options = every.provenance.options
    return f"head_effects(model, by={options['by']!r}, bos={options['bos']!r})"


def reading_of(origin: Provenance) -> dict[str, object]:
    """How a text was read and what took the heads' place."""
    return {name: origin.options[name] for name in ("by", "bos", "limit", "pair") if name in origin.options}


def recipe_of(origin: Provenance, names: str, called: str, asked: dict) -> Provenance:
    """The provenance of a drawing, with the lines that make it again."""
    asked = {name: value for name, value in asked.items() if value is not None}
    drawn = {name: value for name, value in asked.items() if name not in ("unit", "special")}
    text = [f"text = {origin.text!r}"] if "text" in called else []
    origin = replace(origin, options=origin.options | drawn)
    return made_again(origin, names.split(", "), f"{called}{keywords(asked)})", *text)


def _measure(out: Path, asked: dict, progress: Progress) -> None:
    """The work of a job."""
    from dashboard.capture import open_model

    progress(0.0, "Opening the model")
    model = open_model(asked["model"])
    effect = ablate_in(
        model, asked["path"], by=asked["by"], sentences=asked["limit"], bos=asked["bos"], progress=progress
    )
    keep_measured(effect.table, Asked.of(model, asked["by"], asked["bos"]), out / TABLE)


if __name__ == "__main__":
    from dashboard.jobs.runner import main

    sys.exit(main(Path(sys.argv[1]), _measure))
