"""How likely a figure is by luck, and how likely the best of many: METRICS §10.

A p-value is the share of random draws that are at least as large as what was observed, the observation itself counted
as one of them, so it is never 0. 1,000 are drawn; a head that fewer than 10 of them reach is drawn on, to 20,000, so
that one head of a long list can stand out. Where there are no more than 1,000 other draws, each is taken once. Over a
list, Benjamini and Hochberg's q: of the heads with q ≤ 0.05, at most 5 % are expected to be there by luck.

Shares come from float32 weights: a draw that is smaller by less than 1e-6 counts as equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from math import comb, prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DRAWS = 1_000
MOST = 20_000  # draws of a head that few of the first reach
PARTS = MOST // DRAWS - 1  # of the further draws, so that few are held at once
FEW = 10
SEED = 0
LEVEL = 0.05
CLOSE = 1e-6

Statistics = Callable[[np.ndarray], np.ndarray]
"""Which of the h heads, as indices → the statistic of each draw, (draws, h); NaN where a draw has none."""


def q_values(p: np.ndarray) -> np.ndarray:
    """Benjamini–Hochberg q-values of p-values of any shape, in (0, 1]; NaN where p is, and such are not counted."""
    p = np.asarray(p, np.float64)
    q, known = np.full(p.shape, np.nan), np.isfinite(p)
    if known.any():
        from scipy.stats import false_discovery_control  # slow to import, and seldom needed for the first picture

        q[known] = false_discovery_control(p[known])
    return q


def p_values(
    observed: np.ndarray,
    first: Statistics,
    more: Callable[[np.ndarray], Iterable[np.ndarray]] | None = None,
    enough: float = np.inf,
) -> np.ndarray:
    """(1 + draws that are at least as large) / (1 + draws) for h heads: float64 (h), in (0, 1].

    Parameters
    ----------
    first, more: the first draws, and further ones, a part after the other, for the heads that few of the first reach
    enough: the share of heads without a draw as large from which on the first are enough: with a fifth of a whole list
        these have q ≤ 0.005

    NaN for a head that has no figure, or no draw with one.
    """
    observed = np.asarray(observed, np.float64)
    every = np.arange(len(observed))
    reached, drawn = _tail(observed, first(every))
    known = np.isfinite(observed) & (drawn > 0)
    if more is not None and (known & (reached == 0)).sum() < enough * max(known.sum(), 1):
        few = every[known & (reached < FEW)]
        for part in more(few) if len(few) else ():
            again = _tail(observed[few], part)
            reached[few] += again[0]
            drawn[few] += again[1]
    return np.where(known, (1 + reached) / (1 + drawn), np.nan)


def _tail(observed: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many draws are at least as large as each observation, and how many have a figure."""
    return (draws >= observed - CLOSE).sum(0), np.isfinite(draws).sum(0)


def p_among(observed: np.ndarray, others: np.ndarray) -> np.ndarray:
    """p by rank: observed (h) among the same figure of others (n, h). NaN where there is none."""
    return p_values(observed, lambda which: others[:, which])


@dataclass(frozen=True, eq=False)
class DrawnSets:
    """Random sets of cells with as many of each group as are marked: pairs of words at the same distances.

    Attributes
    ----------
    marked: for each group the indices of its marked cells
    pool: for each group the indices of all cells that could be marked, the marked ones among them
    cells: how many cells there are
    seed: of the draws, numbers as `numpy.random.default_rng` takes them
    places: where several cells are only drawn together: what `marked` and `pool` then are indices of, as the cells of
        all places one after another, and where each place begins and the last one ends
    """

    marked: Sequence[np.ndarray]
    pool: Sequence[np.ndarray]
    cells: int
    seed: int | Sequence[int] = SEED
    places: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def others(self) -> int:
        """How many other sets there are."""
        return prod(comb(len(pool), len(own)) for pool, own in zip(self.pool, self.marked, strict=True)) - 1

    @property
    def few(self) -> bool:
        """Whether each of the other sets is taken once."""
        return self.others <= DRAWS

    @property
    def least(self) -> float:
        """The smallest p that these marks can have."""
        return 1 / (1 + (self.others if self.few else MOST))

    @cached_property
    def own(self) -> csr_array:
        """The marked set, as a draw."""
        return self._matrix(np.concatenate([np.sort(own) for own in self.marked])[None])

    @cached_property
    def every(self) -> csr_array:
        """All other sets, where they are few: a row each, 1 at the cells of the set, (draws, cells)."""
        return self._matrix(self._every())

    @cached_property
    def first(self) -> csr_array:
        """The first random sets, as `every`."""
        return self._matrix(self._random(0, DRAWS))

    @property
    def draws(self) -> csr_array:
        """The sets to begin with: all others where they are few, else the first random ones."""
        return self.every if self.few else self.first

    def more(self, part: int) -> csr_array:
        """The further random sets, as `every`, part 1 to `PARTS`."""
        return self._matrix(self._random(part, DRAWS))

    def _every(self) -> np.ndarray:
        own = tuple(tuple(sorted(group.tolist())) for group in self.marked)
        groups = (
            combinations(sorted(pool.tolist()), len(group)) for pool, group in zip(self.pool, self.marked, strict=True)
        )
        rows = [sum(sets, ()) for sets in product(*groups) if sets != own]
        return np.array(rows, int).reshape(len(rows), sum(map(len, own)))

    def _random(self, part: int, draws: int) -> np.ndarray:
        seeds = [self.seed] if isinstance(self.seed, int) else self.seed
        generator = np.random.default_rng([*seeds, part])
        groups = zip(self.pool, self.marked, strict=True)
        return np.concatenate([pool[subsets(generator, len(pool), len(own), draws)] for pool, own in groups], 1)

    def _matrix(self, rows: np.ndarray) -> csr_array:
        from scipy.sparse import csr_array

        starts = np.arange(0, rows.size + 1, max(rows.shape[1], 1))
        if self.places is None:
            return csr_array((np.ones(rows.size), rows.ravel(), starts), (len(rows), self.cells))
        together, begins = self.places
        count = len(begins) - 1
        of_places = csr_array((np.ones(len(together)), together, begins), (count, self.cells))
        return csr_array((np.ones(rows.size), rows.ravel(), starts), (len(rows), count)) @ of_places


