"""Sentences' features → rows to fit on: queries with the same number of candidates together, stored sparsely."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch

from dashboard.analyses.profile.conditional_logit import Rows
from dashboard.analyses.profile.features import CONTEXT, POSITION, FeatureSpace, PairFeatures, position_rows

# Scores in a block, all heads together: a few MB, which fit into the processor's cache.
BLOCK_CELLS = 2**20


@dataclass(frozen=True, eq=False)
class Packed:
    """Queries with c candidates each.

    Attributes
    ----------
    candidates: c
    query: each query's place in its sentence (rows)
    sentence: its sentence among those used (rows)
    ones, columns: the one-hot features of syntax and context that are 1: row · c + candidate, and the column
    cosine, frequency: float32 (rows · c)
    counted: whether the query counts, bool (rows, h); None where all do
    """

    candidates: int
    query: np.ndarray
    sentence: np.ndarray
    ones: np.ndarray
    columns: np.ndarray
    cosine: np.ndarray
    frequency: np.ndarray
    counted: np.ndarray | None

    def expand(self, space: FeatureSpace, syntax: bool, context: bool) -> Rows:
        """With the features of position and the groups asked for, in the order of `FeatureSpace.columns`."""
        c, start = self.candidates, space.context.start
        shift = 0 if syntax else POSITION - start  # without syntax the columns of context move up
        table = np.zeros((len(self.query) * c, len(space.columns(syntax, context))), np.float32)
        table[:, :POSITION] = position_rows(np.arange(-c, c + 1))[offsets(self.query, c).ravel() + c]
        of_context = self.columns >= start
        for wanted, which, by in ((syntax, ~of_context, 0), (context, of_context, shift)):
            if wanted:
                table[self.ones[which], self.columns[which] + by] = 1
        if context:
            table[:, start + shift] = self.cosine
            table[:, start + shift + CONTEXT.index("frequency")] = self.frequency
        weights = None if self.counted is None else torch.from_numpy(self.counted.astype(np.float32))
        return Rows(torch.from_numpy(table), c, weights, self.sentence)


def offsets(query: np.ndarray, candidates: int) -> np.ndarray:
    """d = j - i for the candidates of each query (all other words; in a causal model the earlier ones): (rows, c)."""
    place, query = np.arange(candidates), np.asarray(query, int)[:, None]
    return place - query + (place >= query)


def position_only(packed: list[Packed], heads: int) -> list[Rows]:
    """Rows with position features only. Rows with the same offsets become one row that counts several times."""
    by_size: dict[int, list[Packed]] = defaultdict(list)
    for block in packed:
        by_size[block.candidates].append(block)
    found = []
    for c, blocks in by_size.items():
        weights = np.zeros((c + 1, heads), np.float32)
        for block in blocks:
            counted = np.ones((len(block.query), 1)) if block.counted is None else block.counted
            np.add.at(weights, block.query, counted)
        query = np.flatnonzero(weights.any(1))
        features = position_rows(offsets(query, c).ravel())
        found.append(Rows(torch.from_numpy(features), c, torch.from_numpy(weights[query]), np.zeros(0, int)))
    return found


@dataclass(eq=False)
class Sums:
    """Sums over queries: of each sentence that has any (S, h), or of the even and the odd sentences.

    Attributes
    ----------
    queries, active, entropy, even: of each sentence: the number of queries that count, their mass, their entropy in
        bits, and the log2 of their number of candidates; float32 (S, h)
    expected: expected features of the even and the odd sentences, float64 (columns, h) each
    counted: the number of queries that count in them, float64 (h) each
    silent: the number of queries that do not count, over all heads
    sentences: each sentence's place in the file, from 0 (S)
    """

    queries: np.ndarray
    active: np.ndarray
    entropy: np.ndarray
    even: np.ndarray
    expected: tuple[np.ndarray, np.ndarray]
    counted: tuple[np.ndarray, np.ndarray]
    silent: int
    sentences: np.ndarray


def pack(
    statistics: Iterable, space: FeatureSpace, heads: int, causal: bool
) -> tuple[tuple[list[Packed], list[Packed]], Sums]:
    """All queries of the even sentences and of the odd (by index in the file), and their sums.

    `statistics` are `explained.ExplainedStatistics`. Sentences without a query are skipped and are not among the S
    sentences.
    """
    bins: dict[tuple[int, int], _Bin] = defaultdict(_Bin)
    packed: tuple[list[Packed], list[Packed]] = ([], [])
    expected = (np.zeros((len(space), heads)), np.zeros((len(space), heads)))
    counted_in = (np.zeros(heads), np.zeros(heads))
    per_sentence: list[list[np.ndarray]] = [[], [], [], []]
    silent, sentences = 0, []
    for one in statistics:
        queries = one.mass.shape[1]
        if not queries:
            continue
        fold, place, m = one.index % 2, len(per_sentence[0]), one.features.m
        query = np.arange(m - queries, m)
        sizes = query if causal else np.full(queries, m - 1)
        counted = one.mass > 0
        for c in np.unique(sizes):
            here = sizes == c
            mask = None if counted[:, here].all() else counted[:, here].T
            target = bins[fold, int(c)]
            target.add(one.features, query[here], int(c), place, mask)
            if target.rows * c * heads >= BLOCK_CELLS:
                packed[fold].append(target.close(int(c), heads))
                del bins[fold, int(c)]
        sums = (counted.sum(1), one.mass.sum(1), one.entropy, counted @ np.log2(sizes))
        for found, new in zip(per_sentence, sums, strict=True):
            found.append(new.astype(np.float32))
        expected[fold][:] += one.expected.T
        counted_in[fold][:] += counted.sum(1)
        sentences.append(one.index)
        silent += int((~counted).sum())
    for (fold, c), rest in bins.items():
        packed[fold].append(rest.close(c, heads))
    queries, active, entropy, even = (np.array(found, np.float32).reshape(-1, heads) for found in per_sentence)
    return packed, Sums(queries, active, entropy, even, expected, counted_in, silent, np.array(sentences, int))


@dataclass
class _Bin:
    """Collects queries with the same number of candidates until they fill a block."""

    rows: int = 0
    parts: list[tuple] = field(default_factory=list)

    def add(self, features: PairFeatures, query: np.ndarray, c: int, sentence: int, counted: np.ndarray | None) -> None:
        m = features.m
        keys = query[:, None] + offsets(query, c)  # (rows, c)
        pairs = query[:, None] * m + keys
        flat = np.full(m * m, -1)
        flat[pairs.ravel()] = np.arange(pairs.size)
        ones = flat[features.pairs]
        inside = ones >= 0
        self.parts.append(
            (
                query.astype(np.int16),
                np.full(len(query), sentence, np.int32),
                (ones[inside] + self.rows * c).astype(np.int32),
                features.columns[inside],
                features.cosine[pairs.ravel()],
                features.frequency[keys.ravel()],
                counted,
            )
        )
        self.rows += len(query)

    def close(self, c: int, heads: int) -> Packed:
        *columns, counted = zip(*self.parts, strict=True)
        if all(mask is None for mask in counted):
            masks = None
        else:
            masks = np.concatenate(
                [
                    np.ones((len(part[0]), heads), bool) if mask is None else mask
                    for part, mask in zip(self.parts, counted, strict=True)
                ]
            )
        query, sentence, ones, places, cosine, frequency = (np.concatenate(column) for column in columns)
        return Packed(c, query, sentence, ones, places, cosine, frequency, masks)
