"""A list of heads beside the lists that random pairs make: the picture of how far luck goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dashboard.heads.chance import LEVEL, DrawnSets, mean, p_of_pairs, q_values, sums

BAND = (2.5, 97.5)
LIMIT = 95


@dataclass(frozen=True, eq=False)
class Luck:
    """A list of heads by their attention along marked pairs, and the lists of the same heads with random pairs.

    Attributes
    ----------
    table: a row per head with a figure, sorted by descending `beyond`: place (from 1), name, score (the mean share
        along the marked pairs), expected (its mean over random pairs), beyond = score - expected, p (of this head
        alone), q (over all), low and high (of the figure at this place: 95 % of the lists with random pairs lie
        between). Shares, p and q are in [0, 1], beyond in [-1, 1]
    best: beyond of the best head of each list with random pairs (draws)
    limit: at least 95 % of these are not above it
    chance: p of the best of the whole list: the share of random lists, this one counted, with a best as large
    pairs: how many are marked
    sets, least_p: how many other sets of marks there are, and the smallest p among them
    title, over: what the list is of, for a title; how it was made, for a subtitle
    origin: the arguments that make it again
    """

    table: pd.DataFrame
    best: np.ndarray
    limit: float
    chance: float
    pairs: int
    sets: int
    least_p: float
    title: str
    over: str
    origin: dict[str, Any]

    @property
    def told_apart(self) -> bool:
        """Whether there are enough other sets of marks for any head to have p ≤ 0.05."""
        return self.least_p <= LEVEL


class RandomMarks:
    """The figures of heads with the marks that there are and with random ones, collected a few heads at a time.

    sets: what can be marked instead; heads: how many there are
    """

    def __init__(self, sets: DrawnSets, heads: int):
        self.sets = sets
        self.score, self.p = np.full(heads, np.nan), np.full(heads, np.nan)
        self.drawn = np.full((len(sets.draws.indptr) - 1, heads), np.nan, np.float32)

    def take(self, heads: slice, values: np.ndarray) -> None:
        """values: of the cells, (cells, h), NaN where a head has none"""
        values = np.asarray(values, np.float64)
        [score] = mean(*sums(self.sets.own, values))
        drawn = mean(*sums(self.sets.draws, values))
        self.p[heads] = p_of_pairs(self.sets, values, drawn)
        self.score[heads], self.drawn[:, heads] = score, drawn

    def luck(self, names: Sequence[str], *, pairs: int, title: str, over: str, origin: dict[str, Any]) -> Luck:
        """The list. names: of all heads, in order; the rest: as in `Luck`"""
        known = np.isfinite(self.p)
        score, drawn = self.score[known], self.drawn[:, known].astype(np.float64)
        expected = np.nanmean(drawn, 0) if drawn.size else np.zeros(len(score))
        beyond, random = score - expected, np.nan_to_num(drawn - expected)
        lists = -np.sort(-random, 1)
        low, high = np.percentile(lists, BAND, axis=0) if lists.size else (np.full(len(score), np.nan),) * 2
        order = np.argsort(-beyond, kind="stable")
        table = pd.DataFrame(
            {
                "place": np.arange(1, len(score) + 1),
                "name": np.array(names, object)[known][order],
                "score": score[order],
                "expected": expected[order],
                "beyond": beyond[order],
                "p": self.p[known][order],
                "q": q_values(self.p[known])[order],
                "low": low,
                "high": high,
            }
        )
        best = lists[:, 0] if lists.size else np.array([])
        limit = float(np.percentile(best, LIMIT, method="higher")) if len(best) else np.nan
        largest = (best >= beyond.max() - 1e-6).sum() if len(best) else np.nan
        return Luck(
            table=table,
            best=best,
            limit=limit,
            chance=float((1 + largest) / (1 + len(best))),
            pairs=pairs,
            sets=self.sets.others,
            least_p=self.sets.least,
            title=title,
            over=over,
            origin=origin,
        )
