"""Heads written by hand: what a query asks for, what a key offers, and what is handed over.

A head's score is a sum of terms, each a product of what a query and a key hold in their blocks of the `Space`. A head
of strength s gives its target s nats more than any other key: of n keys that it may see, the target gets
eˢ / (eˢ + n − 1). Noise adds to every score a random number that depends on the two words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dashboard.builtin.known_truth.space import Space


@dataclass(frozen=True, eq=False)
class Term:
    """One product of a head's scores: (x_i · query) · (x_j · key).

    query, key: (width, r); r numbers of the head's d are used up
    """

    query: Tensor
    key: Tensor


@dataclass(frozen=True, eq=False)
class Head:
    """A head as it is meant.

    Attributes
    ----------
    jobs: the names of what it does, of the scores and detectors that should find it; none for a random head
    terms: its scores are their sum
    says: what it does, one sentence for people
    reads, writes: (width, r) and (r, width): what a key hands over, and where it goes; None: nothing
    """

    jobs: frozenset[str]
    terms: Sequence[Term]
    says: str
    reads: Tensor | None = None
    writes: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Hand:
    """What writes heads into a space.

    Attributes
    ----------
    space: of the model
    random: where random numbers come from
    noise: the standard deviation, in nats, of the random score that is added for each two words
    noise_rank: how many of the head's numbers the noise takes
    word: the block that tells two words apart, for what is random
    """

    space: Space
    random: torch.Generator
    noise: float = 1.0
    noise_rank: int = 8
    word: str = "word"

    def one_hot(self, name: str) -> Tensor:
        """The matrix that copies a block of this size: (size, size)."""
        return torch.eye(self.space.blocks[name], dtype=torch.float64)

    def normal(self, *shape: int) -> Tensor:
        """Random numbers of standard deviation 1."""
        return torch.randn(*shape, dtype=torch.float64, generator=self.random)

    def noisy(self, deviation: float, name: str = "") -> Term:
        """A random score of each two words (or what else a block holds), of this standard deviation in nats."""
        name = name or self.word
        size, r = self.space.blocks[name], self.noise_rank
        query, key = self.normal(size, r), self.normal(size, r)
        return Term(self.space.read(name, query * deviation * r**-0.5), self.space.read(name, key))

    def match(self, asked: str, offered: str, strength: float, shift: int = 0) -> Term:
        """Query and key agree: block `asked` of the query is block `offered` of the key, moved by `shift`."""
        there = self.one_hot(asked)
        moved = torch.zeros_like(there)
        if shift <= 0:
            moved[-shift:] = there[: len(there) + shift]
        else:
            moved[:-shift] = there[shift:]
        return Term(self.space.read(asked, strength * moved), self.space.read(offered, self.one_hot(offered)))

    def exchange(self, name: str, pairs: Iterable[tuple[int, int]], strength: float) -> Term:
        """Query and key are the two of a pair, either way round."""
        other = torch.zeros(self.space.blocks[name], self.space.blocks[name], dtype=torch.float64)
        for one, two in pairs:
            other[one, two] = other[two, one] = strength
        return Term(self.space.read(name, other), self.space.read(name, self.one_hot(name)))

    def towards(self, name: str, wanted: Sequence[int], strength: float, always: str = "place") -> Term:
        """Every query asks for the keys whose block is one of `wanted`."""
        asks = torch.full((self.space.blocks[always], 1), strength, dtype=torch.float64)
        offers = torch.zeros(self.space.blocks[name], 1, dtype=torch.float64)
        offers[list(wanted)] = 1
        return Term(self.space.read(always, asks), self.space.read(name, offers))

    def copy(self, source: str, target: str) -> dict[str, Tensor]:
        """What a key holds in one block goes to another of the same size."""
        return {
            "reads": self.space.read(source, self.one_hot(source)),
            "writes": self.space.write(target, self.one_hot(target)),
        }

    def mutter(self, source: str, target: str, size: float = 0.02) -> dict[str, Tensor]:
        """A random mix of what a key holds in one block goes to another, each number of standard deviation `size`, of
        sum 0, so that the balance stays as it is and is not rounded."""
        r = self.noise_rank
        mix = self.normal(r, self.space.blocks[target]) * size * r**-0.5
        return {
            "reads": self.space.read(source, self.normal(self.space.blocks[source], r)),
            "writes": self.space.write(target, mix - mix.mean(1, keepdim=True)),
        }
