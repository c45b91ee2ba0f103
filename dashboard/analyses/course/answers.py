"""The ten questions as numbers: what can be chosen, what is right, and what was measured.

Every function takes what the model (or a run of networks) gives and returns an `Answer`. Nothing here is a sentence:
these are in `text`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dashboard.analyses.course.material import Material
from dashboard.analyses.inside.steps import QueryRow
from dashboard.analyses.long_range.measure import measure_step
from dashboard.analyses.long_range.questions import question_of
from dashboard.analyses.long_range.trial import Trial
from dashboard.analyses.recall.training import Result
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId

SAME = 1e-6  # weights that differ by less are equal


@dataclass(frozen=True)
class Option:
    """Something to choose.

    Attributes
    ----------
    key: its name within the question
    label: what stands on it: a token, a head; "" for a number, which `text` writes
    value: of a token or head what it measures; of a number the number
    """

    key: str
    label: str
    value: float


@dataclass(frozen=True, eq=False)
class Answer:
    """A question with its answer.

    Attributes
    ----------
    options: what can be chosen
    right: the keys of those that are right
    measured: the measured figure; of a choice among tokens or heads that of the best
    about: names and further figures for the sentences
    """

    options: tuple[Option, ...]
    right: frozenset[str]
    measured: float
    about: Mapping[str, Any] = field(default_factory=dict)

    def option(self, key: str) -> Option:
        return next(option for option in self.options if option.key == key)


def fading(result: Result, model: str = "rnn") -> Answer:
    """1: how often a recurrent network still answers right at the farthest distance of a run."""
    far = result.config.farthest
    point = next(one for one in result.points if one.model == model and one.distance == far)
    attention = next(one for one in result.points if one.model == "attention" and one.distance == far)
    about = {
        "distance": far,
        "low": point.low,
        "high": point.high,
        "chance": result.config.chance,
        "attention": attention.accuracy,
        "seeds": result.config.seeds,
    }
    return _nearest([1.0, 0.75, 0.5, result.config.chance], point.accuracy, about)


def at_once(this: Material) -> Answer:
    """2: how many scores a head computes for this text: the pairs of tokens that may meet."""
    n = len(this.encoding)
    masked = this.inside.maps["masked"]
    seen = masked.shape[0] * masked.shape[1] - masked.hidden
    return _exact([n, 2 * n, n * (n + 1) // 2, n * n], seen, _about(this, n=n))


def best_key(this: Material) -> Answer:
    """3: which token's key fits the query best: the largest weight of the row."""
    return _token(this, this.row, {})


def without_factor(this: Material) -> Answer:
    """4: over how many tokens the row spreads without 1/√d: 2 to the entropy. With the factor that is known."""
    this = this.about(widest(this))
    spread, sharp = effective(this.steps.weights), effective(unscaled(this.steps))
    about = _about(this, spread=spread, d=this.inside.d, material=this)
    most = float(this.visible.sum())
    offered = [min(max(1.0, number), most) for number in (1.0, spread / 2, spread, 2 * spread)]
    return _nearest(offered, sharp, about)


def widest(this: Material) -> int:
    """The word whose row in the chosen head spreads over most tokens."""
    rows = this.weights[this.heads.index(this.head)]
    return max(this.queries, key=lambda place: effective(rows[place]))


def weakened(this: Material) -> int:
    """The word whose row in the chosen head has its largest weight on a token, but another word hands over most; of
    several the one with the most weight there; the chosen query where there is none."""
    rows, values = this.weights[this.heads.index(this.head)], np.linalg.norm(this.steps.values, axis=1)
    values = values[: len(this.encoding)]
    most = (rows * values).argmax(1)
    places = [place for place in this.queries if this.words[most[place]] and rows[place].argmax() != most[place]]
    return max(places, key=lambda place: float(rows[place].max()), default=this.query)


