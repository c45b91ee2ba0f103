"""Chance of the pairs of a corpus: random pairs at the same distances in the same sentences (METRICS §10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.analyses.find_heads.pair_shares import Pair, drawn_sets
from dashboard.capture import AttentionModel
from dashboard.heads.chance import SEED, DrawnSets, q_of_texts
from dashboard.text.sentence import ParsedSentence


@dataclass(frozen=True, eq=False)
class SentenceCells:
    """The shares of a sentence's words at the distances of its D pairs: float32 (m · D, h), and what can be drawn."""

    index: int
    sets: DrawnSets
    values: np.ndarray

    @classmethod
    def of(cls, model: AttentionModel, sentence: ParsedSentence, pairs: Sequence[Pair]) -> SentenceCells:
        sets = drawn_sets(len(sentence), pairs, model.causal, (SEED, sentence.index))
        return cls(sentence.index, sets, np.full((sets.cells, len(model.all_heads)), np.nan, np.float32))

    def take(self, heads: slice, shares: np.ndarray) -> None:
        """Keep a layer's shares."""
        self.values[:, heads] = shares


def q_of_sentences(cells: Sequence[SentenceCells]) -> np.ndarray:
    """q of each head's mean over the pairs of all sentences: float64 (h). Each draw is one from every sentence."""
    return q_of_texts([(one.sets, one.values) for one in sorted(cells, key=lambda one: one.index)])
