"""The recall task: remember the first symbol through d distractors.

A sequence is a symbol, d more symbols that do not matter, and a question mark. The answer to the question mark is the
first symbol:

    c  a f f b  ?   →  c        (d = 4)

To answer, information about the first symbol must pass d distractors. A recurrent network carries it in its state
through d + 1 steps; attention reaches it in one. Source: the task is the simplest of Hochreiter and
Schmidhuber 1997, section 5.

The page's configurations are fixed here: `DEFAULT`, `SHORTER` and `LONGER`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dashboard.errors import UserError

NAMES = ("rnn", "gru", "lstm", "attention")
TITLES = {"rnn": "Plain RNN", "gru": "GRU", "lstm": "LSTM", "attention": "One attention layer"}
CALLED = TITLES | {"rnn": "plain RNN", "attention": "one attention layer"}  # within a sentence


@dataclass(frozen=True)
class Recall:
    """One experiment: every model is trained from scratch at every distance, once for each seed.

    Attributes
    ----------
    distances: numbers of distractors, ascending, each from 1 to 512
    seeds: how many seeds, counted from 0: each has its own first weights and its own sequences (2 to 10)
    steps: maximum training steps of a network (1 to 5,000); fewer where every seed has been right for some time
    batch: sequences in a step (1 to 256)
    symbols: size of the alphabet (2 to 64); guessing is right in 1 of `symbols` cases
    embedding: numbers in the vector of a symbol (1 to 128)
    heads, width: heads of the attention layer (1 to 16), and numbers in each (1 to 64)
    rate: Adam's learning rate
    tested: fresh sequences on which each network is tested (1 to 10,000)

    Raises UserError for values outside these ranges.
    """

    distances: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    seeds: int = 5
    steps: int = 300
    batch: int = 32
    symbols: int = 8
    embedding: int = 24
    heads: int = 4
    width: int = 4
    rate: float = 0.01
    tested: int = 500

    def __post_init__(self) -> None:
        ascending = tuple(sorted(set(self.distances)))
        if not ascending or ascending != tuple(self.distances):
            raise UserError("Give one distance or more, each once, from the nearest to the farthest.")
        ranges = {
            "nearest distance": (ascending[0], 1, 512),
            "farthest distance": (ascending[-1], 1, 512),
            "number of seeds": (self.seeds, 2, 10),
            "number of steps": (self.steps, 1, 5000),
            "number of sequences in a step": (self.batch, 1, 256),
            "size of the alphabet": (self.symbols, 2, 64),
            "size of the embedding": (self.embedding, 1, 128),
            "number of heads": (self.heads, 1, 16),
            "width of a head": (self.width, 1, 64),
            "learning rate": (self.rate, 0, 1),
            "number of test sequences": (self.tested, 1, 10_000),
        }
        for name, (value, low, high) in ranges.items():
            if not low <= value <= high:
                raise UserError(f"The {name} is {value}. Choose one from {low:,} to {high:,}.")

    @property
    def chance(self) -> float:
        """The accuracy of guessing: 1 / symbols."""
        return 1 / self.symbols

    @property
    def farthest(self) -> int:
        return self.distances[-1]


DEFAULT = Recall()
SHORTER = Recall(distances=(1, 4, 16), seeds=3, steps=200)
LONGER = Recall(distances=(1, 2, 4, 8, 12, 16, 24, 32), steps=600)


def sequences(distance: int, count: int, symbols: int, generators: Sequence[torch.Generator]) -> Tensor:
    """Sequences of the task, `count` from each generator: (s, count, distance + 2), int64.

    Symbols are 0 … symbols − 1, drawn uniformly and independently. The last place holds the question mark, with the
    number `symbols`. The answer is the symbol at the first place.
    """
    drawn = [torch.randint(symbols, (count, distance + 2), generator=g) for g in generators]
    tokens = torch.stack(drawn)  # (s, count, n)
    tokens[:, :, -1] = symbols
    return tokens
