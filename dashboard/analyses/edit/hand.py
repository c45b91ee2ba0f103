"""Edits as a hand makes them on a picture of words: a link or a row of positions, and back to what is typed.

A position of a picture is a word of the text, or a special token; a link from one to another is all links between their
tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from dashboard.analyses.edit.typed import MOST, edits_of, looks_back
from dashboard.capture import AttentionModel
from dashboard.capture.interventions import CUTS, Way
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.text.encoding import Encoding

Cell = tuple[int, int]


@dataclass(frozen=True)
class Hand:
    """The positions of a text that a head's picture shows, rows of one text and columns of the same or another.

    Attributes
    ----------
    model, encoding: the model, and the text as it reads it
    """

    model: AttentionModel
    encoding: Encoding

    @property
    def keys(self) -> Encoding:
        return self.model.source_text or self.encoding

    @cached_property
    def rows(self) -> Sequence[Sequence[int]]:
        """The tokens of each row."""
        return self.encoding.axis("words").members

    @cached_property
    def columns(self) -> Sequence[Sequence[int]]:
        """The tokens of each column."""
        return self.keys.axis("words").members

    def link(self, head: HeadId, cell: Cell) -> str:
        """The edit that cuts the link of this row and column: ``L2H9:6>1``."""
        return f"{head}:{_named(self.encoding, self.rows[cell[0]])}>{_named(self.keys, self.columns[cell[1]])}"

    def row(self, head: HeadId, row: int, way: Way) -> str:
        """The edit that replaces this row: ``L2H9:6=uniform``."""
        return f"{head}:{_named(self.encoding, self.rows[row])}={way}"

    def exists(self, cell: Cell) -> bool:
        """Whether there is a link: a causal model has none ahead."""
        return not looks_back(self.model) or self.columns[cell[1]][0] <= self.rows[cell[0]][-1]

    def cut(self, edits: Sequence[str], head: HeadId) -> list[Cell]:
        """The cells of this head whose links are cut, all of them, in reading order."""
        pairs = {
            (one.query, key)
            for one in edits_of(self.model, self.encoding, edits, "left")
            if one.head == head and one.way in CUTS
            for key in one.keys
        }
        rows, columns = self.rows, self.columns
        row_of, column_of = (
            {token: k for k, some in enumerate(members) for token in some} for members in (rows, columns)
        )
        touched = sorted({(row_of[i], column_of[j]) for i, j in pairs})
        causal = looks_back(self.model)

        def whole(i: int, j: int) -> bool:
            return all((a, b) in pairs for a in rows[i] for b in columns[j] if b <= a or not causal)

        return [cell for cell in touched if whole(*cell)]

    def replaced(self, edits: Sequence[str], head: HeadId) -> dict[int, Way]:
        """The rows of this head that are replaced, and by what."""
        ways: dict[int, Way] = {
            one.query: one.way
            for one in edits_of(self.model, self.encoding, edits, "left")
            if one.head == head and one.way not in CUTS
        }
        return {k: ways[some[-1]] for k, some in enumerate(self.rows) if some[-1] in ways}

    def toggled(self, edits: Sequence[str], head: HeadId, cells: Iterable[Cell]) -> tuple[str, ...]:
        """The edits after a hand went over these cells: all are cut or, where all were, none is. A row that was
        replaced is a cut one then. Raises UserError where there are more edits than `MOST`."""
        wanted = {self.link(head, cell): cell for cell in cells if self.exists(cell)}
        there = {self.link(head, cell) for cell in self.cut(edits, head)}
        if wanted.keys() <= there:
            others = [one for one in edits if not self.cut([one], head)]
            return _few([*others, *(link for link in self._links(edits, head) if link not in wanted)])
        rows = {row for row, _ in wanted.values()}
        others = [one for one in edits if not self.replaced([one], head).keys() & rows]
        return _few([*others, *(link for link in wanted if link not in there)])

    def with_row(self, edits: Sequence[str], head: HeadId, row: int, way: Way) -> tuple[str, ...]:
        """The edits with this row replaced; its cuts and an earlier replacement go. Raises UserError as `toggled`."""
        others = [one for one in edits if not self.cut([one], head) and row not in self.replaced([one], head)]
        links = [self.link(head, cell) for cell in self.cut(edits, head) if cell[0] != row]
        return _few([*others, *dict.fromkeys(links), self.row(head, row, way)])

    def usable(self, edits: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
        """The edits of a link that can be made here, and a sentence for each that cannot."""
        found: list[str] = []
        notices: list[str] = []
        for one in edits:
            try:
                edits_of(self.model, self.encoding, [*found, one], "left")
                found.append(one)
            except UserError as wrong:
                notices.append(str(wrong))
        return tuple(found), notices

    def _links(self, edits: Sequence[str], head: HeadId) -> list[str]:
        return list(dict.fromkeys(self.link(head, cell) for cell in self.cut(edits, head)))


def _named(encoding: Encoding, tokens: Sequence[int]) -> str:
    """A position of the words as it is typed: the word's number, or a special token by its name."""
    word = encoding.word_of[tokens[0]]
    return encoding.drawn[tokens[0]] if word is None else str(word)


def _few(edits: Sequence[str]) -> tuple[str, ...]:
    if len(edits) > MOST:
        raise UserError(f"These are {len(edits)} edits. Make at most {MOST} at once; * stands for all words of a row.")
    return tuple(edits)
