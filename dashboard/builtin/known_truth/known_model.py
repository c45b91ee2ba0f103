"""A hand-written model as plain matrices, run by our own attention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from dashboard.builtin.attention import Layer, Steps, attend, contributions, multi_head, project
from dashboard.builtin.known_truth.hand_heads import Head
from dashboard.builtin.known_truth.space import Space
from dashboard.builtin.masks import causal
from dashboard.heads.head_id import HeadId

Type = Literal["gpt2", "bert", "t5"]


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
    words: (V, width); places: (P, width), all 0 where a word's place is not told
    heads: as they are meant, of each layer; of an encoder–decoder those of its cross attention
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
        return {name: head.jobs for name, head in self._named()}

    @property
    def says(self) -> dict[HeadId, str]:
        """The same as a sentence for people."""
        return {name: head.says for name, head in self._named()}

    def _named(self) -> Iterator[tuple[HeadId, Head]]:
        for layer, row in enumerate(self.heads):
            for number, head in enumerate(row):
                yield HeadId(layer, number, "cross" if self.two_texts else ""), head

    @property
    def deviation(self) -> float:
        """The standard deviation of every vector of the residual stream, to 1e-7 of it: 1000 · √(2 / width)."""
        return float((self.space.levelled(self.words) + self.places[:1]).std(1, correction=0).mean())

    def doing(self, job: str) -> list[HeadId]:
        """The heads that have a job, in order."""
        return [head for head, jobs in self.jobs.items() if job in jobs]

    @property
    def causal(self) -> bool:
        return self.type == "gpt2"

    @property
    def two_texts(self) -> bool:
        """Whether a target is read beside a source."""
        return self.type == "t5"

    @property
    def plain(self) -> tuple[str, ...]:
        """The words that are not special."""
        return self.vocabulary[self.special :]

    def ids(self, text: str | Sequence[str], target: bool = False) -> list[int]:
        """The numbers of the words of a text, with the special tokens that the model gets around it.

        target: the text that a decoder reads, which begins with the first of the special tokens
        """
        words = text.split() if isinstance(text, str) else list(text)
        first, second = self.vocabulary[:2]
        if self.two_texts:
            framed = [first, *words] if target else [*words, second]
        else:
            framed = [first, *words] if self.causal else [first, *words, second]
        return [self.vocabulary.index(word) for word in framed]

    def run(self, ids: Sequence[int], source: Sequence[int] = ()) -> list[Steps]:
        """What our own attention computes in each layer: `Steps`, whose weights are (heads, n, n).

        source: of cross attention the m numbers of the other text, whose positions are the keys; weights (heads, n, m)
        """
        x = self._embedded(ids)
        mask, found = causal(len(ids)) if self.causal else None, []
        for layer in self.layers:
            if self.two_texts:
                queries = project(x, layer)[0]
                _, keys, values = project(self._embedded(source), layer)
                steps = attend(queries, keys, values, None, layer.scale)
                steps = replace(steps, x=x, output=contributions(steps.mixed, layer.w_o).sum(-3))
            else:
                steps = multi_head(x, layer, mask)
            found.append(steps)
            x = x + steps.output  # type: ignore[operator]  # of several heads there is one
        return found

    def _embedded(self, ids: Sequence[int]) -> Tensor:
        return self.words[list(ids)] + self.places[: len(ids)]

    def logits(self, ids: Sequence[int]) -> Tensor:
        """The logits of each next token: (n, V). Raises ValueError where the model predicts nothing."""
        if self.unembedding is None:
            raise ValueError(f"the model {self.kind} predicts nothing")
        last = self.run(ids)[-1]
        return (last.x + last.output) @ self.unembedding.T  # type: ignore[operator]


def layer_of(space: Space, heads: Sequence[Head]) -> Layer:
    """The weights of a layer, each head's terms side by side in its d = width / heads numbers.

    Raises ValueError where a head takes more than d numbers, or hands over more than d.
    """
    count = len(heads)
    d, rest = divmod(space.width, count)
    if rest:
        raise ValueError(f"{space.width} numbers are not shared evenly by {count} heads")
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
