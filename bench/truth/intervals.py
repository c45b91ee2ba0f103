"""Do the 95 % intervals hold the true value 95 times of 100?

A pool of sentences is the whole population, so a figure's true value is its value over the pool. Again and again some
sentences are drawn from it, and the dashboard says an interval, as of any corpus. How often the true value lies in it
is the *coverage*. Of accuracy the true value is not measured at all: it is counted from the words, each of which names
its head in the parse or another word.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from bench.truth.detectors import BAR_FROM
from dashboard.analyses.ablation.api import ablate_in
from dashboard.analyses.find_heads.by_pattern import matches
from dashboard.analyses.find_heads.pattern import Pattern
from dashboard.analyses.profile.dependency import dependencies
from dashboard.analyses.profile.dependency_cases import ALL, DIRECTIONS, DependencyStatistics
from dashboard.analyses.profile.explained import ExplainedStatistics, explain
from dashboard.analyses.profile.features import CorpusCounts, FeatureSpace
from dashboard.analyses.profile.gather import SentenceStatistics, gather
from dashboard.builtin import known_truth
from dashboard.builtin.known_truth.made_language import MadeSentence, sentences, treebank
from dashboard.capture import AttentionModel, open_model
from dashboard.text import ParsedSentence, read_treebank

LEAST, MOST = 0.90, 0.99
TOO_HIGH = 0.05  # of intervals above a true value of 0
AGREES, SPREAD = 0.7, 0.15  # how often a word names its head, and how much that varies from sentence to sentence
REPETITIONS, SENTENCES, POOL = 400, 60, 2000
FEWER, FEWER_SENTENCES = 200, 40  # of what runs the model each time
BITS_SENTENCES = 200  # bits are fitted, so they need more
OF_RANDOM = "of a random head"


@dataclass(frozen=True)
class Coverage:
    """How often an interval held the true value.

    Attributes
    ----------
    figure: what the interval is of
    truth: its true value
    repetitions, sentences: how many corpora were drawn, of how many sentences each
    held, above: how many intervals held the true value, and how many lay above it
    """

    figure: str
    truth: float
    repetitions: int
    sentences: int
    held: int
    above: int = 0

    @property
    def share(self) -> float:
        return self.held / self.repetitions

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share (Wilson)."""
        found = binomtest(self.held, self.repetitions).proportion_ci(method="wilson")
        return found.low, found.high


Ends = tuple[float, float]


def covered(
    truths: Mapping[str, float],
    intervals_of: Callable[[np.ndarray], Sequence[Ends]],
    *,
    pool: int,
    repetitions: int,
    each: int,
) -> list[Coverage]:
    """Draws corpora of `each` sentences from a pool of so many, seed 0, and counts the intervals that hold the truth.

    truths: the true value of each figure; intervals_of: low and high of each, as the dashboard says for these sentences
    """
    random, true = np.random.default_rng(0), np.array(list(truths.values()))
    held, above = np.zeros(len(truths), int), np.zeros(len(truths), int)
    for _ in range(repetitions):
        ends = np.array(intervals_of(random.integers(0, pool, each)))
        held += (ends[:, 0] <= true) & (true <= ends[:, 1])
        above += ends[:, 0] > true
    return [
        Coverage(figure, truth, repetitions, each, int(count), int(over))
        for (figure, truth), count, over in zip(truths.items(), held, above, strict=True)
    ]


def accuracy_known(made: list[MadeSentence]) -> float:
    """Of all words with a head, the share of those that name it: what a head that follows the words must find."""
    right = cases = 0
    for one in made:
        by_key = {word.own: place for place, word in enumerate(one.words)}
        for word, head in zip(one.words, one.heads, strict=True):
            if head >= 0:
                cases, right = cases + 1, right + (by_key[word.seeks] == head)
    return right / cases


def coverages() -> Iterator[Coverage]:
    """All figures: dependency accuracy, explained bits, the lift of Find heads by pattern, the loss without a head."""
    for of in (of_accuracy, of_bits, of_lift, of_loss):
        yield from of()


def of_accuracy(pool: int = POOL, repetitions: int = REPETITIONS, each: int = SENTENCES) -> list[Coverage]:
    """Dependency accuracy, of a head that attends to the head that a word names, and of one the other way round."""
    with _made(pool, agrees=AGREES, noise=0.0) as (known, model, parsed, made):
        heads = [*known.doing("head"), *known.doing("dependents")]
        places = [model.place(head) for head in heads]
        statistics = [_only(one.dependency, places) for one in _gathered(model, parsed, _space(parsed))]
    rows = list(enumerate(DIRECTIONS))

    def said(drawn: np.ndarray) -> list[Ends]:
        table = dependencies([statistics[at] for at in drawn], 1, len(heads), False).heads
        table = table[table["relation"] == ALL]
        found = [table[(table["head"] == head) & (table["direction"] == direction)] for head, direction in rows]
        return [(one["low"].item(), one["high"].item()) for one in found]

    truth = accuracy_known(made)
    truths = {f"Dependency accuracy, {direction.replace('->', ' → ')}": truth for direction in DIRECTIONS}
    return covered(truths, said, pool=len(statistics), repetitions=repetitions, each=each)


