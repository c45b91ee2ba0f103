"""A head's name: how it is written, read, put in order, and told by a table, a chart and a click.

A head is a layer and a number, both counted from 0, and in an encoder–decoder model one of three parts. Whatever names
a head, in a file or on the screen, does it here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import total_ordering
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from dashboard.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

Part = Literal["", "encoder", "decoder", "cross"]
PARTS: tuple[Part, ...] = get_args(Part)
_LETTERS: dict[Part, str] = {"": "L", "encoder": "L", "decoder": "D", "cross": "X"}
_PART_OF: dict[str, Part] = {"L": "", "D": "decoder", "X": "cross"}
_ORDER: dict[str, int] = {letter: place for place, letter in enumerate(_PART_OF)}


@total_ordering
@dataclass(frozen=True, eq=False, repr=False)
class HeadId:
    """A head by layer and number, both counted from 0, written ``L2H9``; of a decoder that has an encoder ``D2H9``,
    of its cross attention ``X2H9``.

    Attributes
    ----------
    layer, head: counted from 0, the layer within its part
    part: "encoder", "decoder" or "cross"; "" in a model that has only one. The first two, "" and "encoder", are the
        same head: both are written with an L

    Heads sort by part (encoder, decoder, cross), then layer, then number. Raises UserError for another part.
    """

    layer: int
    head: int
    part: Part = ""

    def __post_init__(self) -> None:
        _checked(self.part)

    @property
    def letter(self) -> str:
        """How its part is written: L, D or X."""
        return _LETTERS[self.part]

    @property
    def choice(self) -> dict[str, Any]:
        """What names it, by name: layer, head, part."""
        return {"layer": self.layer, "head": self.head, "part": self.part}

    @property
    def _key(self) -> tuple[int, int, int]:
        return _ORDER[self.letter], self.layer, self.head

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, HeadId) else NotImplemented

    def __lt__(self, other: HeadId) -> bool:
        return self._key < other._key if isinstance(other, HeadId) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        return f"{self.letter}{self.layer}H{self.head}"

    def __repr__(self) -> str:
        part = f", part={self.part!r}" if self.part else ""
        return f"HeadId(layer={self.layer}, head={self.head}{part})"

    @classmethod
    def parse(cls, name: str) -> HeadId:
        """``"L2H9"`` → HeadId(2, 9), ``"X2H9"`` → HeadId(2, 9, "cross"). Raises UserError for anything else."""
        match = re.fullmatch(r"\s*([LlDdXx])([0-9]{1,4})[Hh]([0-9]{1,4})\s*", name)
        if not match:
            raise UserError(f"“{name}” is not a head. Write layer and head counted from 0, like L2H9.")
        return cls(int(match[2]), int(match[3]), _PART_OF[match[1].upper()])

    @classmethod
    def of(cls, head: str | HeadId) -> HeadId:
        """A head by its name, or itself. Raises UserError as `parse` does."""
        return cls.parse(head) if isinstance(head, str) else head


def every_head(layers: int | Iterable[int], heads: int, part: Part = "") -> list[HeadId]:
    """All heads of so many layers, or of these, each with so many heads, in order."""
    numbers = range(layers) if isinstance(layers, int) else layers
    return [HeadId(layer, head, part) for layer in numbers for head in range(heads)]


def heads_by_layer(counts: Mapping[int, int], part: Part = "") -> list[HeadId]:
    """All heads of layers that need not have the same number of them, in order. counts: layer → how many heads"""
    return [HeadId(layer, head, part) for layer, count in counts.items() for head in range(count)]


def part_of(heads: Collection[HeadId], otherwise: str) -> Part:
    """The part that these heads are of, "" for none. Raises UserError, with that sentence, for heads of several."""
    parts: dict[str, Part] = {head.letter: head.part for head in heads}
    if len(parts) > 1:
        raise UserError(otherwise)
    for part in parts.values():
        return part
    return ""


def nearest(heads: Collection[HeadId], head: HeadId) -> HeadId:
    """Of the heads of a model the one that stands nearest: of the same part where there is one, then of the nearest
    layer, then the nearest number."""

    def far(one: HeadId) -> tuple[bool, int, int]:
        return one.letter != head.letter, abs(one.layer - head.layer), abs(one.head - head.head)

    return min(heads, key=far)


def listed_heads(names: str) -> list[HeadId]:
    """``"L2H9, D0H1"`` → the heads, each once, in the order written. Raises UserError as `HeadId.parse` does."""
    return list(dict.fromkeys(HeadId.parse(name) for name in names.split(",") if name.strip()))


def written_heads(heads: Iterable[HeadId]) -> str:
    """``L2H9,D0H1``: what `listed_heads` reads."""
    return ",".join(map(str, heads))


def plain(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A dataclass's fields as a dictionary, for `dataclasses.asdict`: a head without a part is layer and head alone."""
    return {name: value for name, value in fields if (name, value) != ("part", "")}


