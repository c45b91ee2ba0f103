"""The edited toy: the words, the four tables, and how they are used.

Every change returns a new `Example` whose tables fit together. A cell that is empty or not a number is None; `steps`
raises a UserError that names it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboard.analyses.toy.attention import toy
from dashboard.analyses.toy.presets import PRESETS, SENTENCE
from dashboard.builtin.attention import Steps
from dashboard.errors import UserError

Cells = tuple[tuple[float | None, ...], ...]

MOST_WORDS = 8
SIZES = (2, 3, 4)  # numbers in the vector of a word, and columns of W_Q, W_K and W_V
TABLES = ("x", "w_q", "w_k", "w_v")
MATRICES = TABLES[1:]


@dataclass(frozen=True)
class Example:
    """The words, tables and settings of the toy.

    Attributes
    ----------
    preset: the name of the preset that it started from
    words: one to eight
    x: the vectors of the words (n, D), D from 2 to 4
    w_q, w_k, w_v: (D, h·d), h·d from 2 to 4
    heads, causal, scaled: as in `toy`; one head or two
    """

    preset: str
    words: tuple[str, ...]
    x: Cells
    w_q: Cells
    w_k: Cells
    w_v: Cells
    heads: int = 1
    causal: bool = False
    scaled: bool = True

    @property
    def numbers_per_word(self) -> int:
        """D"""
        return len(self.x[0])

    @property
    def columns(self) -> int:
        """h·d: the columns of W_Q, W_K and W_V."""
        return len(self.w_q[0])

    def steps(self) -> Steps:
        """The steps of attention, with an axis of heads. Raises UserError that names a cell that is not a number."""
        return toy(self.x, self.w_q, self.w_k, self.w_v, heads=self.heads, causal=self.causal, scaled=self.scaled)

    def with_words(self, words: Sequence[str]) -> Example:
        """The example with other words. A word that keeps its place keeps its vector; others get the preset's, cut or
        filled with zeros. Raises UserError for none or more than eight."""
        fresh = resized(PRESETS[self.preset].x(words), len(words), self.numbers_per_word)
        old = dict(enumerate(zip(self.words, self.x, strict=True)))
        x = tuple(
            old[place][1] if place in old and old[place][0] == word else fresh[place]
            for place, word in enumerate(words)
        )
        return replace(self, words=tuple(words), x=x)

    def with_numbers_per_word(self, size: int) -> Example:
        """The example with D columns of X and D rows of the matrices: cut, or filled with zeros."""
        matrices = {name: resized(getattr(self, name), size, self.columns) for name in MATRICES}
        return replace(self, x=resized(self.x, len(self.words), size), **matrices)

    def with_columns(self, columns: int) -> Example:
        """h·d columns in all three matrices; with two heads an even number, or there is one head."""
        matrices = {name: resized(getattr(self, name), self.numbers_per_word, columns) for name in MATRICES}
        return replace(self, **matrices, heads=1 if columns % self.heads else self.heads)

    def with_heads(self, heads: int) -> Example:
        """One head or two; two need an even number of columns, so three become four."""
        wider = self if self.columns % heads == 0 else self.with_columns(self.columns + 1)
        return replace(wider, heads=heads)

    def with_table(self, name: str, cells: Sequence[Sequence[object]]) -> Example:
        """The example with new cells for one of `TABLES`. Raises UserError for another size."""
        table = cells_of(cells)
        old = getattr(self, name)
        if [len(row) for row in table] != [len(row) for row in old]:
            raise UserError(f"{TITLES[name]} has {len(old)} × {len(old[0])} cells here. Give it as many.")
        return replace(self, **{name: table})


TITLES = {"x": "X", "w_q": "W_Q", "w_k": "W_K", "w_v": "W_V"}


def example(preset: str = "identity", words: Sequence[str] | str = SENTENCE, **changed: Any) -> Example:
    """A preset of `PRESETS` with these words. changed: tables by name, heads, causal, scaled.

    Raises UserError for a preset or a name that does not exist, no word or more than eight, or tables that differ in
    size (X n × D, the others D × h·d, both from 2 to 4).
    """
    if preset not in PRESETS:
        raise UserError(f"There is no preset “{preset}”. Choose one of {', '.join(PRESETS)}.")
    if unknown := [name for name in changed if name not in (*TABLES, "heads", "causal", "scaled")]:
        raise UserError(f"The toy has no “{unknown[0]}”. It has {', '.join(TABLES)}, heads, causal and scaled.")
    given = PRESETS[preset]
    words = tuple(words.split() if isinstance(words, str) else words)
    tables = {"x": given.x(words)} | {name: getattr(given, name) for name in MATRICES}
    tables |= {name: changed[name] for name in TABLES if name in changed}
    made = Example(
        preset,
        words,
        **{name: cells_of(table) for name, table in tables.items()},
        heads=int(changed.get("heads", given.heads)),
        causal=bool(changed.get("causal", given.causal)),
        scaled=bool(changed.get("scaled", given.scaled)),
    )
    _check(made)
    return made


def _check(made: Example) -> None:
    sizes = {name: (len(table := getattr(made, name)), {len(row) for row in table}) for name in TABLES}
    for name, (rows, widths) in sizes.items():
        if len(widths) != 1 or not widths <= set(SIZES):
            raise UserError(f"{TITLES[name]} needs 2 to 4 numbers in each row, as many in all.")
        wanted = len(made.words) if name == "x" else made.numbers_per_word
        if rows != wanted:
            raise UserError(f"{TITLES[name]} has {rows} rows. Give it {wanted}.")
        if name != "x" and widths != sizes["w_q"][1]:
            raise UserError("W_Q, W_K and W_V differ in columns. Give all three as many.")
    if made.heads not in (1, 2) or made.columns % made.heads:
        raise UserError(f"{made.heads} heads do not fit {made.columns} columns. One head does.")


def resized(table: Sequence[Sequence[object]], rows: int, columns: int) -> Cells:
    """The table in this size: cut, or filled with zeros."""
    full = [[*row, *[0.0] * columns][:columns] for row in table]
    return cells_of([*full, *[[0.0] * columns] * rows][:rows])


def cells_of(table: Sequence[Sequence[object]]) -> Cells:
    """A table as a person typed it: numbers, and None where there is none."""
    return tuple(tuple(_cell(cell) for cell in row) for row in table)


def _cell(cell: Any) -> float | None:
    try:
        value = float(cell)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(value) else value
