"""Features that may explain the attention of word i to word j: position, syntax, context (METRICS §4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from dashboard.analyses.profile.budget import CONTENT
from dashboard.errors import UserError
from dashboard.text.sentence import ROOT, LeftOut, ParsedSentence

FAR = 10
MOST_RELATIONS = 200

# Columns of the position group: d from -10 to 10 without 0, d < -10, d > 10, ln|d| to the left, ln|d| to the right.
POSITION = 2 * FAR + 4
# Columns of the context group, in this order.
CONTEXT = ("cosine", "same_lemma", "content", "frequency", "punctuation")
# Columns of the syntax group that come after those of the relations.
TIES = ("sibling", "head_of_head", "dependent_of_dependent")


@dataclass
class CorpusCounts:
    """Counts over the whole corpus that features need: the frequency of each lemma, and the relations.

    `lemmas` counts case-folded lemmas (`ParsedSentence.keys`) over all words; `relations` are without subtypes.
    """

    lemmas: Counter[str] = field(default_factory=Counter)
    relations: set[str] = field(default_factory=set)

    def add(self, sentence: ParsedSentence) -> None:
        self.lemmas.update(sentence.keys)
        self.relations.update(sentence.bases)

    @classmethod
    def of(cls, sentences: Iterable[ParsedSentence | LeftOut]) -> CorpusCounts:
        """Over all sentences that have a parse."""
        counts = cls()
        for sentence in sentences:
            if isinstance(sentence, ParsedSentence):
                counts.add(sentence)
        return counts


@dataclass(frozen=True, eq=False)
class PairFeatures:
    """The features of all pairs of words of a sentence, stored sparsely: almost all are one-hot.

    For m × m pairs, query i and key j, p = i · m + j:

    Attributes
    ----------
    m: the number of words
    pairs, columns: where a one-hot feature of the groups syntax and context is 1: int32 p, int16 column
    cosine: of the words' embeddings, float32 (m · m)
    frequency: ln(relative frequency of the key's lemma) / 5, float32 (m)
    """

    m: int
    pairs: np.ndarray
    columns: np.ndarray
    cosine: np.ndarray
    frequency: np.ndarray


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """The columns of the features: position, then syntax, then context.

    Attributes
    ----------
    relations: in order, without subtypes
    total: the number of words in the corpus
    lemmas: the frequency of each lemma in it
    """

    relations: tuple[str, ...]
    lemmas: Counter[str]
    total: int

    @classmethod
    def of(cls, counts: CorpusCounts) -> FeatureSpace:
        """Raises UserError for a corpus with too many relations: memory grows with their square."""
        if (many := len(counts.relations)) > MOST_RELATIONS:
            raise UserError(
                f"This treebank has {many:,} relations, subtypes not counted, and a profile takes {MOST_RELATIONS} at "
                "most. Universal Dependencies has 37. Look at its column DEPREL: it may hold something else."
            )
        return cls(tuple(sorted(counts.relations)), counts.lemmas, counts.lemmas.total())

    @cached_property
    def _relation(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.relations)}

    @property
    def syntax(self) -> slice:
        """i's relation where j is its head, j's relation where j is its dependent, then `TIES`."""
        return slice(POSITION, POSITION + 2 * len(self.relations) + len(TIES))

    @property
    def context(self) -> slice:
        return slice(self.syntax.stop, self.syntax.stop + len(CONTEXT))

    def __len__(self) -> int:
        return self.context.stop

    def columns(self, syntax: bool, context: bool) -> np.ndarray:
        """The columns of position and of the groups asked for."""
        groups = [slice(0, POSITION), *([self.syntax] if syntax else []), *([self.context] if context else [])]
        return np.concatenate([np.arange(group.start, group.stop) for group in groups])

    def pairs(self, sentence: ParsedSentence, vectors: np.ndarray) -> PairFeatures:
        """The features of a sentence.

        Parameters
        ----------
        vectors: the words' input embeddings, the vocabulary's mean subtracted (m, d); see `word_vectors`
        """
        m, heads = len(sentence), np.array(sentence.heads)
        relation = np.array([self._relation[base] for base in sentence.bases])
        found: list[tuple[np.ndarray, np.ndarray]] = []

        def one(i: np.ndarray, j: np.ndarray, column: np.ndarray | int) -> None:
            found.append((i * m + j, np.broadcast_to(column, i.shape)))

        word = np.flatnonzero(heads != ROOT)
        first = self.syntax.start
        one(word, heads[word], first + relation[word])
        one(heads[word], word, first + len(self.relations) + relation[word])
        ties = first + 2 * len(self.relations)
        same = (heads[:, None] == heads) & (heads != ROOT) & ~np.eye(m, dtype=bool)
        i, j = np.nonzero(same)
        one(i, j, ties)
        child = word[heads[heads[word]] != ROOT]
        grand = heads[heads[child]]
        one(child, grand, ties + 1)
        one(grand, child, ties + 2)

        context = self.context.start
        keys = np.array(sentence.keys, object)
        i, j = np.nonzero((keys[:, None] == keys) & ~np.eye(m, dtype=bool))
        one(i, j, context + CONTEXT.index("same_lemma"))
        upos = np.array(sentence.upos)
        every = np.arange(m)
        for name, which in (("content", np.isin(upos, list(CONTENT))), ("punctuation", upos == "PUNCT")):
            i, j = np.meshgrid(every, np.flatnonzero(which), indexing="ij")
            one(i.ravel(), j.ravel(), context + CONTEXT.index(name))

        often = np.array([self.lemmas[key] for key in sentence.keys], float)
        return PairFeatures(
            m,
            np.concatenate([pairs for pairs, _ in found]).astype(np.int32),
            np.concatenate([columns for _, columns in found]).astype(np.int16),
            cosines(vectors).ravel(),
            (np.log(often / self.total) / 5).astype(np.float32),
        )

    def dense(self, features: PairFeatures, rows: slice = slice(None)) -> np.ndarray:
        """All features of all pairs of these queries, or of all: float32 (rows · m, columns)."""
        m = features.m
        place = np.arange(m)
        query = place[rows]
        table = np.zeros((len(query) * m, len(self)), np.float32)
        if not len(query):
            return table
        table[:, :POSITION] = position_rows((place - query[:, None]).ravel())
        first, last = query[0] * m, (query[-1] + 1) * m
        inside = (features.pairs >= first) & (features.pairs < last)
        table[features.pairs[inside] - first, features.columns[inside]] = 1
        table[:, self.context.start] = features.cosine[first:last]
        table[:, self.context.start + CONTEXT.index("frequency")] = np.tile(features.frequency, len(query))
        return table


def position_rows(offsets: np.ndarray) -> np.ndarray:
    """The position features of offsets d = j - i: float32 (pairs, 24), all zero where d is 0."""
    table = np.zeros((len(offsets), POSITION), np.float32)
    pair = np.arange(len(offsets))
    near = (np.abs(offsets) <= FAR) & (offsets != 0)
    table[pair[near], offsets[near] + FAR - (offsets[near] > 0)] = 1
    table[:, 2 * FAR] = offsets < -FAR
    table[:, 2 * FAR + 1] = offsets > FAR
    distance = np.log(np.maximum(np.abs(offsets), 1))
    table[:, 2 * FAR + 2] = distance * (offsets < 0)
    table[:, 2 * FAR + 3] = distance * (offsets > 0)
    return table


def cosines(vectors: np.ndarray) -> np.ndarray:
    """Cosines of all pairs of vectors: (m, d) → float32 (m, m), [-1, 1]; 0 where a vector is zero."""
    vectors = np.asarray(vectors, np.float64)
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 0)
    return (unit @ unit.T).astype(np.float32)
