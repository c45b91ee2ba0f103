"""How sure a figure over the sentences of a corpus is: the bootstrap of METRICS §0.

Why ours: how often each sentence is drawn, times the sums, is one product of matrices. scipy.stats.bootstrap gives the
same intervals, to rounding, in 1.9 s where this takes 0.6 (2,000 sentences, 72 figures).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

RESAMPLES = 1000
SEED = 0
PERCENTILES = (2.5, 97.5)

# Resamples whose counts are held at once.
_TOGETHER = 100


def resample_counts(sentences: int) -> Iterator[np.ndarray]:
    """How often each of S sentences is drawn in each of 1,000 resamples: int32 (100, S) at a time.

    The draws are ``numpy.random.default_rng(0).integers(0, S, (1000, S))``, made a few rows at a time.
    """
    generator = np.random.default_rng(SEED)
    for _ in range(0, RESAMPLES, _TOGETHER):
        drawn = generator.integers(0, sentences, (_TOGETHER, sentences))
        yield np.stack([np.bincount(row, minlength=sentences) for row in drawn]).astype(np.int32)


def intervals(
    numerator: np.ndarray, denominator: np.ndarray, *, sentences: int | None = None, places: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """95 % intervals of Σ numerator / Σ denominator over resampled sentences.

    Parameters
    ----------
    numerator: (S, …), a figure's sum within each sentence
    denominator: (S) or as `numerator`, over how many cases
    sentences, places: where only some of S sentences have a case: how many there are in all, and which these are

    Returns
    -------
    low, high: float64 (…), percentiles 2.5 and 97.5. Resamples without a case are skipped; NaN where none has one.
    """
    shape = numerator.shape[1:]
    total = len(numerator) if sentences is None else sentences
    if not len(numerator):
        return np.full(shape, np.nan), np.full(shape, np.nan)
    above = np.asarray(numerator, np.float64).reshape(len(numerator), -1)
    below = np.asarray(denominator, np.float64).reshape(len(numerator), -1)
    found = []
    for counts in resample_counts(total):
        counts = (counts if places is None else counts[:, places]).astype(np.float64)
        cases = np.broadcast_to(counts @ below, (len(counts), above.shape[1]))
        found.append(np.divide(counts @ above, cases, out=np.full(cases.shape, np.nan), where=cases > 0))
    statistics = np.concatenate(found)
    low, high = np.full(statistics.shape[1], np.nan), np.full(statistics.shape[1], np.nan)
    some = ~np.isnan(statistics).all(0)
    if some.any():
        known = statistics[:, some]
        percentiles = np.nanpercentile if np.isnan(known).any() else np.percentile
        low[some], high[some] = percentiles(known, PERCENTILES, axis=0)
    return low.reshape(shape), high.reshape(shape)


FEWEST = 30