def unscaled(row: QueryRow) -> np.ndarray:
    """The weights of a row where the scores are not scaled; what the mask and positions add stays (m)."""
    seen = np.isfinite(row.masked)
    added = np.where(seen, row.masked, 0) - row.scaled
    scores = np.where(seen, row.scores + np.where(seen, added, 0), -np.inf).astype(float)
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def effective(weights: np.ndarray) -> float:
    """2 to the entropy: over how many keys a row spreads, as many as a row of equal weights."""
    w = weights[weights > 0].astype(float)
    return float(2 ** -(w * np.log2(w)).sum())


def softmax_ratio(this: Material) -> Answer:
    """5: how many times the weight of the strongest token is that of the second strongest word."""
    row = this.steps
    places = [int(p) for p in np.argsort(-row.weights[: len(this.encoding)], kind="stable") if this.words[p]]
    first = places[0]
    # One with a clear difference: the first whose score lies 1 or more lower, or else the last.
    second = next((p for p in places[1:] if row.scaled[first] - row.scaled[p] >= 1), places[-1])
    a, b = float(row.masked[first]), float(row.masked[second])
    names = {"first": this.labels[first], "second": this.labels[second]}
    about = _about(this, a=a, b=b, places=(first, second), **names)
    measured = float(row.weights[first] / row.weights[second])
    offered = [a - b, abs(a / b) if b else 10.0, math.exp(a - b), 10 ** (a - b)]
    return _nearest(offered, measured, about)


def hands_over(this: Material) -> Answer:
    """6: which token hands over most: the length of weight · value."""
    this = this.about(weakened(this))
    row, n = this.steps, len(this.encoding)
    norms = (row.weights * np.linalg.norm(row.values, axis=1))[:n]
    strongest = int(np.argmax(row.weights[:n]))
    figures = {"weight": float(row.weights[strongest]), "of_strongest": float(norms[strongest])}
    about = {"norms": norms, "strongest": this.labels[strongest], "material": this, **figures}
    return _token(this, norms, about, besides=[strongest])