def subsets(generator: np.random.Generator, of: int, size: int, draws: int) -> np.ndarray:
    """Uniformly random sets of `size` of the numbers 0 … of - 1: int (draws, size). Floyd's algorithm, all at once."""
    found = np.full((draws, size), -1)
    for place, last in enumerate(range(of - size, of)):
        drawn = generator.integers(0, last + 1, draws)
        taken = (found[:, :place] == drawn[:, None]).any(1)
        found[:, place] = np.where(taken, last, drawn)
    return found


def sums(draws: csr_array, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each draw's sum of the values of its cells that have one, and their number: (cells, h) → (draws, h) twice, the
    numbers (draws, 1) where every cell has a value."""
    known = np.isfinite(values)
    if known.all():
        return draws @ values, draws.sum(1)[:, None]
    return draws @ np.where(known, values, 0), draws @ known.astype(np.float64)


def mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Sums over counts; NaN where nothing was counted."""
    count = np.broadcast_to(count, np.shape(total))
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)


def p_of_pairs(sets: DrawnSets, values: np.ndarray, drawn: np.ndarray | None = None) -> np.ndarray:
    """p of each head's mean over the marked cells, among sets as large of the same groups.

    values: (cells, h), NaN where a head has none; drawn: the means over `DrawnSets.draws`, where they are known
    """
    values = np.asarray(values, np.float64)

    def first(which: np.ndarray) -> np.ndarray:
        return mean(*sums(sets.draws, values[:, which])) if drawn is None else drawn[:, which]

    def more(which: np.ndarray) -> Iterator[np.ndarray]:
        return (mean(*sums(sets.more(part), values[:, which])) for part in range(1, PARTS + 1))

    [observed] = mean(*sums(sets.own, values))
    return p_values(observed, first, None if sets.few else more)


def q_of_texts(texts: Sequence[tuple[DrawnSets, np.ndarray]]) -> np.ndarray:
    """q of each head's mean over the marked cells of several texts: float64 (h). A draw is a set of every text.

    texts: of each what can be drawn, and its values (cells, h)
    """

    def pooled(draws: Callable[[DrawnSets], csr_array], which: np.ndarray | slice) -> np.ndarray:
        total = count = np.zeros(1)
        for sets, values in texts:
            found = sums(draws(sets), values[:, which])
            total, count = total + found[0], count + found[1]
        return mean(total, count)

    if not texts:
        return np.array([])
    [observed] = pooled(lambda sets: sets.own, slice(None))
    return q_values(
        p_values(
            observed,
            lambda which: pooled(lambda sets: sets.first, which),
            lambda which: (pooled(lambda sets, part=part: sets.more(part), which) for part in range(1, PARTS + 1)),
            enough=0.2,
        )
    )


def p_of_signs(differences: np.ndarray) -> np.ndarray:
    """p of the sums of differences, among their sums with random signs: (S, h) → (h).

    differences: of each sentence, float32 or float64, NaN where a head has none. Where S sentences have at most 1,000
        other signs, each is taken once
    """
    values = np.nan_to_num(differences)
    known = np.isfinite(differences).any(0)
    size = len(values)
    if not size:
        return np.full(values.shape[1], np.nan)
    observed = np.where(known, values.sum(0), np.nan)
    if 2**size - 1 <= DRAWS:
        signs = 1.0 - 2 * ((np.arange(1, 2**size)[:, None] >> np.arange(size)) & 1)
        return p_values(observed, lambda which: signs @ values[:, which])
    generator = np.random.default_rng(SEED)

    def flipped(which: np.ndarray) -> np.ndarray:
        return (1 - 2 * generator.integers(0, 2, (DRAWS, size), np.int8)).astype(values.dtype) @ values[:, which]

    def more(which: np.ndarray) -> Iterator[np.ndarray]:
        return (flipped(which) for _ in range(PARTS))

    return p_values(observed, flipped, more)
