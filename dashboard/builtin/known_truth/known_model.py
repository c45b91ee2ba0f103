"""A hand-written model as plain matrices, run by our own attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from dashboard.builtin.attention import Layer, Steps, multi_head
from dashboard.builtin.known_truth.hand_heads import Head
from dashboard.builtin.known_truth.space import Space
from dashboard.builtin.masks import causal
from dashboard.heads.head_id import HeadId

Type = Literal["gpt2", "bert"]


@dataclass(frozen=True, eq=False)
class Known:
    """A model of attention alone, whose weights are written by hand.

    x = words[id] + places[i], then for each layer x = x + attention(x). All numbers are float64.

    Attributes
    ----------
    kind: its name in `KINDS`
    type: of the library's models that which holds it
    space: the blocks of a vector
    vocabulary: its words, the special ones first
    special: how many of them are special
    words: (V, width); places: (P, width)
    heads: as they are meant, of each layer
    layers: the same as the weights of our own attention
    unembedding: (V, width), the logits are its products with the last x; None: it predicts nothing
    """

    kind: str
    type: Type
    space: Space
    vocabulary: tuple[str, ...]
    special: int
    words: Tensor
    places: Tensor
    heads: tuple[tuple[Head, ...], ...]
    layers: tuple[Layer, ...]
    unembedding: Tensor | None = None

    @property
    def jobs(self) -> dict[HeadId, frozenset[str]]:
        """What each head does, of all heads: none for a random one."""
        return {HeadId(layer, n): head.jobs for layer, row in enumerate(self.heads) for n, head in enumerate(row)}

    @property
    def says(self) -> dict[HeadId, str]:
        """The same as a sentence for people."""
        return {HeadId(layer, n): head.says for layer, row in enumerate(self.heads) for n, head in enumerate(row)}

    def doing(self, job: str) -> list[HeadId]:
        """The heads that have a job, in order."""
        return [head for head, jobs in self.jobs.items() if job in jobs]

    @property
    def causal(self) -> bool:
        return self.type == "gpt2"

    @property
    def plain(self) -> tuple[str, ...]:
        """The words that are not special."""
        return self.vocabulary[self.special :]

    def ids(self, text: str | Sequence[str]) -> list[int]:
        """The numbers of the words of a text, with the special tokens that the model gets around it."""
        words = text.split() if isinstance(text, str) else list(text)
        framed = [self.vocabulary[0], *words] if self.causal else [self.vocabulary[0], *words, self.vocabulary[1]]
        return [self.vocabulary.index(word) for word in framed]

    def run(self, ids: Sequence[int]) -> list[Steps]:
        """What our own attention computes in each layer: `Steps`, whose weights are (heads, n, n)."""
        x = self.words[list(ids)] + self.places[: len(ids)]
        mask, found = causal(len(ids)) if self.causal else None, []
        for layer in self.layers:
            steps = multi_head(x, layer, mask)
            found.append(steps)
            x = x + steps.output  # type: ignore[operator]  # of several heads there is one
        return found

    def logits(self, ids: Sequence[int]) -> Tensor:
        """The logits of each next token: (n, V). Raises ValueError where the model predicts nothing."""
        if self.unembedding is None:
            raise ValueError(f"the model {self.kind} predicts nothing")
        last = self.run(ids)[-1]
        return (last.x + last.output) @ self.unembedding.T  # type: ignore[operator]


def layer_of(space: Space, heads: Sequence[Head], d: int) -> Layer:
    """The weights of a layer, each head's terms side by side in its d numbers.

    Raises ValueError where a head takes more than d numbers, or hands over more than d.
    """
    count = len(heads)
    if count * d != space.width:
        raise ValueError(f"{count} heads of {d} numbers are not {space.width}")
    w_q, w_k, w_v = (torch.zeros(space.width, space.width, dtype=torch.float64) for _ in range(3))
    w_o = torch.zeros(space.width, space.width, dtype=torch.float64)
    for number, head in enumerate(heads):
        start = number * d
        used = sum(term.query.shape[1] for term in head.terms)
        handed = 0 if head.reads is None else head.reads.shape[1]
        if max(used, handed) > d:
            raise ValueError(f"“{head.says}” takes {max(used, handed)} numbers, and a head has {d}")
        if head.terms:
            w_q[:, start : start + used] = torch.cat([term.query for term in head.terms], 1) * d**0.5
            w_k[:, start : start + used] = torch.cat([term.key for term in head.terms], 1)
        if head.reads is not None and head.writes is not None:
            w_v[:, start : start + handed] = head.reads
            w_o[start : start + handed] = head.writes
    return Layer(w_q, w_k, w_v, w_o, count)
