"""The map of a head over a long text in squares, at the resolution that is looked at.

At level ℓ a square holds 2^ℓ × 2^ℓ positions and shows the largest weight among them: a mean would hide the single
links that a sharp head is made of. At level 0 a square is one position, and its weight is exact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

TILE = 256  # squares a side
OVERVIEW = 512  # at most so many squares a side show the whole text
ROWS = 128  # positions whose rows are computed at once
SAMPLED = 16  # every so many rows, all their weights count for the scale

Place = tuple[int, int]  # of a tile: row and column, counted in tiles


class Rows(Protocol):
    """Where some positions look, all of the text: float32 (stop - start, m)."""

    def __len__(self) -> int: ...

    def rows(self, start: int, stop: int) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Overview:
    """The whole map at its coarsest level.

    Attributes
    ----------
    level: ℓ
    squares: float32 (s, s), s = ⌈m / 2^ℓ⌉, the largest weight of each square
    strong: a high value of the map, in [0, 1], for its scale: the median of the rows' largest weights on positions that
        are not special, or the 99.5th percentile of the weights that are not 0 in every sixteenth row if that is larger
    """

    level: int
    squares: np.ndarray
    strong: float


def coarsest(m: int) -> int:
    """The level at which the whole of m positions is at most `OVERVIEW` squares a side."""
    level = 0
    while -(-m // 2**level) > OVERVIEW:
        level += 1
    return level


def overview(source: Rows, special: Sequence[bool]) -> Overview:
    """The whole map, in one go over its rows. special: which positions are special tokens (m)"""
    m, level = len(source), coarsest(len(source))
    others = ~np.asarray(special, bool)
    bands, largest, sample = [], [], []
    for start, rows in _in_bands(source, 0, m, level):
        largest.append(rows[:, others].max(1, initial=0))
        for row in rows[-start % SAMPLED :: SAMPLED]:
            sample.append(row[row > 0])
        bands.append(squares(rows, level))
    every = np.concatenate(sample) if sample else np.zeros(0)
    quantile = float(np.quantile(every, 0.995)) if len(every) else 0.0
    return Overview(level, np.concatenate(bands), max(quantile, float(np.median(np.concatenate(largest)))))


def region(source: Rows, rows: tuple[int, int], keys: tuple[int, int], level: int) -> np.ndarray:
    """A part of the map at a level, from the positions rows[0] … rows[1] - 1 to keys[0] … keys[1] - 1: float32, a
    square each. Both begin at a multiple of 2^ℓ."""
    bands = [squares(band[:, slice(*keys)], level) for _, band in _in_bands(source, *rows, level)]
    return np.concatenate(bands)


def tiles(source: Rows, level: int, places: Collection[Place]) -> dict[Place, np.ndarray]:
    """These tiles at a level, each float32 of at most `TILE` squares a side; places beyond the map are left out. Tiles
    of the same rows are computed together."""
    m, step = len(source), TILE << level
    wanted: dict[int, list[int]] = defaultdict(list)
    for row, column in places:
        if 0 <= row * step < m and 0 <= column * step < m:
            wanted[row].append(column)
    found = {}
    for row, columns in wanted.items():
        first, last = min(columns) * step, min(m, (max(columns) + 1) * step)
        band = region(source, (row * step, min(m, (row + 1) * step)), (first, last), level)
        for column in columns:
            start = (column * step - first) >> level
            found[row, column] = band[:, start : start + TILE]
    return found


def squares(rows: np.ndarray, level: int) -> np.ndarray:
    """The largest weight of each square of 2^ℓ × 2^ℓ: (r, k) → (⌈r / 2^ℓ⌉, ⌈k / 2^ℓ⌉)."""
    if level == 0:
        return rows
    side = 1 << level
    r, k = rows.shape
    across = np.maximum.reduceat(rows, np.arange(0, k, side), axis=1)
    return np.maximum.reduceat(across, np.arange(0, r, side), axis=0)


def _in_bands(source: Rows, start: int, stop: int, level: int) -> Iterator[tuple[int, np.ndarray]]:
    """The rows start … stop - 1, some at a time, cut between squares; with each the first one's place."""
    step = max(ROWS, 1 << level)
    for first in range(start, stop, step):
        yield first, source.rows(first, min(stop, first + step))
