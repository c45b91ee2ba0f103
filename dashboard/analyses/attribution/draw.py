"""Draw what decided a prediction. For the page and a notebook.

found = attribute(model, "Mary and John went out, and John gave a drink to", answer="Mary", rival="John")
save(draw_attribution(found), "decided.svg")                 # the text, each word shaded by what it adds
save(draw_attribution_heads(found), "heads.svg")             # the heads whose attention agrees most
save(draw_attribution_words(found, "L12H3"), "words.svg")    # one head next to it, word by word
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from dashboard.analyses.attribution.api import Attributed, By, call_of, provenance_of_attribution
from dashboard.analyses.attribution.text import NAMES, answer_said, attribution_finding, heads_finding
from dashboard.analyses.attribution.words_chart import Word, words_chart
from dashboard.charts.changed_text import changed_text
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look, Selection
from dashboard.charts.ranking import BEST, ranking
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, given
from dashboard.heads.chance_words import HOLLOW
from dashboard.heads.format import capital, counted
from dashboard.heads.head_id import HeadId
from dashboard.heads.text_effect import TextEffect, effect_on_text
from dashboard.text import Special, Unit


def draw_attribution(
    found: Attributed,
    by: By = "integrated",
    *,
    unit: Unit = "words",
    special: Special = "show",
    theme: Theme = "light",
    width: float | None = None,
) -> Drawing:
    """Draw the text with each word shaded by what it adds to the answer, in logits: green towards it, purple away from
    it. Both attributions have one scale.

    found: from `attribute`; by: "integrated" gradients, or "gradient" × input; other parameters as in `draw`. Raises
    UserError for another attribution.
    """
    effects = {one: _effect(found, one, unit, special) for one in NAMES}
    _check(by)
    sizes = [np.nan_to_num(np.abs(effect.values)).max(initial=0.0) for effect in effects.values()]
    chart = changed_text(
        effects[by],
        Look(theme, width),
        title=f"{capital(NAMES[by])} · {drawable(found.model)}",
        subtitle=[f"{unit}, in logits"],
        description=attribution_finding(found, by),
        how=drawable(answer_said(found)),
        least=max(map(float, sizes)),
    )
    return chart.made_of(_made(found, "draw_attribution", by, {"unit": unit, "special": special}, Look(theme, width)))


def draw_attribution_heads(
    found: Attributed,
    by: By = "integrated",
    *,
    theme: Theme = "light",
    width: float | None = None,
    selected: HeadId | None = None,
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Draw the 15 heads whose attention agrees most with an attribution: a dot for Spearman’s ρ, hollow where q > 0.05,
    a tick for what nearness to the predicting token has.

    by: as in `draw_attribution`; selected, epoch, names: as in `draw_atlas`. Raises UserError where there is no ρ.
    """
    _check(by)
    table = found.ranked(by).dropna(subset=["score"])
    if not len(table):
        raise UserError(heads_finding(found, by))
    words = counted(len(found.own), "words")
    chart = ranking(
        table,
        Look(theme, width),
        title=f"Heads that agree with the {NAMES[by]} · {drawable(found.model)}",
        subtitle=[
            f"dot: rank agreement ρ with |attribution| ({HOLLOW}) · tick: nearness alone",
            f"the {min(BEST, len(table))} heads with the largest ρ, of {len(table)} · {words}",
        ],
        description=heads_finding(found, by),
        selection=Selection(selected, epoch=epoch, names=names),
        share=False,
        elsewhere="nearness alone",
        alone="nearness has none",
    )
    return chart.made_of(_made(found, "draw_attribution_heads", by, {}, Look(theme, width)))


def draw_attribution_words(
    found: Attributed,
    head: str | HeadId,
    by: By = "integrated",
    *,
    theme: Theme = "light",
    width: float | None = None,
) -> Drawing:
    """Draw each word of the text with what it adds to the answer, next to what a head attends to it from the predicting
    token. Of more than 40 words, those with most of either.

    by: as in `draw_attribution`. Raises UserError for a head that there is not.
    """
    _check(by)
    head = HeadId.of(head)
    attention = found.attention(head)
    adds, own = found.of_words(by), found.own
    words = [Word(found.axis.labels[k], float(adds[k]), float(attention[k])) for k in own]
    chart = words_chart(
        words,
        Look(theme, width),
        head=str(head),
        special=float(np.delete(attention, own).sum()),
        title=f"{capital(NAMES[by])} and {head} · {drawable(found.model)}",
        subtitle=[f"what each word adds to {drawable(answer_said(found))}; attention from where it is predicted"],
        description=heads_finding(found, by, head),
    )
    more = {} if by == "integrated" else {"by": by}
    look = given(**Look(theme, width).keywords())
    call = Call("draw_attribution_words", (call_of(found)[0], str(head)), {**more, **look}, makes="figure")
    origin = provenance_of_attribution(found, "heads", head)
    return chart.made_of(replace(origin, options=origin.options | more | look, call=call))


def words_table(found: Attributed, head: HeadId | None = None) -> pd.DataFrame:
    """A row per word: word, gradient, integrated, and the attention of a head."""
    own = found.own
    columns: dict[str, Any] = {"word": [found.axis.labels[k] for k in own]}
    columns |= {by: found.of_words(by)[own] for by in NAMES}
    if head is not None:
        columns["attention"] = found.attention(head)[own]
    return pd.DataFrame(columns)


def _effect(found: Attributed, by: By, unit: Unit, special: Special) -> TextEffect:
    rows = found.table[~found.table["special"]]
    table = rows[["position"]].assign(attribution=rows[by])
    return effect_on_text(table, found.encoding, unit=unit, special=special, model=found.model)


def _check(by: str) -> None:
    if by not in NAMES:
        raise UserError(f"There is no attribution “{by}”. Choose integrated or gradient.")


def _made(found: Attributed, verb: str, by: By, keywords: Mapping[str, object], look: Look) -> Provenance:
    """The provenance of a drawing."""
    origin, shown = provenance_of_attribution(found), given(**look.keywords())
    more = {} if by == "integrated" else {"by": by}
    call = Call(verb, (call_of(found)[0],), {**more, **keywords, **shown}, makes="figure")
    return replace(
        origin, view=verb.removeprefix("draw_"), options=origin.options | more | dict(keywords) | shown, call=call
    )