def of_bits(pool: int = POOL, repetitions: int = FEWER, each: int = BITS_SENTENCES) -> list[Coverage]:
    """Bits of syntax of the head that follows the parse, of context of the head of one topic, and both of a random
    head, which has none. The true value is what the whole pool gives, held out too; of the random head 0."""
    with _made(pool, noise=1.0, strength=BAR_FROM) as (known, model, parsed, _):
        none = next(head for head, jobs in known.jobs.items() if not jobs)
        places = [model.place(head) for head in (*known.doing("head"), *known.doing("topic"), none)]
        space = _space(parsed)
        statistics = [_bits_only(one.explained, places) for one in _gathered(model, parsed, space)]
    asked = (("syntax", 0), ("context", 1), ("syntax", 2), ("context", 2))

    def explained(some: Sequence[ExplainedStatistics]) -> pd.DataFrame:
        return explain(some, space, 1, len(places), False).table

    def said(drawn: np.ndarray) -> list[Ends]:
        # Even places from the pool's even sentences, odd from its odd: none is fitted and scored on at once.
        apart = [at - at % 2 + place % 2 for place, at in enumerate(drawn)]
        table = explained([replace(statistics[at], index=place) for place, at in enumerate(apart)])
        return [(table[f"bits_{name}_low"][row], table[f"bits_{name}_high"][row]) for name, row in asked]

    whole = explained([replace(one, index=place) for place, one in enumerate(statistics)])
    truths = {
        "Bits of syntax, of a head that follows the parse": float(whole["bits_syntax"][0]),
        "Bits of context, of a head that follows the topic": float(whole["bits_context"][1]),
        f"Bits of syntax, {OF_RANDOM}": 0.0,
        f"Bits of context, {OF_RANDOM}": 0.0,
    }
    return covered(truths, said, pool=len(statistics), repetitions=repetitions, each=each)


def of_lift(pool: int = POOL // 4, repetitions: int = FEWER, each: int = FEWER_SENTENCES) -> list[Coverage]:
    """The lift of Find heads by pattern, of a head that follows the parse."""
    with _made(pool, agrees=AGREES, noise=0.0) as (known, model, parsed, _):
        [head] = known.doing("head")
        pattern = Pattern(DIRECTIONS[0], relation="obj")

        def found(some: Sequence[ParsedSentence]) -> pd.Series:
            return matches(model, some, pattern, "pool", limit=len(some)).row(head)

        def said(drawn: np.ndarray) -> list[Ends]:
            row = found([replace(parsed[at], index=place) for place, at in enumerate(drawn)])
            return [(row["low"], row["high"])]

        truths = {"Lift of Find heads by pattern": float(found(parsed)["lift"])}
        return covered(truths, said, pool=len(parsed), repetitions=repetitions, each=each)


def of_loss(pool: int = POOL // 4, repetitions: int = FEWER, each: int = FEWER_SENTENCES) -> list[Coverage]:
    """The loss without the induction head, over texts that repeat 2 to 6 of their words."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = known_truth.build("induction")
        model = open_model(str(known_truth.write(folder / "induction")))
        random, texts = np.random.default_rng(0), []
        for _ in range(pool):
            words = random.choice(known.plain, 8, replace=False)
            texts.append(" ".join([*words, *words[: random.integers(2, 7)]]))

        def found(some: list[str]) -> pd.Series:
            file = folder / "texts.conllu"
            file.write_text("".join(map(_flat, some)), encoding="utf-8")
            return ablate_in(model, file, known.doing("induction")).table.iloc[0]

        def said(drawn: np.ndarray) -> list[Ends]:
            row = found([texts[at] for at in drawn])
            return [(row["loss_change_low"], row["loss_change_high"])]

        truths = {"Loss without a head": float(found(texts)["loss_change"])}
        return covered(truths, said, pool=pool, repetitions=repetitions, each=each)


Made = tuple[known_truth.Known, AttentionModel, list[ParsedSentence], list[MadeSentence]]


@contextmanager
def _made(pool: int, *, noise: float, strength: float = 20.0, agrees: float = 1.0) -> Iterator[Made]:
    """A model that follows the words, and a treebank whose words name their head so often, with `SPREAD`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = open_model(str(known_truth.write(folder / "parse", "parse", noise=noise, strength=strength)))
        made = sentences(pool, 0, agrees, SPREAD if agrees < 1 else 0.0)
        file = folder / "made.conllu"
        file.write_text(treebank(made), encoding="utf-8")
        parsed = [one for one in read_treebank(file) if isinstance(one, ParsedSentence)]
        yield known_truth.build("parse", noise=noise, strength=strength), model, parsed, made


def _space(parsed: Sequence[ParsedSentence]) -> FeatureSpace:
    counts = CorpusCounts()
    for one in parsed:
        counts.add(one)
    return FeatureSpace.of(counts)


def _gathered(
    model: AttentionModel, parsed: Sequence[ParsedSentence], space: FeatureSpace
) -> Iterator[SentenceStatistics]:
    return (one for one in gather(model, parsed, space) if isinstance(one, SentenceStatistics))


def _bits_only(one: ExplainedStatistics, heads: Sequence[int]) -> ExplainedStatistics:
    """The same of these heads alone."""
    return replace(one, expected=one.expected[heads], entropy=one.entropy[heads], mass=one.mass[heads])


def _only(one: DependencyStatistics, heads: Sequence[int]) -> DependencyStatistics:
    """The same of these heads alone, and of one relation, since only all relations together are asked for."""
    return replace(
        one,
        relations=("dep",) * len(one.relations),
        correct=np.packbits(np.unpackbits(one.correct, axis=1)[:, heads], axis=1),
    )


def _flat(text: str) -> str:
    """A text in CoNLL-U whose words all depend on the first."""
    rows = [
        f"{place}\t{word}\t{word}\tNOUN\t_\t_\t{min(place - 1, 1)}\t{'root' if place == 1 else 'dep'}\t_\t_"
        for place, word in enumerate(text.split(), 1)
    ]
    return "\n".join([f"# text = {text}", *rows]) + "\n\n"
