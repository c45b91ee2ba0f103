"""Thumbnails of whole maps: what the block-wise ones must equal."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.scores.thumbnails import SIZE, column_sums, row_means


def shrink(weights: np.ndarray, size: int = SIZE) -> np.ndarray:
    """Maps (…, n, k) to (…, min(size, n), min(size, k)): the mean over a bucket of rows of the sum over one of keys.

    A row sums to the mean of its rows' sums, 1 for attention.
    """
    n, k = weights.shape[-2:]
    return (row_means(n, size) @ weights @ column_sums(k, size)).astype(np.float32)
