"""How many bits of a head's attention position explains, and what the parse and meaning explain beyond (METRICS §4)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch

from dashboard.analyses.profile.conditional_logit import Objective, fit
from dashboard.analyses.profile.example_sentences import top_examples
from dashboard.analyses.profile.features import FeatureSpace, PairFeatures
from dashboard.analyses.profile.fit_rows import Packed, Sums, pack, position_only
from dashboard.analyses.profile.roles import FIGURES, leans, roles
from dashboard.heads.bootstrap import intervals
from dashboard.heads.head_id import every_head, head_columns

FEWEST_WORDS, FEWEST_CANDIDATES = 4, 3

# The smallest normal float32: a share below it, times its logarithm, is negligible.
TINY = float(np.finfo(np.float32).tiny)

# The models that are fitted: with the groups syntax and context, or without.
MODELS = {"pos": (False, False), "pos_ctx": (False, True), "pos_syn": (True, False), "all": (True, True)}


@dataclass(frozen=True, eq=False)
class ExplainedStatistics:
    """The sums of one sentence, for h heads, k scored queries and the columns of a `FeatureSpace`.

    Attributes
    ----------
    index: the sentence's place in the file, from 0, counting those left out
    features: of its pairs of words
    expected: Σ over queries of Σ_j q(j) f(i, j), float32 (h, columns)
    entropy: Σ over queries of the entropy of q in bits, float64 (h)
    mass: the attention of each query to its candidates, float32 (h, k); a query whose mass is 0 does not count
    """

    index: int
    features: PairFeatures
    expected: np.ndarray
    entropy: np.ndarray
    mass: np.ndarray


def explained_queries(m: int, causal: bool) -> np.ndarray:
    """The words of a sentence of m whose attention is explained: those with at least 3 candidates, of at least 4."""
    if m < FEWEST_WORDS:
        return np.zeros(0, int)
    return np.arange(FEWEST_CANDIDATES if causal else 0, m)


def expected_features(shares: np.ndarray, dense: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Σ over queries of expected features, float32 (h, columns), and of entropies in bits, float64 (h).

    Parameters
    ----------
    shares: q, float32 (h, k, m), all zero in a row that does not count
    dense: the features of the queries' pairs (k · m, columns)
    """
    # Small products by torch too: the threads of two libraries, used in turn, wait for each other.
    flat = torch.from_numpy(np.ascontiguousarray(shares)).flatten(1)
    entropy = -(flat.clamp(min=TINY).log2_().mul_(flat)).sum(1, dtype=torch.float64)
    return (flat @ torch.from_numpy(dense)).numpy(), entropy.numpy()


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The models of all heads, each fitted on one half of the sentences, and what they say of the other half.

    Attributes
    ----------
    sums: over the queries of each of the S sentences that have any
    entropies: for each of `MODELS` the cross-entropy of each sentence's queries in bits, by the other half's model:
        float32 (S, h); NaN where one half has no query
    theta: for each of `MODELS` θ of the even sentences and of the odd, float64 (columns, h) each; {} where one half has
        no query
    """

    sums: Sums
    entropies: dict[str, np.ndarray]
    theta: dict[str, tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True, eq=False)
class Explained:
    """The figures of METRICS §4, held out.

    Attributes
    ----------
    table: a row per head: layer, head, queries, active, then for each of `FIGURES` bits_… with bits_…_low and
        bits_…_high, in bits per query word; lean in [-1, 1], empty where undecided; role
    silent: the number of queries left out because their mass is 0, over all heads
    top_examples: each head's strongest and typical sentences, see `example_sentences`
    """

    table: pd.DataFrame
    silent: int
    top_examples: pd.DataFrame


def explain(
    statistics: Iterable[ExplainedStatistics], space: FeatureSpace, layers: int, heads: int, causal: bool
) -> Explained:
    """Fits the conditional logits of all heads on the even sentences and scores them on the odd, and the reverse.

    `statistics` is read several times. In bits per query word, with H(G) the held-out cross-entropy under the groups
    G and U the mean log2 of the number of candidates: total = U − entropy(q); position = U − H(pos);
    syntax = H(pos, ctx) − H(pos, syn, ctx); context = H(pos, syn) − H(pos, syn, ctx);
    shared = H(pos) − H(pos, syn, ctx) − syntax − context; unexplained is the rest of total. All but total and
    unexplained may be slightly negative. Where one half of the sentences has no query, only total has a value.
    """
    found = held_out(statistics, space, layers * heads, causal)
    sums, bits = found.sums, bits_by_sentence(found)
    chosen = top_examples(bits, sums.queries, sums.sentences, layers, heads)
    return Explained(_table(sums, bits, layers, heads), int(sums.silent), chosen)


def held_out(statistics: Iterable[ExplainedStatistics], space: FeatureSpace, heads: int, causal: bool) -> HeldOut:
    """Fits the conditional logits of h heads on the even sentences and scores them on the odd, and the reverse.

    `statistics` is read several times.
    """
    packed, sums = pack(statistics, space, heads, causal)
    entropies = {name: np.full((len(sums.queries), heads), np.nan, np.float32) for name in MODELS}
    fitted: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    if packed[0] and packed[1]:
        for name, (syntax, context) in MODELS.items():
            even, odd = (
                _fitted(packed[fold], sums.expected[fold], sums.counted[fold], space, syntax, context)
                for fold in (0, 1)
            )
            fitted[name] = even, odd
            entropies[name] = _cross_entropies(packed, fitted[name], statistics, space, heads, syntax, context)
    return HeldOut(sums, entropies, fitted)


def _fitted(
    packed: list[Packed], expected: np.ndarray, queries: np.ndarray, space: FeatureSpace, syntax: bool, context: bool
) -> torch.Tensor:
    columns = space.columns(syntax, context)
    rows = _Expanded(packed, space, syntax, context) if syntax or context else position_only(packed, len(queries))
    return fit(Objective(rows, torch.from_numpy(expected[columns]), torch.from_numpy(queries)))


class _Expanded:
    """Rows whose features are computed on reading, so that only one block is in memory."""

    def __init__(self, packed: list[Packed], space: FeatureSpace, syntax: bool, context: bool):
        self._packed, self._how = packed, (space, syntax, context)

    def __iter__(self):
        return (block.expand(*self._how) for block in self._packed)


def _cross_entropies(
    packed: tuple[list[Packed], list[Packed]],
    theta: tuple[torch.Tensor, torch.Tensor],
    statistics: Iterable[ExplainedStatistics],
    space: FeatureSpace,
    count: int,
    syntax: bool,
    context: bool,
) -> np.ndarray:
    """Σ over the queries of each sentence of the cross-entropy in bits, each by the other half's model: (S, h)."""
    columns = space.columns(syntax, context)
    linear = []
    for one in statistics:
        if one.mass.shape[1]:
            linear.append(-one.expected[:, columns].astype(np.float64) * theta[1 - one.index % 2].numpy().T)
            linear[-1] = linear[-1].sum(1)
    found = np.array(linear).reshape(-1, count)
    for fold in (0, 1):
        for rows in _Expanded(packed[fold], space, syntax, context):
            # In float64: float32 rounding errors have the same sign in all rows of a block.
            log_z = replace(rows, features=rows.features.double()).log_z(theta[1 - fold])
            log_z = log_z if rows.weights is None else log_z * rows.weights
            np.add.at(found, rows.sentence, log_z.numpy())
    return (found / math.log(2)).astype(np.float32)


