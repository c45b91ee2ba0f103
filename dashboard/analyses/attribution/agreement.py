"""Whether a head looks at what decided: the rank agreement of its attention with the attribution, and how likely that
is by luck (METRICS, attribution)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from math import factorial

import numpy as np
from scipy.stats import rankdata

from dashboard.capture import AttentionModel, Block, visit
from dashboard.heads.chance import DRAWS, MOST, PARTS, SEED, p_values, q_values
from dashboard.text.encoding import Encoding

FEWEST = 3  # words, below which their order says nothing


def agreement(rows: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Spearman's ρ of each row with the sizes: (…, m), (m) → (…), in [−1, 1]; equal values share their mean rank.

    NaN for a row whose values are all equal, and where the sizes are, or are fewer than `FEWEST`.
    """
    if rows.shape[-1] < FEWEST:
        return np.full(rows.shape[:-1], np.nan)
    return _ranks(rows) @ _ranks(sizes)


def q_of_agreement(rows: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """q of the agreement of h heads: how likely a random order of the sizes agrees as well (METRICS §10): (h).

    rows: attention (h, m); sizes: (m). A draw is the same for all heads. Where m words have at most 1,000 other orders,
    each is taken once. NaN where a head has no agreement.
    """
    observed = agreement(rows, sizes)
    if not np.isfinite(observed).any():
        return np.full(observed.shape, np.nan)
    ranks, of_heads = _ranks(sizes), _ranks(rows)

    def first(which: np.ndarray) -> np.ndarray:
        return _orders(ranks, 0) @ of_heads[which].T

    def more(which: np.ndarray) -> Iterator[np.ndarray]:
        return (_orders(ranks, part) @ of_heads[which].T for part in range(1, PARTS + 1))

    return q_values(p_values(observed, first, None if others(len(sizes)) <= DRAWS else more))


def others(words: int) -> int:
    """How many other orders so many words have, counted up to the most that are drawn."""
    return min(factorial(min(words, 12)) - 1, MOST)


def least_p(words: int) -> float:
    """The smallest p that so many words can have."""
    return 1 / (1 + others(words))


def _orders(ranks: np.ndarray, part: int) -> np.ndarray:
    """Orders of the ranks other than their own where there are few, each once; else random ones: (draws, m)."""
    if others(len(ranks)) <= DRAWS:
        every = np.array(list(permutations(range(len(ranks)))))[1:]
        return ranks[every]
    generator = np.random.default_rng([SEED, part])
    return generator.permuted(np.tile(ranks, (DRAWS, 1)), axis=1)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks less their mean, over their length, so that the product of two is ρ: (…, m). NaN for a constant row."""
    ranks = rankdata(values, axis=-1) - (values.shape[-1] + 1) / 2
    size = np.sqrt((ranks * ranks).sum(-1, keepdims=True))
    return np.divide(ranks, size, out=np.full(ranks.shape, np.nan), where=size > 0)


def nearness(words: Sequence[Sequence[int]], places: Sequence[int]) -> np.ndarray:
    """How near each word stands to the nearest of the tokens that predict: minus its distance in tokens (m)."""
    return np.array([-min(abs(token - place) for token in own for place in places) for own in words], float)


class _Rows:
    """Visitor: the mean row of some tokens, for every head: `rows`, float64 (h, n)."""

    def __init__(self, model: AttentionModel, places: Sequence[int], n: int):
        self.rows = np.zeros((len(model.all_heads), n))
        self._places, self._model = places, model

    def block(self, block: Block) -> None:
        inside = [place - block.rows.start for place in self._places if block.rows.start <= place < block.rows.stop]
        if inside:
            found = block.weights[:, inside].double().sum(1).cpu().numpy() / len(self._places)
            self.rows[[self._model.place(head) for head in block.ids], : found.shape[1]] += found


def attention_from(model: AttentionModel, encoding: Encoding, places: Sequence[int]) -> np.ndarray:
    """The attention of every head from some tokens, their mean: float64 (h, n), heads in the order of `all_heads`."""
    found = _Rows(model, places, len(encoding))
    visit(model, encoding, found)
    return found.rows