# Tables. A row that is about a head has the columns layer and head, int64; where any head of the table has a part also
# part, "encoder", "decoder" or "cross".


def head_columns(heads: Collection[HeadId]) -> dict[str, Any]:
    """The columns that say which head each row of a table is of."""
    columns: dict[str, Any] = {
        "layer": np.array([head.layer for head in heads], np.int64),
        "head": np.array([head.head for head in heads], np.int64),
    }
    if any(head.part for head in heads):
        columns["part"] = [head.part or "encoder" for head in heads]
    return columns


def columns_of(table: pd.DataFrame) -> list[str]:
    """The names of the columns of a table that say which head its rows are of, in the order they are written."""
    return ["layer", "head", *(["part"] if "part" in table else [])]


def heads_of(table: pd.DataFrame) -> list[HeadId]:
    """The head of each row of a table."""
    parts = table["part"].tolist() if "part" in table else [""] * len(table)
    rows = zip(table["layer"].tolist(), table["head"].tolist(), parts, strict=True)
    return [HeadId(int(layer), int(head), _part(part)) for layer, head, part in rows]


def head_of(row: Mapping[Any, Any] | pd.Series) -> HeadId:
    """The head of one row of a table."""
    return HeadId(int(row["layer"]), int(row["head"]), _part(row.get("part", "")))


def is_of(table: pd.DataFrame, head: HeadId) -> pd.Series:
    """Which rows of a table are of this head: bool, with the table's index."""
    same = (table["layer"] == head.layer) & (table["head"] == head.head)
    if "part" in table:
        return same & (table["part"].map(lambda part: _LETTERS[_part(part)]) == head.letter)
    return same & (head.letter == "L")


def largest_first(table: pd.DataFrame, *by: str) -> pd.DataFrame:
    """A table's rows by some columns, the largest first, and where these are equal by head; numbered anew."""
    heads = heads_of(table)
    place = {head: k for k, head in enumerate(sorted(set(heads)))}
    keyed = table.assign(_place=[place[head] for head in heads])
    rising = [False] * len(by) + [True]
    return keyed.sort_values([*by, "_place"], ascending=rising, ignore_index=True).drop(columns="_place")


def _part(value: object) -> Part:
    """A part as a table has it; empty where the table has none. Raises UserError for another part."""
    return _checked(value) if isinstance(value, str) else ""


def _checked(part: str) -> Part:
    if part not in PARTS:
        raise UserError(f"There is no part “{part}”. Choose encoder, decoder or cross.")
    return part


# Charts. A datum that is about a head has the fields layer and head; where any head of the chart has a part also part.


def datum_of(head: HeadId, *, parts: bool = False) -> dict[str, Any]:
    """A head in a chart's data. parts: whether any head of the chart has a part"""
    return {"layer": head.layer, "head": head.head, **({"part": head.part or "encoder"} if parts or head.part else {})}


def has_parts(table: pd.DataFrame) -> bool:
    """Whether any head of this table has a part."""
    return "part" in table


def name_expr(*, parts: bool = False) -> str:
    """Vega expression: the name of the head that a datum is about, like L2H9."""
    letter = "({decoder: 'D', cross: 'X'}[datum.part] || 'L')" if parts else "'L'"
    return f"{letter} + datum.layer + 'H' + datum.head"


def click_fields(*more: str, parts: bool = False) -> list[str]:
    """The fields of a chart's selection that tell the head which was clicked, and more."""
    return ["layer", "head", *(["part"] if parts else []), *more]


def is_expr(head: HeadId | None, *, parts: bool = False) -> str:
    """Vega expression: whether a datum is about this head."""
    if head is None:
        return "false"
    return " && ".join(f"datum.{field} === {value!r}" for field, value in datum_of(head, parts=parts).items())


def clicked_expr(*, parts: bool = False) -> str:
    """Vega expression: whether a datum is about the head that was clicked, in the selection "head"."""
    return " && ".join(f"datum.{field} === head.{field}[0]" for field in click_fields(parts=parts))


def from_selection(point: Mapping[str, Any]) -> HeadId:
    """The head that a click in a chart tells, of a selection with `click_fields`."""
    return HeadId(int(point["layer"]), int(point["head"]), _part(point.get("part", "")))
