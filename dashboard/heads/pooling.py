"""From tokens to words, and without special tokens (METRICS §0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.text.encoding import Axis


@dataclass(frozen=True, eq=False)
class Pooling:
    """How tokens make up the positions of an axis.

    Attributes
    ----------
    order: the tokens, position after position (n)
    sizes, starts: how many tokens each position has, and where they begin in `order` (m)
    """

    order: np.ndarray
    sizes: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, axis: Axis) -> Pooling:
        sizes = np.array([len(members) for members in axis.members], int)
        order = np.array([token for members in axis.members for token in members], int)
        return cls(order, sizes, np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int))

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        """Attention between tokens (…, n, n) → between positions (…, m, m), see `to_axis`."""
        if not (self.order == np.arange(len(self.order))).all():
            weights = weights[..., self.order[:, None], self.order]
        if (self.sizes == 1).all():
            return weights
        to_words = np.add.reduceat(weights, self.starts, axis=-1)
        return (np.add.reduceat(to_words, self.starts, axis=-2) / self.sizes[:, None]).astype(np.float32)


def to_axis(weights: np.ndarray, axis: Axis) -> np.ndarray:
    """Attention between tokens (…, n, n) → between the positions of an axis (…, m, m), float32.

    To a word: the sum over its tokens. From a word: the mean over its tokens (Clark et al. 2019, §4.1). A row sums
    to what its tokens' rows sum to on average, so to 1 for attention. Where every position is one token, in order,
    these are the weights themselves.
    """
    return Pooling.of(axis)(weights)


def hide_special(weights: np.ndarray, special: Sequence[bool]) -> np.ndarray:
    """Attention (…, m, m) without the rows and columns of special positions, the rows renormalised to 1.

    A row that gave all it had to special positions is left all zero: nothing is known of where else it looks.
    """
    shown = np.flatnonzero(~np.asarray(special, bool))
    kept = weights[..., shown[:, None], shown].astype(np.float64)
    total = kept.sum(-1, keepdims=True)
    return np.divide(kept, total, out=np.zeros_like(kept), where=total > 0).astype(np.float32)
