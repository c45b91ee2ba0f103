"""Spearman's rank correlation of two figures over the heads of a model, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.heads.bootstrap import PERCENTILES, RESAMPLES, SEED


@dataclass(frozen=True)
class Correlation:
    """Spearman's ρ of two figures over heads.

    Attributes
    ----------
    rho: in [-1, 1]; NaN for fewer than two heads, or if one of the figures is the same for all heads
    low, high: its 95 % interval over heads; NaN if there is none
    heads: the number of heads with both figures
    constant: the figure (0 or 1) that is the same for all heads; None if neither is
    """

    rho: float
    low: float
    high: float
    heads: int
    constant: int | None = None


def spearman(a: np.ndarray, b: np.ndarray) -> Correlation:
    """Pearson's correlation of the ranks of two figures over H heads; equal values share their mean rank.

    a, b: float (H); heads without one of the two (NaN) are left out. The interval is the 95 % bootstrap over heads
    (1,000 resamples, seed 0), with the resampled heads ranked again; resamples in which a figure is constant are
    skipped. It shows how much ρ depends on single heads of this model, not how it varies over models. Source:
    Spearman 1904.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    known = ~(np.isnan(a) | np.isnan(b))
    both = np.stack([a[known], b[known]])
    many = both.shape[1]
    constant = next((side for side in (0, 1) if many and np.ptp(both[side]) == 0), None)
    if many < 2 or constant is not None:
        return Correlation(np.nan, np.nan, np.nan, many, constant)
    drawn = np.random.default_rng(SEED).integers(0, many, (RESAMPLES, many))
    resampled = _rho(both[0][drawn], both[1][drawn])
    low, high = np.nanpercentile(resampled, PERCENTILES)
    return Correlation(float(_rho(both[:1], both[1:])[0]), float(low), float(high), many)


def _rho(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The rank correlation of (R, H) and (R, H), row by row: (R); NaN for a constant row."""
    # pandas ranks as scipy.stats.rankdata does, just as fast, without the 0.3 s that importing scipy.stats takes.
    x, y = (pd.DataFrame(rows.T).rank().to_numpy() for rows in (a, b))
    x, y = x - x.mean(0), y - y.mean(0)
    size = np.sqrt((x * x).sum(0) * (y * y).sum(0))
    return np.divide((x * y).sum(0), size, out=np.full(len(a), np.nan), where=size > 0)
