"""The residual stream of a hand-written model, cut into named blocks of numbers.

Each block holds one thing that is known of a position: its word, its place, the word before it … A word's block is 1 at
its own number and 0 elsewhere (one-hot). Two more numbers, the *balance*, start at ±1000. Whatever is written into the
stream also takes half of its sum off each of them. So every vector has mean 0, and its standard deviation is the same
to 1e-6: layer norm, multiplied by that deviation, changes nothing. One more number, the *zero*, stays 0. Float32 rounds
the balance, and layer norm then moves all numbers by up to 1e-6: what is read from a block is read less the zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

BALANCE = 1000.0
ZERO = -3


@dataclass(frozen=True)
class Space:
    """Which numbers of a vector belong to which block.

    Attributes
    ----------
    width: how many numbers a vector has: those of the blocks, the zero and the balance
    blocks: the size of each block by its name, in order
    """

    width: int
    blocks: dict[str, int]

    def __post_init__(self) -> None:
        if sum(self.blocks.values()) + 3 > self.width:
            raise ValueError(
                f"{sum(self.blocks.values())} numbers, the zero and the balance do not fit into {self.width}"
            )

    def at(self, name: str) -> slice:
        """The place of a block."""
        before = 0
        for block, size in self.blocks.items():
            if block == name:
                return slice(before, before + size)
            before += size
        raise KeyError(name)

    def read(self, name: str, what: Tensor) -> Tensor:
        """A matrix that reads a block, less the zero, and nothing else: what (block, r) → (width, r)."""
        matrix = torch.zeros(self.width, what.shape[1], dtype=what.dtype)
        matrix[self.at(name)] = what
        matrix[ZERO] = -what.sum(0)
        return matrix

    def write(self, name: str, what: Tensor) -> Tensor:
        """A matrix that writes into a block, balanced: what (r, block) → (r, width)."""
        matrix = torch.zeros(what.shape[0], self.width, dtype=what.dtype)
        matrix[:, self.at(name)] = what
        return self.balanced(matrix)

    def balanced(self, rows: Tensor) -> Tensor:
        """The rows with half of each row's sum taken off both numbers of the balance: the mean of each is 0."""
        rows = rows.clone()
        rows[..., -2:] -= rows.sum(-1, keepdim=True) / 2
        return rows

    def levelled(self, rows: Tensor) -> Tensor:
        """The rows with the balance of ±1000 added: what the embeddings begin with."""
        rows = rows.clone()
        rows[..., -2] += BALANCE
        rows[..., -1] -= BALANCE
        return rows