def bits_by_sentence(found: HeldOut) -> dict[str, np.ndarray]:
    """Each of `FIGURES` summed over the queries of each sentence, in bits: float32 (S, h)."""
    sums, entropies = found.sums, found.entropies
    even = sums.even  # Σ log2 of the number of candidates, (S, h)
    full = entropies["all"]
    bits = {
        "total": even - sums.entropy,
        "position": even - entropies["pos"],
        "syntax": entropies["pos_ctx"] - full,
        "context": entropies["pos_syn"] - full,
    }
    bits["shared"] = entropies["pos"] - full - bits["syntax"] - bits["context"]
    bits["unexplained"] = full - sums.entropy
    return bits


def _table(sums: Sums, bits: dict[str, np.ndarray], layers: int, heads: int) -> pd.DataFrame:
    queries = sums.queries.sum(0, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        table = {
            **head_columns(every_head(layers, heads)),
            "queries": queries.astype(int),
            "active": sums.active.sum(0) / queries,
        }
        for name in FIGURES:
            table[f"bits_{name}"] = bits[name].sum(0, dtype=np.float64) / queries
            table[f"bits_{name}_low"], table[f"bits_{name}_high"] = intervals(bits[name], sums.queries)
    low, high = intervals(bits["syntax"] - bits["context"], sums.queries)
    table["lean"] = leans(table["bits_syntax"], table["bits_context"], low, high)
    table["role"] = roles(table["bits_total"], table["bits_position"], table["lean"])
    return pd.DataFrame(table)
