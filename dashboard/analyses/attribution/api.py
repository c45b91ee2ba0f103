"""What decided a prediction? For the page, the command line and a notebook.

found = attribute(model, "Mary and John went out, and John gave a drink to", answer="Mary", rival="John")
found.table                                       # a row per token: gradient × input, integrated gradients
found.heads                                       # a row per head: its rank agreement with them, and q
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from dashboard.analyses.attribution import agreement
from dashboard.analyses.attribution.measure import POINTS, Progress, measured
from dashboard.analyses.attribution.outcome import Outcome, outcomes
from dashboard.capture import AttentionModel
from dashboard.capture.gradients import Kind, predictor
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text
from dashboard.export.provenance import origin, reading
from dashboard.heads.continuation import last_of
from dashboard.heads.head_id import HeadId, columns_of, head_columns
from dashboard.heads.pooling import Pooling
from dashboard.text import Encoding
from dashboard.text.encoding import Axis

STEPS, LEAST_STEPS, MOST_STEPS = 240, POINTS, 10_000
By = Literal["integrated", "gradient"]
"""Integrated gradients, or gradient × input."""


@dataclass(frozen=True, eq=False)
class Attributed:
    """What decided a prediction of one text.

    F is the logit of the answer less that of its rival, or without one less the mean logit of all outcomes.

    Attributes
    ----------
    table: a row per token: position (from 0), token, special, gradient (gradient × input) and integrated (integrated
        gradients, empty at special tokens), both in logits
    heads: a row per head, by agreement: layer, head; agreement (Spearman’s ρ of its attention from the predicting token
        with the words’ |integrated gradients|) and q; agreement_gradient and q_gradient, the same with gradient ×
        input; special, the share of that attention which goes to special tokens
    rows: attention from the predicting token to each position of `axis` (h, m), heads in the model’s order
    answer, rival: the outcomes; typed: as they were given
    kind: "next" token, "masked" token or "class"
    places: the tokens that the prediction is read from
    value, at_baseline: F of the text and of the baseline
    steps, points: the most points of the path at which gradients might be taken, and at how many they were
    along: what the pieces of the path err by in all, whatever its sign, logits; at least |`error`|
    order: what word order alone has for an agreement: Spearman’s ρ of nearness to the predicting token, by `By`
    name, revision, model: of the model: what opens it, its commit, its title
    text, encoding, reading: the text, as the model reads it, and the options it was read with
    """

    table: pd.DataFrame
    heads: pd.DataFrame
    rows: np.ndarray
    every: tuple[HeadId, ...]
    answer: Outcome
    rival: Outcome | None
    typed: tuple[str, str]
    kind: Kind
    places: tuple[int, ...]
    value: float
    at_baseline: float
    steps: int
    points: int
    along: float
    order: Mapping[str, float]
    name: str
    revision: str
    model: str
    text: str
    encoding: Encoding
    reading: Mapping[str, Any]
    part: str = ""
    source: str = ""

    @cached_property
    def axis(self) -> Axis:
        """The words of the text, with special tokens between them."""
        return self.encoding.axis("words")

    @property
    def own(self) -> np.ndarray:
        """The positions of `axis` that are words."""
        return np.flatnonzero(~np.array(self.axis.special, bool))

    @property
    def error(self) -> float:
        """What the integrated gradients sum to, less F(text) − F(baseline)."""
        return float(self.table["integrated"].sum()) - (self.value - self.at_baseline)

    def of_words(self, by: By = "integrated") -> np.ndarray:
        """The attribution of each position of `axis`, the sum over its tokens: (m); NaN at special ones."""
        found = Pooling.of(self.axis).columns(self.table[by].to_numpy(float))
        return np.where(self.axis.special, np.nan, found)

    @property
    def between(self) -> float:
        """Spearman’s ρ of both attributions over the words, with their signs; NaN under three words."""
        one, other = (self.of_words(by)[self.own] for by in ("integrated", "gradient"))
        return float(agreement.agreement(one, other))

    def attention(self, head: str | HeadId) -> np.ndarray:
        """The attention of a head from the predicting token to each position of `axis` (m). Raises UserError where the
        model has no such head."""
        head = HeadId.of(head)
        if head not in self.every:
            raise UserError(f"{self.model} has no head {head}.")
        return self.rows[self.every.index(head)]

    def ranked(self, by: By = "integrated") -> pd.DataFrame:
        """The heads by their agreement with one attribution: layer, head, score (the agreement), baseline (`order`), q,
        special."""
        end = "" if by == "integrated" else "_gradient"
        heads = self.heads
        columns = {
            "score": heads[f"agreement{end}"],
            "baseline": self.order[by],
            "q": heads[f"q{end}"],
            "special": heads["special"],
        }
        found = heads[columns_of(heads)].assign(**columns)
        return found.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def attribute(
    model: AttentionModel,
    text: str | Encoding,
    *,
    answer: str = "",
    rival: str = "",
    steps: int = STEPS,
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    progress: Progress | None = None,
) -> Attributed:
    """What each token adds to a prediction, and which heads look at the words that add most (METRICS).

    The prediction is the class, where the model’s files hold a classifier; the token after the text of a causal
    language model; and of a masked one the token behind the one [MASK] of the text. F is the logit of the answer less
    that of its rival; without one, less the mean logit of all outcomes.

    Parameters
    ----------
    answer, rival: a next word, of which the first token counts, or a class by name or number. "": the most probable
        outcome, and no rival
    steps: the most points of the path from the baseline to the text at which gradients are taken, 4 to 10,000. It is
        fewer where the integrated gradients already sum to F(text) − F(baseline) within 5 %
    bos, limit, pair: as in `dashboard.attention`
    progress: is told how far it is, before each pass; where it raises `measure.Enough`, the points so far are
        taken

    Gradients by captum. Raises UserError for a model that predicts nothing or whose tokens no gradient reaches, a text
    of over 256 tokens or of special tokens alone, and an answer that there is not.
    """
    if not LEAST_STEPS <= steps <= MOST_STEPS:
        raise UserError(f"There can be {LEAST_STEPS} to {MOST_STEPS:,} steps, not {steps:,}.")
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    predicts = predictor(model, encoding, last_of(encoding))
    chosen, other = outcomes(predicts, answer, rival, bos=bos)
    figures = measured(predicts, chosen.place, None if other is None else other.place, steps=steps, progress=progress)
    table = pd.DataFrame(
        {
            "position": range(len(encoding)),
            "token": encoding.drawn,
            "special": encoding.special,
            "gradient": figures.gradient,
            "integrated": figures.integrated,
        }
    )
    rows = Pooling.of(encoding.axis("words")).columns(agreement.attention_from(model, encoding, predicts.places))
    found = Attributed(
        table,
        pd.DataFrame(),
        rows,
        model.all_heads,
        chosen,
        other,
        (answer, rival),
        predicts.kind,
        predicts.places,
        figures.value,
        figures.at_baseline,
        figures.steps,
        figures.points,
        figures.along,
        {},
        model.name,
        model.revision,
        model.title,
        encoding.texts[0],
        encoding,
        reading(encoding, bos=bos, limit=limit),
    )
    return recorded(_with_heads(found))


def _with_heads(found: Attributed) -> Attributed:
    own, rows = found.own, found.rows[:, found.own]
    near = agreement.nearness([found.axis.members[place] for place in own], found.places)
    order, figures = {}, {}
    ends: dict[By, str] = {"integrated": "", "gradient": "_gradient"}
    for by, end in ends.items():
        sizes = np.abs(found.of_words(by)[own])
        order[by] = float(agreement.agreement(near, sizes))
        figures[f"agreement{end}"] = agreement.agreement(rows, sizes)
        figures[f"q{end}"] = agreement.q_of_agreement(rows, sizes)
    figures["special"] = found.rows[:, np.array(found.axis.special, bool)].sum(1)
    heads = pd.DataFrame({**head_columns(found.every), **figures})
    heads = heads.sort_values("agreement", ascending=False, kind="stable", ignore_index=True)
    return replace(found, heads=heads, order=order)


def recorded(found: Attributed) -> Attributed:
    """The result, whose tables know the call that makes them."""
    for name in ("table", "heads"):
        getattr(found, name).attrs["provenance"] = provenance_of_attribution(found, name).to_dict()
    return found


def provenance_of_attribution(found: Attributed, which: str = "table", *heads: HeadId) -> Provenance:
    """The provenance of one of the two tables. heads: that it is about"""
    made, options = call_of(found)
    part = Part(replace(made, to=""), which, "table")
    return origin(Model.kept(found), found.text, "attribution", part, heads=heads, unit="tokens", options=options)


def call_of(found: Attributed) -> tuple[Call, dict[str, Any]]:
    """The call that makes it again, and its options."""
    how: dict[str, Any] = {name: one for name, one in zip(("answer", "rival"), found.typed, strict=True) if one}
    how |= {"steps": found.steps} if found.steps != STEPS else {}
    how |= dict(found.reading)
    return Call("attribute", (Model.kept(found), Text(found.text)), how, to="found"), how
