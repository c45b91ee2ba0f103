"""The cases that dependency accuracy is counted over, and their sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

DIRECTIONS = ("dependent->head", "head->dependent")

OFFSETS = np.array([offset for offset in range(-10, 11) if offset])

ALL = "all"  # in the tables: the row that pools every scored relation
TOGETHER = 2**14  # cases unpacked at once


@dataclass(frozen=True, eq=False)
class DependencyStatistics:
    """The cases of one sentence: the words whose relation is scored.

    Attributes
    ----------
    index: the sentence's place in the file, from 0, counting those left out
    relations: the relation of each case, as the parse gives it
    offsets: head - word of each case, int32 (cases)
    correct: whether each head, by each direction, finds the word's head: bool (2, h, cases), packed along h as uint8
        (2, ⌈h / 8⌉, cases)
    """

    index: int
    relations: tuple[str, ...]
    offsets: np.ndarray
    correct: np.ndarray


@dataclass(frozen=True, eq=False)
class Cases:
    """All cases of a corpus, one after the other.

    relation, offset: of each case (n); sentence: its sentence among those used, from 0; odd: whether its sentence has
    an odd index in the file; correct: packed, (2, ⌈h / 8⌉, n); sentences: the number of sentences used
    """

    relation: np.ndarray
    offset: np.ndarray
    sentence: np.ndarray
    odd: np.ndarray
    correct: np.ndarray
    sentences: int

    @classmethod
    def of(cls, statistics: Iterable[DependencyStatistics], subtypes: bool) -> Cases:
        relation, offset, sentence, odd, correct, used = [], [], [], [], [], 0
        for used, one in enumerate(statistics, start=1):
            relation += one.relations if subtypes else [name.partition(":")[0] for name in one.relations]
            offset.append(one.offsets)
            sentence.append(np.full(len(one.relations), used - 1))
            odd.append(np.full(len(one.relations), bool(one.index % 2)))
            correct.append(one.correct)
        if not used:
            none = np.array([], int)
            return cls(np.array([], object), none, none, none, np.zeros((2, 0, 0)), 0)
        return cls(
            np.array(relation, object),
            np.concatenate(offset),
            np.concatenate(sentence),
            np.concatenate(odd),
            np.concatenate(correct, axis=2),
            used,
        )


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts of some cases, by the s sentences that they are in.

    sentence, odd: as in `Cases`, of each sentence (s); n: its cases (s); right: the cases that each direction and
    head finds (s, 2, h); hits: the cases with each offset (s, 20); after, before: the cases with their head after or
    before the dependent (s)
    """

    sentence: np.ndarray
    odd: np.ndarray
    n: np.ndarray
    right: np.ndarray
    hits: np.ndarray
    after: np.ndarray
    before: np.ndarray

    @classmethod
    def of(cls, cases: Cases, here: np.ndarray, heads: int) -> Tally:
        """here: which cases, in order"""
        sentence, first, local, n = np.unique(
            cases.sentence[here], return_index=True, return_inverse=True, return_counts=True
        )
        right = np.zeros((len(sentence), 2, heads), np.int32)
        for begin in range(0, len(here), TOGETHER):
            part = slice(begin, begin + TOGETHER)
            found = np.unpackbits(cases.correct[:, :, here[part]], axis=1, count=heads)  # (2, h, cases)
            inside, starts = np.unique(local[part], return_index=True)
            right[inside] += np.add.reduceat(found, starts, axis=2, dtype=np.int32).transpose(2, 0, 1)
        offset = cases.offset[here]
        hits = np.add.reduceat(offset[:, None] == OFFSETS, first, axis=0, dtype=np.int32)
        after, before = (np.add.reduceat(hidden, first, dtype=np.int32) for hidden in (offset > 0, offset < 0))
        return cls(sentence, cases.odd[here][first], n, right, hits, after, before)
