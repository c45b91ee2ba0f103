"""Queries and keys of many words as points in one plane (after AttentionViz, Yeh et al. 2023).

A head's weights depend only on the scores s(i, j) = c · q_i · k_j, and softmax ignores a constant added to all scores
of one query. So subtracting the keys' mean, and transforming queries by M and keys by M⁻ᵀ, changes no weight.
AttentionViz uses this freedom to give both clouds one centre and scale. Here it also gives the axes, ordered by how
much of the scores they keep (the biplot of Gabriel 1971), so the first two span the plane that keeps the most.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from dashboard.analyses.query_key.vectors import CorpusVectors
from dashboard.heads.bootstrap import intervals
from dashboard.heads.head_id import HeadId

Share = tuple[float, float, float]  # a share, and its 95 % interval


@dataclass(frozen=True, eq=False)
class QueryKeyMap:
    """One head's queries and keys in the plane that keeps most of its scores.

    Attributes
    ----------
    head, of: the head, and the vectors that it was computed from
    x, y: the queries' and the keys' places, float64 (N, 2), of cross attention y (M, 2): x · y is the score as far as
        the plane keeps it, up to a constant for each query. A key at the origin is an average key
    variance_kept: the share of the scores' variance that the plane keeps, in (−∞, 1]: 1 − Σ (s − ŝ)² / Σ s² over what
        each query sees of its own sentence, both less their row mean. The plane is the best for all pairs of words,
        across sentences too, so within sentences it can do worse than nothing: below 0
    agree: the share of queries that have the same strongest key in the plane as in the head, in [0, 1]; guess: the
        mean share that guessing would reach; rows: the number of queries counted, those that see two keys or more
    numbers: d
    """

    head: HeadId
    of: CorpusVectors
    x: np.ndarray
    y: np.ndarray
    variance_kept: Share
    agree: Share
    guess: float
    rows: int
    numbers: int

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for every query, then for every key: kind, x, y, the columns of `CorpusVectors.tokens`; for a query
        also looks_at, its strongest key, and weight, that key's share of its attention. Of cross attention queries are
        of the target and keys of the source."""
        tokens, layer = self.of.tokens, self.of.layers[self.head.layer]
        first = layer.keys[self.head.head, :, 0]
        texts = self.of.key_tokens["text"].to_numpy(object)
        looks = {
            "looks_at": np.where(first < 0, "", texts[first]),
            "weight": np.where(first < 0, np.nan, layer.weights[self.head.head, :, 0]),
        }
        parts = [
            pd.DataFrame({"kind": kind, "x": at[:, 0], "y": at[:, 1]}).join(of)
            for kind, at, of in (("query", self.x, tokens), ("key", self.y, self.of.key_tokens))
        ]
        return pd.concat([parts[0].assign(**looks), parts[1].assign(looks_at="", weight=np.nan)], ignore_index=True)


def query_key_map(of: CorpusVectors, head: HeadId) -> QueryKeyMap:
    """The plane of one head, and what it keeps. Intervals: 95 % bootstrap over sentences, NaN for a single sentence."""
    layer = of.layers[head.layer]
    x, y = axes(layer.q[head.head], layer.k[head.head], layer.scaling)
    sums = np.array(
        [
            _held(x[at], y[to], layer.keys[head.head, at, 0] - to.start, layer.windows.get(number), of.causal)
            for number, (at, to) in enumerate(zip(of.sentences, of.key_sentences, strict=True))
        ]
    )
    lost, total, same, guess, rows = sums.T
    variance_kept = _over(total - lost, total)
    return QueryKeyMap(
        head,
        of,
        x[:, :2],
        y[:, :2],
        variance_kept,
        _over(same, rows),
        float(guess.sum() / rows.sum()) if rows.sum() else np.nan,
        int(rows.sum()),
        layer.q.shape[2],
    )


def axes(q: np.ndarray, k: np.ndarray, scaling: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of queries and keys, (N, d) and (M, d) → float64 (N, r), (M, r) with r = min(d, N, M), at least 2.

    x yᵀ = scaling · q (k − k̄)ᵀ = U Σ Vᵀ with x = U √Σ and y = V √Σ: on each axis queries and keys have the same
    Σ of squares, and the first two keep the most of the scores that any plane can (Eckart & Young 1936). Each axis
    points towards its farthest key.
    """
    q, k = q.astype(np.float64), k.astype(np.float64)
    left, a = np.linalg.qr(q)
    right, b = np.linalg.qr(k - k.mean(0))
    u, sizes, vt = np.linalg.svd(scaling * a @ b.T)
    sizes = sizes[: min(u.shape[1], len(vt))]
    x, y = (left @ u)[:, : len(sizes)] * np.sqrt(sizes), (right @ vt.T)[:, : len(sizes)] * np.sqrt(sizes)
    sign = np.where(y[np.abs(y).argmax(0), np.arange(y.shape[1])] < 0, -1, 1)
    missing = max(0, 2 - len(sizes))
    return np.pad(x * sign, ((0, 0), (0, missing))), np.pad(y * sign, ((0, 0), (0, missing)))


def _held(
    x: np.ndarray, y: np.ndarray, strongest: np.ndarray, seen: np.ndarray | None, causal: bool
) -> tuple[float, float, int, float, int]:
    """Sums of one sentence: Σ (s − ŝ)², Σ s², rows with the same strongest key, Σ 1 / keys, and the number of rows."""
    if seen is None:
        seen = np.tril(np.ones((len(x), len(y)), bool)) if causal else np.ones((len(x), len(y)), bool)

    def less_their_mean(scores: np.ndarray) -> np.ndarray:
        mean = (scores * seen).sum(1, keepdims=True) / seen.sum(1, keepdims=True)
        return (scores - mean) * seen

    scores, plane = less_their_mean(x @ y.T), less_their_mean(x[:, :2] @ y[:, :2].T)
    count = seen.sum(1)
    rows = (count > 1) & (strongest >= 0)
    best = np.where(seen, plane, -np.inf).argmax(1)
    return (
        float(((scores - plane) ** 2).sum()),
        float((scores**2).sum()),
        int((best == strongest)[rows].sum()),
        float((1 / count[rows]).sum()),
        int(rows.sum()),
    )


def _over(above: np.ndarray, below: np.ndarray) -> Share:
    """Σ above / Σ below over sentences, with its interval."""
    if not below.sum() > 0:
        return np.nan, np.nan, np.nan
    low, high = intervals(above, below) if len(below) > 1 else (np.nan, np.nan)
    return float(above.sum() / below.sum()), float(low), float(high)
