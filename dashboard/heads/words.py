"""From tokens to words, and without special tokens (METRICS §0)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.text.encoding import Axis


def to_axis(weights: np.ndarray, axis: Axis) -> np.ndarray:
    """Attention between tokens (…, n, n) → between the positions of an axis (…, m, m), float32.

    To a word: the sum over its pieces. From a word: the mean over its pieces (Clark et al. 2019, §4.1). A row sums
    to what its pieces' rows sum to on average, so to 1 for attention. Where every position is one token, in order,
    these are the weights themselves.
    """
    order = np.array([token for members in axis.members for token in members])
    sizes = np.array([len(members) for members in axis.members])
    if not (order == np.arange(len(order))).all():
        weights = weights[..., order[:, None], order]
    if (sizes == 1).all():
        return weights
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    to_words = np.add.reduceat(weights, starts, axis=-1)
    return (np.add.reduceat(to_words, starts, axis=-2) / sizes[:, None]).astype(np.float32)


def hide_special(weights: np.ndarray, special: Sequence[bool]) -> np.ndarray:
    """Attention (…, m, m) without the rows and columns of special positions, the rows renormalised to 1.

    A row that gave all it had to special positions is left all zero: nothing is known of where else it looks.
    """
    shown = np.flatnonzero(~np.asarray(special, bool))
    kept = weights[..., shown[:, None], shown].astype(np.float64)
    total = kept.sum(-1, keepdims=True)
    return np.divide(kept, total, out=np.zeros_like(kept), where=total > 0).astype(np.float32)
