"""Thumbnails: a head's map reduced to at most 32 × 32, for the atlas of all heads."""

from __future__ import annotations

import numpy as np

SIZE = 32


def bucket_of(n: int, size: int = SIZE) -> np.ndarray:
    """The bucket of each of n positions, of t = min(size, n): position i is in bucket ⌊i · t / n⌋ (n)."""
    return np.arange(n) * min(size, n) // max(n, 1)


def row_means(n: int, size: int = SIZE) -> np.ndarray:
    """The matrix that takes the mean over each bucket of rows: float32 (t, n)."""
    members = column_sums(n, size).T
    return members / members.sum(1, keepdims=True)


def column_sums(n: int, size: int = SIZE) -> np.ndarray:
    """The matrix that sums over each bucket of columns: float32 (n, t)."""
    bucket = bucket_of(n, size)
    return (bucket[:, None] == np.arange(min(size, n))).astype(np.float32)
