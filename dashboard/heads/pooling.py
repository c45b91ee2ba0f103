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

    @property
    def moves(self) -> bool:
        """Whether the positions stand in another order than the tokens."""
        return not (self.order == np.arange(len(self.order))).all()

    @property
    def each_alone(self) -> bool:
        """Whether each position is one token, in order."""
        return bool((self.sizes == 1).all()) and not self.moves

    def __call__(self, weights: np.ndarray, keys: Pooling | None = None) -> np.ndarray:
        """Attention between tokens (…, n, k) → between positions (…, m, l), see `to_axis`. keys: of the columns, where
        these are of another text than the rows"""
        keys = self if keys is None else keys
        if self.each_alone and keys.each_alone:
            return weights
        to_words = keys.columns(weights[..., self.order, :] if self.moves else weights)
        return (np.add.reduceat(to_words, self.starts, axis=-2) / self.sizes[:, None]).astype(np.float32)

    def columns(self, weights: np.ndarray) -> np.ndarray:
        """Attention to tokens (…, n) → to positions (…, m): the sum over the tokens of each."""
        if self.each_alone:
            return weights
        return np.add.reduceat(weights[..., self.order] if self.moves else weights, self.starts, axis=-1)

    def some_rows(self, weights: np.ndarray, first: int, positions: np.ndarray) -> np.ndarray:
        """The rows of `positions` (r, in order) alone: attention from the tokens `first` … (r', n) → (r, m)."""
        to_words, tokens = self.columns(weights), self.tokens_of(positions)
        if len(tokens) == len(positions):
            return to_words[tokens - first]
        sizes = self.sizes[positions]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
        return (np.add.reduceat(to_words[tokens - first], starts, axis=0) / sizes[:, None]).astype(np.float32)

    def tokens_of(self, positions: np.ndarray) -> np.ndarray:
        """The tokens of these positions, one after the other."""
        return np.concatenate([self.order[self.starts[p] : self.starts[p] + self.sizes[p]] for p in positions])


def to_axis(weights: np.ndarray, axis: Axis, keys: Axis | None = None) -> np.ndarray:
    """Attention between tokens (…, n, k) → between the positions of an axis (…, m, l), float32. keys: the axis of the
    columns, where these are of another text than the rows.

    To a word: the sum over its tokens. From a word: the mean over its tokens (Clark et al. 2019, §4.1). A row sums
    to what its tokens' rows sum to on average, so to 1 for attention. Where every position is one token, in order,
    these are the weights themselves.
    """
    return Pooling.of(axis)(weights, None if keys is None or keys is axis else Pooling.of(keys))


def hide_special(weights: np.ndarray, special: Sequence[bool], keys: Sequence[bool] | None = None) -> np.ndarray:
    """Attention (…, m, k) without the rows and columns of special positions, the rows renormalised to 1. keys: which
    columns are special, where these are of another text than the rows.

    A row that gave all it had to special positions is left all zero: nothing is known of where else it looks.
    """
    looks, seen = (np.flatnonzero(~np.asarray(one, bool)) for one in (special, special if keys is None else keys))
    return renormalised(weights[..., looks[:, None], seen])


def renormalised(weights: np.ndarray) -> np.ndarray:
    """Rows (…, k) divided by their sums, float32; a row of zeros stays one."""
    exact = weights.astype(np.float64)
    total = exact.sum(-1, keepdims=True)
    return np.divide(exact, total, out=np.zeros_like(exact), where=total > 0).astype(np.float32)
