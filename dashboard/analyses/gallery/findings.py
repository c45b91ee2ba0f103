"""The findings: what each is about, how its numbers are computed, and where the dashboard shows it.

A new finding is an entry of `FINDINGS`, its sentence in `text`, its picture in `draw`. No number is written here but
which head, which words and which text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.analyses.ablation.results import MEASUREMENT, HeadEffects, Request
from dashboard.analyses.course.answers import FarName, far_name
from dashboard.analyses.explore.api import attention
from dashboard.analyses.profile.library import SHIPPED, read_profile
from dashboard.analyses.recall.finished import finished_run
from dashboard.analyses.scores.induction import induction_scores
from dashboard.analyses.scores.survey import survey
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, head_of

CHEF = "The chef who trained in Osaka says ramen is her favourite food."
KEYS = "The keys to the cabinet are on the table."
CAT = "The cat did not cross the street because it was too tired."
TEACHER = "The teacher bought three books and sold an old bicycle."
TWICE = "One red bird saw two grey cats near seven old trees. One red bird saw two grey cats near seven old trees."

Measured = Mapping[str, Any]
"""The numbers of a finding by name: "value", mostly with a "baseline"."""


@dataclass(frozen=True)
class Finding:
    """Something striking that a model does.

    Attributes
    ----------
    name: for tests and keys
    model: name in the catalogue; "" where no language model is needed
    head: the head it is about
    text: the text it is seen on, "" for the usual one
    words: of a link, the query word and the key word
    page, choices: where the dashboard shows it
    measure: computes its numbers
    """

    name: str
    model: str
    head: HeadId | None
    page: str
    measure: Callable[[AttentionModel | None, Finding], Measured]
    text: str = ""
    words: tuple[str, str] = ("", "")
    choices: Mapping[str, Any] | None = None

    def link(self) -> dict[str, Any]:
        """The choices of the page that shows it."""
        text = {"text": self.text, "start": 0} if self.text else {}
        model = {"model": self.model} if self.model else {}
        head = self.head.choice if self.head is not None else {}
        return model | text | head | dict(self.choices or {})


def _score(name: str) -> Callable[[AttentionModel | None, Finding], Measured]:
    """A pattern score over the text, and what an even spread over all tokens that can be seen would give."""

    def measure(model: AttentionModel | None, finding: Finding) -> Measured:
        assert model is not None and finding.head is not None
        encoding = model.encode(finding.text)
        table = survey(model, encoding, thumbnails=False, induction=False).scores
        at = table.set_index(["layer", "head"])[name]
        place = (finding.head.layer, finding.head.head)
        n, special = len(encoding), sum(encoding.special)
        even = (special if name == "special" else 1) / n
        return {"value": float(at[place]), "baseline": even, "rank": int((at > at[place]).sum()) + 1, "heads": len(at)}

    return measure


def _link(model: AttentionModel | None, finding: Finding) -> Measured:
    """What the query word gives to the key word, between words; an even spread; how many heads give more."""
    assert model is not None and finding.head is not None
    view = attention(model, finding.text, finding.head, unit="words", special="hide")
    labels = list(view.labels)
    query, key = (labels.index(word) for word in finding.words)
    seen = int(view.allowed[query].sum())
    return {"value": float(view.weights[query, key]), "baseline": 1 / seen, "apart": abs(query - key)}


def _relation(relation: str) -> Callable[[AttentionModel | None, Finding], Measured]:
    """How often the best head for a relation finds it in the profile that ships, held out, beside a fixed distance."""

    def measure(model: AttentionModel | None, finding: Finding) -> Measured:
        profile = read_profile(SHIPPED / f"{finding.model}-en_ewt-ud-dev")
        row = profile.best[profile.best["relation"] == relation].iloc[0]
        if head_of(row) != finding.head:
            raise UserError(f"The profile names {head_of(row)} for {relation}, not {finding.head}.")
        return {
            "value": float(row["held_out_accuracy"]),
            "baseline": float(row["held_out_baseline"]),
            "n": int(row["n"]),
        }

    return measure


def _far(model: AttentionModel | None, finding: Finding) -> Measured:
    assert model is not None
    far: FarName = far_name(model)
    return {"value": far.share, "baseline": far.apart, "apart": far.distance, "head": far.head, "far": far}


def effects(model: AttentionModel) -> HeadEffects:
    """The shipped effects of each head's absence. Raises UserError where they are not there."""
    found = MEASUREMENT.find(Request.of(model, "zero"))
    if found is None:
        raise UserError(f"The effects of {model.title} are not measured on this machine. Measure them on Ablation.")
    return found


def _ablation(model: AttentionModel | None, finding: Finding) -> Measured:
    """The head whose absence changes most, and the median head."""
    assert model is not None
    found = effects(model)
    values = found.table[found.measure].to_numpy(float)
    row = found.table.iloc[int(values.argmax())]
    return {
        "value": float(values.max()),
        "baseline": float(np.median(values)),
        "low": float(row[f"{found.measure}_low"]),
        "high": float(row[f"{found.measure}_high"]),
        "head": head_of(row),
        "measure": found.measure,
        "sentences": int(row["sentences"]),
    }


def _induction(model: AttentionModel | None, finding: Finding) -> Measured:
    assert model is not None and finding.head is not None
    scores = induction_scores(model)
    layer, head = divmod(int(np.nanargmax(scores)), scores.shape[1])
    value = float(scores[finding.head.layer, finding.head.head])
    return {"value": value, "baseline": float(np.nanmedian(scores)), "head": HeadId(layer, head), "heads": scores.size}


def _recall(model: AttentionModel | None, finding: Finding) -> Measured:
    finished = finished_run()
    if finished is None:
        raise UserError("The finished run of the four networks cannot be read. Train them on “Why attention?”.")
    result = finished.study.result
    far = {point.model: point.accuracy for point in result.points if point.distance == result.config.farthest}
    return {
        "value": far.pop("attention"),
        "best": max(far.values()),
        "baseline": result.config.chance,
        "distance": result.config.farthest,
        "study": finished.study,
    }


ARCS = {"view": "arcs", "special": "hide"}
FINDINGS = (
    Finding("previous", "minilm", HeadId(0, 2), "explore", _score("previous"), CHEF, choices={"view": "heatmap"}),
    Finding("agreement", "minilm", HeadId(3, 1), "explore", _link, KEYS, ("are", "keys"), ARCS),
    Finding("pronoun", "minilm", HeadId(3, 1), "explore", _link, CAT, ("it", "cat"), ARCS),
    Finding("object", "minilm", HeadId(2, 0), "profile", _relation("obj"), TEACHER, ("bicycle", "sold")),
    Finding("same", "minilm", HeadId(2, 9), "explore", _score("same_token"), TWICE, choices={"view": "heatmap"}),
    Finding("far_name", "minilm", HeadId(2, 9), "long_range", _far, choices={"reach": "name"}),
    Finding("sink", "minilm", HeadId(4, 5), "explore", _score("special"), TWICE, choices={"view": "heatmap"}),
    Finding("needed", "minilm", HeadId(5, 7), "ablation", _ablation, choices={"by": "zero"}),
    Finding("induction", "smollm2", HeadId(18, 6), "explore", _induction, TWICE, choices={"view": "heatmap"}),
    Finding("object_causal", "smollm2", HeadId(10, 1), "profile", _relation("obj"), TEACHER, ("books", "bought")),
    Finding("needed_causal", "smollm2", HeadId(1, 5), "ablation", _ablation, choices={"by": "zero"}),
    Finding("recall", "", None, "recall", _recall),
)
