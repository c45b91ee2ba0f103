"""One head over one text: the thing every picture draws."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from dashboard.errors import UserError
from dashboard.text.encoding import Special, Unit


@dataclass(frozen=True, order=True)
class HeadId:
    """A head by layer and number, both counted from 0, written ``L2H9``."""

    layer: int
    head: int

    def __str__(self) -> str:
        return f"L{self.layer}H{self.head}"

    @classmethod
    def parse(cls, name: str) -> HeadId:
        """``"L2H9"`` → HeadId(2, 9). Raises UserError for anything else."""
        match = re.fullmatch(r"\s*[Ll](\d{1,4})[Hh](\d{1,4})\s*", name)
        if not match:
            raise UserError(f"“{name}” is not a head. Write layer and head counted from 0, like L2H9.")
        return cls(int(match[1]), int(match[2]))


@dataclass(frozen=True, eq=False)
class HeadView:
    """The attention of one head over one text, in the unit and with the special tokens a person asked for.

    Attributes
    ----------
    head: which head
    weights: float32 (m, m); row i is where position i looks. Rows sum to 1 (less where the model has a
        learned sink); a row is all zero only where hiding special tokens left it nothing.
    labels, special, spans: what stands at each position (m), see `dashboard.text.encoding.Axis`
    unit: "tokens" or "words"
    hidden: "show" or "hide" — whether special tokens were removed and the rows renormalised
    causal: True where a position sees only itself and what stands before it
    text: the text, whole
    model: the model's title, for headings
    """

    head: HeadId
    weights: np.ndarray
    labels: tuple[str, ...]
    special: tuple[bool, ...]
    spans: tuple[tuple[int, int] | None, ...]
    unit: Unit
    hidden: Special
    causal: bool
    text: str
    model: str

    def __len__(self) -> int:
        return len(self.labels)
