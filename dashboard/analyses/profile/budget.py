"""How a head divides its attention, and how it would if it knew positions only (METRICS §2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dashboard.text.sentence import ParsedSentence

CHANNELS = ("special", "self", "punctuation", "syntax", "neighbour", "content", "function")
CONTENT = frozenset({"NOUN", "PROPN", "VERB", "ADJ", "ADV", "NUM"})

SPECIAL, SELF, PUNCTUATION, SYNTAX, NEIGHBOUR, CONTENT_WORD, FUNCTION = range(len(CHANNELS))


def channels(sentence: ParsedSentence) -> np.ndarray:
    """The channel of each pair of words, by the first rule that fits: uint8 (m, m), queries by keys.

    self (j = i) → punctuation → syntax (head or dependent of i) → neighbour (next to i) → content word → function
    word. Values are indices into `CHANNELS`.
    """
    m = len(sentence)
    upos = np.array(sentence.upos)
    key = np.where(np.isin(upos, list(CONTENT)), CONTENT_WORD, FUNCTION)
    found = np.tile(key, (m, 1)).astype(np.uint8)
    place = np.arange(m)
    found[np.abs(place - place[:, None]) == 1] = NEIGHBOUR
    heads = np.array(sentence.heads)
    word = np.flatnonzero(heads >= 0)
    found[word, heads[word]] = found[heads[word], word] = SYNTAX
    found[:, upos == "PUNCT"] = PUNCTUATION
    found[place, place] = SELF
    return found


@dataclass(frozen=True, eq=False)
class BudgetStatistics:
    """The sums of one sentence, for h heads and m words.

    Attributes
    ----------
    spent: Σ over query words of the attention to each channel, float64 (h, 7)
    mass: the attention of each query word to other words, float32 (h, m)
    profile: Σ over query words of the row normalised to other words, by offset j - i from -(m-1) to m-1, float64
        (h, 2m-1); rows whose mass is 0 add nothing
    """

    spent: np.ndarray
    mass: np.ndarray
    profile: np.ndarray


def budget_statistics(words: np.ndarray, codes: np.ndarray, shares: np.ndarray, mass: np.ndarray) -> BudgetStatistics:
    """The statistics of one sentence.

    Parameters
    ----------
    words: attention between words, without special tokens and not renormalised, float32 (h, m, m). The rest of a
        row, up to 1, goes to special tokens or to a learned sink
    codes: `channels` of the sentence (m, m)
    shares, mass: `normalised(words)`
    """
    h, m, _ = words.shape
    flat = words.reshape(h, m * m)
    spent = np.empty((h, len(CHANNELS)))
    spent[:, 1:] = flat @ (codes.reshape(-1, 1) == np.arange(1, len(CHANNELS))).astype(np.float32)
    spent[:, SPECIAL] = m - spent[:, 1:].sum(1)
    return BudgetStatistics(spent, mass, diagonal_sums(shares))


def diagonal_sums(cells: np.ndarray) -> np.ndarray:
    """Σ over i of cells[…, i, i + d], for d from -(m-1) to m-1: (…, m, m) → float64 (…, 2m-1)."""
    *front, m, _ = cells.shape
    # Reverse the rows, pad each to 2m and read rows of 2m - 1: each diagonal becomes a column.
    skewed = np.zeros((*front, m, 2 * m), cells.dtype)
    skewed[..., :m] = cells[..., ::-1, :]
    skewed = skewed.reshape(*front, 2 * m * m)[..., : m * (2 * m - 1)].reshape(*front, m, 2 * m - 1)
    return skewed.sum(-2, dtype=np.float64)


class OffsetProfile:
    """Each head's mean profile over offsets, g(d), collected sentence by sentence.

    g(d) is the mean of the row normalised to other words, over the rows where word i + d exists and is allowed, and
    whose mass is above 0.
    """

    def __init__(self, heads: int, causal: bool):
        self.causal = causal
        self._sums = np.zeros((heads, 1))
        self._rows = np.zeros((heads, 1))

    def add(self, profile: np.ndarray, mass: np.ndarray) -> None:
        """One sentence's `BudgetStatistics.profile` and `mass`."""
        m = mass.shape[1]
        self._widen(m)
        middle = self._sums.shape[1] // 2
        here = slice(middle - m + 1, middle + m)
        self._sums[:, here] += profile
        speaks = mass > 0
        # Row i has offsets -i … m - 1 - i: how many rows have offset d is a sum over the first or the last rows.
        backward = np.cumsum(speaks[:, ::-1], 1)  # at k: the last k + 1 rows, those with offset -(m - 1 - k)
        self._rows[:, middle - m + 1 : middle] += backward[:, :-1]
        if not self.causal:
            forward = np.cumsum(speaks, 1)[:, ::-1]  # at k: the first m - k rows, those with offset k
            self._rows[:, middle + 1 : middle + m] += forward[:, 1:]

    def _widen(self, m: int) -> None:
        missing = m - 1 - self._sums.shape[1] // 2
        if missing > 0:
            self._sums, self._rows = (np.pad(part, ((0, 0), (missing, missing))) for part in (self._sums, self._rows))

    def __call__(self, m: int) -> np.ndarray:
        """g(d) for d from -(m-1) to m-1: float64 (h, 2m-1); 0 where no row has that offset, and at 0."""
        self._widen(m)
        middle = self._sums.shape[1] // 2
        here = slice(middle - m + 1, middle + m)
        rows = self._rows[:, here]
        return np.divide(self._sums[:, here], rows, out=np.zeros_like(rows), where=rows > 0)


def position_only_spent(mass: np.ndarray, codes: np.ndarray, profile: OffsetProfile) -> np.ndarray:
    """Σ over query words of the position-only baseline's attention to each channel: float64 (h, 7).

    The baseline's row is M_i · g(j - i) / Σ_k g(k - i) over the other words that i may see, with M_i the row's own mass
    on them. Special tokens and self, where it equals the head, are left out here: those columns are 0.
    """
    h, m = mass.shape
    place = np.arange(m)
    offsets = place - place[:, None]
    rows = profile(m)[:, offsets + m - 1]
    rows[:, (offsets >= 0) if profile.causal else offsets == 0] = 0
    total = rows.sum(2)
    scale = np.divide(mass, total, out=np.zeros((h, m)), where=total > 0)
    rows *= scale[:, :, None]
    return rows.reshape(h, m * m) @ (codes.reshape(-1, 1) == np.arange(len(CHANNELS))).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Budget:
    """The mean over all query words of a corpus, punctuation included: float64 (h, 7), in the order of `CHANNELS`.

    Attributes
    ----------
    head: the share of each channel; rows sum to 1
    position_only: the same for the position-only baseline
    words: the number of query words
    """

    head: np.ndarray
    position_only: np.ndarray
    words: int


def budget(sentences: Iterable[tuple[BudgetStatistics, np.ndarray]], heads: int, causal: bool) -> Budget:
    """The budgets of all heads and of their position-only baselines. Reads the statistics and `channels` twice."""
    profile, spent, position_only, words = OffsetProfile(heads, causal), np.zeros((heads, 7)), np.zeros((heads, 7)), 0
    for statistics, _ in sentences:
        profile.add(statistics.profile, statistics.mass)
        spent += statistics.spent
        words += statistics.mass.shape[1]
    for statistics, codes in sentences:
        position_only += position_only_spent(statistics.mass, codes, profile)
    position_only[:, : SELF + 1] = spent[:, : SELF + 1]
    if not words:
        return Budget(np.full_like(spent, np.nan), np.full_like(position_only, np.nan), 0)
    return Budget(spent / words, position_only / words, words)
