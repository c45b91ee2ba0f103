"""Draw what edits of attention change.

found = edit(model, "The keys to the cabinet", ["L9H4:cabinet>keys"], answer="are", rival="is")
save(draw_next(found), "next.svg")                # the next token, without the edits and with them
save(draw_edit(found), "changed.svg")             # the text, each word shaded by its change
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dashboard.analyses.edit.api import call_of, provenance_of_edit
from dashboard.analyses.edit.effect import Edited
from dashboard.analyses.edit.text import edit_finding, named
from dashboard.charts.candidate_bars import candidate_bars
from dashboard.charts.changed_text import changed_text
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, given
from dashboard.heads.format import capital
from dashboard.heads.text_effect import TextEffect, effect_on_text, most_changed
from dashboard.text import Special, Unit

WHAT = {
    "shift": ("1 − cosine of the last vectors with and without the edits", "; for a word, the mean over its tokens"),
    "loss_change": ("change of the loss in nats", "; for a word, the sum over its tokens"),
}


def effect_of(found: Edited, unit: Unit = "words", special: Special = "show") -> TextEffect:
    """The change at each position of the text, from `edit`."""
    return effect_on_text(found.table, found.encoding, unit=unit, special=special, model=found.model)


def draw_edit(
    found: Edited,
    *,
    unit: Unit = "words",
    special: Special = "show",
    theme: Theme = "light",
    width: float | None = None,
) -> Drawing:
    """Draw the text with each word shaded by what the edits change: the loss in nats (green: predicted worse), or the
    shift of its last vectors, 1 − cosine in [0, 2].

    found: from `edit`; other parameters as in `draw`
    """
    effect = effect_of(found, unit, special)
    what, of_words = WHAT[found.measure]
    chart = changed_text(
        effect,
        Look(theme, width),
        title=f"{capital(named(found))} · {drawable(found.model)}",
        subtitle=[unit, what + (of_words if unit == "words" else "")],
        description=f"The text, shaded by what changes. {edit_finding(found)} {most_changed(effect)}".strip(),
        how="with the edits",
    )
    keywords = {"unit": unit, "special": special}
    return chart.made_of(_provenance(found, "draw_edit", "edit", keywords, theme=theme, width=width))


def draw_next(found: Edited, *, theme: Theme = "light", width: float | None = None) -> Drawing:
    """Draw the next token: the answer, its rival and the most probable tokens, each with a bar for its probability
    without the edits and below it one with them.

    found: from `edit`; theme, width: as in `draw`. Raises UserError for a model that predicts no next token.
    """
    if not len(found.next):
        raise UserError(f"{found.model} predicts no next token. Draw the change of the text with draw_edit.")
    answer, rival = map(str, found.next["token"][:2])
    chart = candidate_bars(
        found.next,
        Look(theme, width),
        after="edited",
        how=("without the edits", "with the edits"),
        vocabulary=found.vocabulary,
        title=f"The next token, {named(found)} · {drawable(found.model)}",
        subtitle=[
            "upper bar: probability without the edits · lower bar: with them",
            f"first “{drawable(answer)}” and its rival “{drawable(rival)}”, then the most probable tokens",
        ],
        description=edit_finding(found),
    )
    return chart.made_of(_provenance(found, "draw_next", "next", {}, theme=theme, width=width))


def _provenance(found: Edited, verb: str, view: str, keywords: Mapping[str, object], **look: object) -> Provenance:
    made, look = provenance_of_edit(found), given(**look)
    call = Call(verb, (call_of(found)[0],), {**keywords, **look}, makes="figure")
    return replace(made, view=view, options=made.options | dict(keywords) | look, call=call)