def different_words(this: Material) -> Answer:
    """7: at how many different tokens the heads of the layer look most. Special tokens are left out: what many heads
    give to them is an attention sink."""
    shown = this.plain
    rows = this.weights[:, this.query][:, shown].astype(float)  # (heads, tokens)
    rows = rows / np.maximum(rows.sum(1, keepdims=True), 1e-12)
    count = len({int(place) for place in rows.argmax(-1)})
    h = len(rows)
    return _nearest([1, max(2, h // 3), max(3, 2 * h // 3), h], count, _about(this, heads=h, rows=rows, shown=shown))


def syntax_head(pair: Sequence[tuple[HeadId, float, float]], text: str, corpus: str) -> Answer:
    """8: which of two heads is the syntax head.

    pair: the syntax head and the context head, each with the bits that only the parse and only meaning explain. Their
    order on the page follows from the text, so that it is the same whenever this is asked. corpus: what they were
    measured over
    """
    turned = sum(text.encode("utf-8", "replace")) % 2 == 1
    order = (pair[1], pair[0]) if turned else tuple(pair)
    options = tuple(Option(key, f"{head}", syntax) for key, (head, syntax, _) in zip("AB", order, strict=True))
    return Answer(options, frozenset("B" if turned else "A"), pair[0][1], {"order": order, "corpus": corpus})


def added_most(this: Material) -> Answer:
    """9: which head adds most to the token's row of the layer's output."""
    norms = this.steps.norms
    if norms is None:
        raise UserError(
            f"{this.model.title} does not show its output projection, so what each head adds cannot be measured. "
            "Choose another model."
        )
    falling = np.argsort(-norms, kind="stable")
    count = len(norms)
    chosen = sorted({int(falling[k]) for k in (0, count // 3, 2 * count // 3, count - 1)})
    options = tuple(Option(str(head), str(HeadId(this.head.layer, head)), float(norms[head])) for head in chosen)
    best = float(norms.max())
    right = frozenset(option.key for option in options if option.value >= best - SAME)
    return Answer(options, right, best, _about(this, norms=norms, mean=float(norms.mean()), heads=count))


@dataclass(frozen=True, eq=False)
class FarName:
    """A story whose last paragraph names a person again, and the head that was chosen on other stories.

    Attributes
    ----------
    trial: the story, its second mention of the name and the first
    head: the head with the highest lift on the other stories
    share, apart, even: what it gives to the first mention; to words as far away; what an even spread gives
    distance: in words
    """

    trial: Trial
    head: HeadId
    share: float
    apart: float
    even: float
    distance: int


PARAGRAPHS, STORIES = 2, 3  # between the mentions; stories that are read, the first to show, the others to choose on


def far_name(model: AttentionModel) -> FarName:
    """A name and its first mention, paragraphs before: what the head that links them best elsewhere gives to it.

    Raises UserError where the model cannot read stories that long.
    """
    question = question_of("name")
    step = question.steps.index(PARAGRAPHS)
    trials = [item[step] for item in question.trials()[:STORIES]]
    found = measure_step(model, trials)
    lift = (found.share - found.apart)[1:].mean(0)  # (layers, heads)
    layer, head = np.unravel_index(int(np.nanargmax(lift)), lift.shape)
    share, apart = (float(part[0, layer, head]) for part in (found.share, found.apart))
    return FarName(trials[0], HeadId(int(layer), int(head)), share, apart, float(found.even[0]), int(found.words[0]))


def reach(far: FarName) -> Answer:
    """10: how much of its attention the second mention of a name gives to the first."""
    return _nearest([far.even, 0.1, 0.3, 0.9], far.share, {"far": far, "name": far.trial.word(far.trial.looks)})


def _token(this: Material, measured: np.ndarray, about: Mapping[str, Any], *, besides: Sequence[int] = ()) -> Answer:
    """A choice among the words that can be seen, and `besides` and the best where these are none."""
    shown = this.words & this.visible
    shown[[*besides, int(np.argmax(np.where(this.visible, measured, -np.inf)))]] = True
    names = told_apart(this.labels)
    options = tuple(Option(str(place), names[place], float(measured[place])) for place in np.flatnonzero(shown))
    top = max(option.value for option in options)
    right = frozenset(option.key for option in options if option.value >= top - SAME)
    best = next(option.label for option in options if option.key in right)
    return Answer(options, right, top, _about(this, best=best, **about))


def told_apart(labels: Sequence[str]) -> list[str]:
    """The labels, a later one of the same with its number: "the", "the²"."""
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    before = [labels[:place].count(label) for place, label in enumerate(labels)]
    return [label + str(k + 1).translate(raised) * (k > 0) for label, k in zip(labels, before, strict=True)]


def _about(this: Material, **more: Any) -> dict[str, Any]:
    """What every question about the text may name."""
    names = {"query": this.labels[this.query], "head": this.head, "layer": this.head.layer}
    return names | {"visible": int(this.visible.sum())} | more


def _nearest(offered: Sequence[float], measured: float, about: Mapping[str, Any]) -> Answer:
    """A choice among numbers: the one nearest to the measured one by ratio is right. Numbers that would read alike are
    offered once."""
    kept: list[float] = []
    for number in sorted(offered):
        if number > 0 and (not kept or number / kept[-1] > 1.15):
            kept.append(number)
    options = tuple(Option(f"{number:.4g}", "", number) for number in kept)
    near = min(options, key=lambda option: abs(math.log(option.value / max(measured, 1e-9))))
    return Answer(options, frozenset([near.key]), measured, about)


def _exact(offered: Sequence[int], measured: int, about: Mapping[str, Any]) -> Answer:
    """A choice among whole numbers, one of which was counted."""
    options = tuple(Option(str(number), "", float(number)) for number in sorted({*offered, measured}))
    return Answer(options, frozenset([str(measured)]), float(measured), about)
