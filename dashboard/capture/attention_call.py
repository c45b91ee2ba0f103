"""One call of one attention layer, and its weights, a block of query rows at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

# Weights of one block, all heads together: 4 MB, so that the few passes over it stay in the processor's cache.
BLOCK_CELLS = 2**20

Heads = tuple[int, ...]


class Scratch:
    """Memory that one block after the other uses: fresh pages cost as much as the arithmetic."""

    def __init__(self) -> None:
        self._held = torch.empty(0)

    def buffer(self, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
        """Room for so many numbers of the kind of `like`; what was there before is overwritten."""
        cells, held = math.prod(shape), self._held
        if held.numel() < cells or held.dtype != like.dtype or held.device != like.device:
            self._held = torch.empty(cells, dtype=like.dtype, device=like.device)
        return self._held[:cells].view(shape)


@dataclass
class Row:
    """What one head of a layer mixes for one query token, with b texts, m keys and d' numbers per value.

    Attributes
    ----------
    weights: (b, m); values: (b, m, d')
    allowed: which keys the mask lets the query see: bool (b, m)
    rest: the share of a learned sink, which looks at nothing (b, 1); 0 where there is none
    told: whether `allowed` is known; else it is where a weight is above 0, which rounding can hide
    """

    weights: torch.Tensor
    values: torch.Tensor
    allowed: torch.Tensor
    rest: torch.Tensor
    told: bool = True


@dataclass
class Call:
    """One call of one attention layer: all that its weights follow from.

    With b texts, h heads, g key/value heads (g divides h), n queries, m keys, d numbers per head:

    Attributes
    ----------
    q, k, v: (b, h, n, d), (b, g, m, d), (b, g, m, d')
    mask: boolean (True = may look) or additive, broadcastable to (b, h, n, m), or None
    causal: True when there is no mask and query i sees keys 0 … i
    scaling: factor on the dot products
    bias: additive position bias, broadcastable to (b, h, n, m) (T5), or None
    softcap: scores become softcap · tanh(score / softcap), before the mask (Gemma 2), or None
    sink: a learned score per head that takes part in the softmax and looks at nothing (gpt-oss) (h), or None
    module: the attention module that calls, None where a call was made by hand
    """

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    mask: torch.Tensor | None
    causal: bool
    scaling: float
    bias: torch.Tensor | None = None
    softcap: float | None = None
    sink: torch.Tensor | None = None
    module: torch.nn.Module | None = None

    def of_head(self, head: int, q: torch.Tensor, k: torch.Tensor) -> Call:
        """The call of one of its heads, given that one's queries and keys (1, 1, n, d). It has no values."""
        mask, bias = _heads(self.mask, (head,)), _heads(self.bias, (head,))
        sink = None if self.sink is None else self.sink[[head]]
        return replace(self, q=q, k=k, v=q.new_empty(0), mask=mask, bias=bias, sink=sink)

    def blocks(self, rows: int | None = None, heads: Heads | None = None) -> Iterator[slice]:
        """The query rows, in order, cut into blocks of `rows`, or of a size that fits the processor's cache."""
        batch, every, n, _ = self.q.shape
        if rows is None:
            heads_in_block = every if heads is None else len(heads)
            fitting = max(1, BLOCK_CELLS // (batch * heads_in_block * self.k.shape[2]))
            rows = max(16, min(512, 1 << (fitting.bit_length() - 1)))
        for start in range(0, n, rows):
            yield slice(start, min(n, start + rows))

    def keys(self, rows: slice) -> int:
        """How many of the first keys these rows can see; what comes after is the causal future."""
        return min(rows.stop, self.k.shape[2]) if self.causal else self.k.shape[2]

    def weights(self, rows: slice, heads: Heads | None = None, scratch: Scratch | None = None) -> torch.Tensor:
        """softmax(scaling · q kᵀ, capped, biased, masked) of a block of rows: (b, heads, rows, keys).

        With `scratch` the result lives there, until the next block.
        """
        return _weighed(*self._scores(rows, heads, scratch))

    def _scores(
        self, rows: slice, heads: Heads | None, scratch: Scratch | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What goes into the softmax of a block of rows (b, heads, rows, keys), and these heads' sinks."""
        q, keys = self.q[:, :, rows], self.keys(rows)
        k, group = self.k, self.q.shape[1] // self.k.shape[1]
        bias = None if self.bias is None else _rows(self.bias, rows, keys)
        mask = None if self.mask is None else _rows(self.mask, rows, keys)
        sink = self.sink
        if heads is not None and len(heads) < q.shape[1]:
            q, k, group = q[:, list(heads)], k[:, [head // group for head in heads]], 1
            bias, mask = _heads(bias, heads), _heads(mask, heads)
            sink = None if sink is None else sink[list(heads)]
        batch, count, length, _ = q.shape
        # Heads that share a key head are stacked, so that shared keys are never repeated in memory.
        stacked = q.reshape(batch * count // group, group * length, -1)
        shared = k[:, :, :keys].flatten(0, 1).transpose(1, 2)
        shape = (batch * count // group, group * length, keys)
        scores = scratch.buffer(shape, q) if scratch else q.new_empty(shape)
        torch.baddbmm(scores, stacked, shared, beta=0, alpha=self.scaling, out=scores)
        scores = scores.view(batch, count, length, keys)
        if self.softcap is not None:
            scores.div_(self.softcap).tanh_().mul_(self.softcap)
        if bias is not None:
            scores.add_(bias)
        never = torch.finfo(scores.dtype).min
        if mask is not None:
            scores.add_(mask) if mask.dtype != torch.bool else scores.masked_fill_(~mask, never)
        elif self.causal:
            # Only the square on the diagonal holds cells of the future: row start + a, key start + b, b > a.
            square = scores[..., rows.start :]
            future = _future(length, square.shape[-1], q.device)
            square.masked_fill_(future, never)
        return scores, sink

    def row(self, head: int, query: int) -> Row:
        """What a head mixes for one query token."""
        rows = slice(query, query + 1)
        scores, sink = self._scores(rows, (head,), None)
        rest = torch.zeros_like(scores[:, 0, :, 0])
        if sink is not None:  # not 1 − Σ weights, of which rounding leaves nothing beside a large weight
            rest = torch.sigmoid(sink - scores[:, 0].logsumexp(-1)).to(scores.dtype)
        weights, seen = _weighed(scores, sink)[:, 0, 0], self.allowed(rows, head)
        allowed = torch.ones_like(weights, dtype=torch.bool) if seen is None else seen[:, 0]
        values = self.v[:, head // (self.q.shape[1] // self.v.shape[1]), : weights.shape[1]]
        return Row(weights, values, allowed, rest)

    def mix(self, weights: torch.Tensor) -> torch.Tensor:
        """weights · v: (b, h, rows, keys) → (b, rows, h, d')."""
        batch, heads, rows, keys = weights.shape
        groups = self.v.shape[1]
        stacked = weights.view(batch * groups, heads // groups * rows, keys)
        mixed = torch.bmm(stacked, self.v[:, :, :keys].flatten(0, 1))
        return mixed.view(batch, heads, rows, -1).transpose(1, 2)

    def empty_output(self) -> torch.Tensor:
        """Room for the heads' outputs: (b, n, h, d')."""
        batch, heads, n, _ = self.q.shape
        return self.q.new_empty(batch, n, heads, self.v.shape[-1])

    def output(self) -> torch.Tensor:
        """The heads' outputs: (b, n, h, d'); where gradients are wanted, with them."""
        if torch.is_grad_enabled() and self.q.requires_grad:
            return self._with_gradients()
        output = self.empty_output()
        for rows in self.blocks():
            output[:, rows] = self.mix(self.weights(rows))
        return output

    def _with_gradients(self) -> torch.Tensor:
        """`output`, with nothing written in place; all weights of the layer are held."""
        group = self.q.shape[1] // self.k.shape[1]
        k, v = (one.repeat_interleave(group, 1) for one in (self.k, self.v))
        scores = self.scaling * (self.q @ k.transpose(2, 3))
        if self.softcap is not None:
            scores = (scores / self.softcap).tanh() * self.softcap
        if self.bias is not None:
            scores = scores + self.bias
        never = torch.finfo(scores.dtype).min
        if self.mask is not None:
            scores = scores + self.mask if self.mask.dtype != torch.bool else scores.masked_fill(~self.mask, never)
        elif self.causal:
            scores = scores.masked_fill(_future(*scores.shape[2:], scores.device), never)
        weights = scores.softmax(-1)
        if self.sink is not None:
            weights = weights * (scores.logsumexp(-1, keepdim=True) - self.sink.view(1, -1, 1, 1)).sigmoid()
        return (weights @ v).transpose(1, 2)

    def allowed(self, rows: slice, head: int | None = None) -> torch.Tensor | None:
        """What the mask lets these rows see, in any head or in this one: bool (b, rows, keys); None without a mask."""
        if self.mask is None:
            return None
        mask = _rows(self.mask, rows, self.keys(rows))
        if head is not None and mask.shape[1] > 1:
            mask = mask[:, [head]]
        if mask.dtype != torch.bool:
            mask = mask > torch.finfo(mask.dtype).min / 2
        mask = mask.any(1)
        return mask.expand(self.q.shape[0], len(range(*rows.indices(self.q.shape[2]))), mask.shape[-1])


def _weighed(scores: torch.Tensor, sink: torch.Tensor | None) -> torch.Tensor:
    """The softmax of scores (b, heads, rows, keys), in their place."""
    if sink is None:
        return torch.softmax(scores, -1, out=scores)
    # softmax with one more column whose weight is then dropped = softmax · Z / (Z + exp(sink))
    share = torch.sigmoid(scores.logsumexp(-1, keepdim=True) - sink.view(1, -1, 1, 1))
    return torch.softmax(scores, -1, out=scores).mul_(share)


def chosen_keys(indices: torch.Tensor, keys: int, size: int) -> torch.Tensor:
    """Which of m keys sparse attention chose for each query: bool (b, g, n, m).

    indices: the chosen blocks of keys (b, g, n, k), each of `size` keys, counted from 0; a negative one stands for none
    """
    blocks = -(-keys // size)
    chosen = torch.zeros(*indices.shape[:3], blocks + 1, dtype=torch.bool, device=indices.device)
    chosen.scatter_(-1, indices.long().masked_fill(indices < 0, blocks), True)
    return chosen[..., :blocks].repeat_interleave(size, -1)[..., :keys]


def masked_by(chosen: torch.Tensor, mask: torch.Tensor | None, causal: bool, heads: int) -> torch.Tensor:
    """A call's mask that hides the keys that were not chosen too. chosen: bool (b, g, n, m), g divides the heads."""
    if chosen.shape[1] > 1:
        chosen = chosen.repeat_interleave(heads // chosen.shape[1], 1)
    if mask is None:
        n, m = chosen.shape[2:]
        return chosen & torch.ones(n, m, dtype=torch.bool, device=chosen.device).tril(m - n) if causal else chosen
    if mask.dtype == torch.bool:
        return mask & chosen
    return torch.where(chosen, mask, torch.finfo(mask.dtype).min)


@lru_cache(maxsize=8)
def _future(rows: int, keys: int, device: torch.device) -> torch.Tensor:
    """True above the diagonal: bool (rows, keys)."""
    return torch.ones(rows, keys, dtype=torch.bool, device=device).triu(1)


def _rows(per_cell: torch.Tensor, rows: slice, keys: int) -> torch.Tensor:
    return per_cell[..., rows if per_cell.shape[-2] > 1 else slice(None), :keys]


def _heads(per_cell: torch.Tensor | None, heads: Heads) -> torch.Tensor | None:
    return per_cell if per_cell is None or per_cell.shape[1] == 1 else per_cell[:, list(heads)]
