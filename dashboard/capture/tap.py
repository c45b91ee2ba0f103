"""The tap: one function through which every attention layer of a model passes.

transformers lets a model's attention be computed by a registered function that is given queries, keys and values
after all that comes before the dot product (projections, rotary positions), the mask and the scale. Ours does what
the library's SDPA does, and on the way hands out the attention weights that the current request asks for, a block of
query rows at a time, so that no layer's n × n weights ever exist at once.

What a request asks for travels in a ContextVar: the model is loaded once with the tap and never switched, and two
threads that use one model at the same time do not see each other's requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, eager_mask, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

NAME = "two_heads"
# For models that do not support SDPA: their own code adds the mask to numbers, so it must be additive, not boolean.
NAME_ADDITIVE = "two_heads_additive"

# Weights of one block, all heads together: 4 MB, so that the few passes over it stay in the processor's cache.
BLOCK_CELLS = 2**20

Heads = tuple[int, ...]
# receive(layer, heads, rows, weights (batch, heads, rows, keys), call)
Receive = Callable[[int, Heads, slice, torch.Tensor, "Call"], None]


class Enough(BaseException):
    """Ends a forward pass after the last layer that was asked for. No error, so no `except Exception` may hold it."""


@dataclass
class Request:
    """What one forward pass is asked for, and how far it has come.

    Attributes
    ----------
    heads: the heads asked for, by layer, in ascending order; None for all of a layer. Layers are numbered by the
        order in which they call the tap: module names and indices do not do (ALBERT runs one module many times).
    receive: gets every block of weights
    rows: query rows in a block, None to choose them by the size of the block
    calls: how many attention layers have run so far
    last: the layer after which the forward pass may end
    scratch: memory that blocks share, see `buffer`
    """

    heads: Mapping[int, Heads | None]
    receive: Receive
    rows: int | None = None
    calls: int = 0
    last: int = field(init=False)
    scratch: dict[str, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.last = max(self.heads)

    def buffer(self, name: str, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
        """Room for `shape` numbers, the same memory for every block: fresh pages cost as much as the arithmetic."""
        cells = 1
        for size in shape:
            cells *= size
        held = self.scratch.get(name)
        if held is None or held.numel() < cells or held.dtype != like.dtype or held.device != like.device:
            held = self.scratch[name] = torch.empty(cells, dtype=like.dtype, device=like.device)
        return held[:cells].view(shape)


_request: ContextVar[Request | None] = ContextVar("two_heads_request", default=None)


@contextmanager
def listening(request: Request) -> Iterator[Request]:
    """Within this context the tap serves `request`. Leaves quietly when the tap has handed out all that was asked."""
    token = _request.set(request)
    try:
        yield request
    except Enough:
        pass
    finally:
        _request.reset(token)


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

    def blocks(self, rows: int | None) -> Iterator[slice]:
        """The query rows, in order, cut into blocks of `rows`, or of a size that fits the processor's cache."""
        batch, heads, n, _ = self.q.shape
        if rows is None:
            fitting = max(1, BLOCK_CELLS // (batch * heads * self.k.shape[2]))
            rows = max(16, min(512, 1 << (fitting.bit_length() - 1)))
        for start in range(0, n, rows):
            yield slice(start, min(n, start + rows))

    def keys(self, rows: slice) -> int:
        """How many of the first keys these rows can see; what comes after is the causal future."""
        return min(rows.stop, self.k.shape[2]) if self.causal else self.k.shape[2]

    def weights(self, rows: slice, heads: Heads | None = None, request: Request | None = None) -> torch.Tensor:
        """softmax(scaling · q kᵀ, capped, biased, masked) of a block of rows: (b, heads, rows, keys).

        The result lives in the request's buffer until the next block.
        """
        q, keys = self.q[:, :, rows], self.keys(rows)
        k, group = self.k, self.q.shape[1] // self.k.shape[1]
        bias, mask, sink = _rows(self.bias, rows, keys), _rows(self.mask, rows, keys), self.sink
        if heads is not None and len(heads) < q.shape[1]:
            q, k, group = q[:, list(heads)], k[:, [head // group for head in heads]], 1
            bias, mask = _heads(bias, heads), _heads(mask, heads)
            sink = None if sink is None else sink[list(heads)]
        batch, count, length, _ = q.shape
        # Heads that share a key head are stacked, so that shared keys are never repeated in memory.
        stacked = q.reshape(batch * count // group, group * length, -1)
        shared = k[:, :, :keys].flatten(0, 1).transpose(1, 2)
        shape = (batch * count // group, group * length, keys)
        scores = request.buffer("weights", shape, q) if request else q.new_empty(shape)
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
        if sink is None:
            return torch.softmax(scores, -1, out=scores)
        # softmax with one more column whose weight is then dropped = softmax · Z / (Z + exp(sink))
        share = torch.sigmoid(scores.logsumexp(-1, keepdim=True) - sink.view(1, -1, 1, 1))
        return torch.softmax(scores, -1, out=scores).mul_(share)

    def mix(self, weights: torch.Tensor) -> torch.Tensor:
        """weights · v: (b, h, rows, keys) → (b, rows, h, d')."""
        batch, heads, rows, keys = weights.shape
        groups = self.v.shape[1]
        stacked = weights.view(batch * groups, heads // groups * rows, keys)
        mixed = torch.bmm(stacked, self.v[:, :, :keys].flatten(0, 1))
        return mixed.view(batch, heads, rows, -1).transpose(1, 2)

    def allowed(self, rows: slice) -> torch.Tensor | None:
        """What a layer's mask lets these rows see: bool (b, rows, keys), or None where there is no mask."""
        if self.mask is None:
            return None
        mask = _rows(self.mask, rows, self.keys(rows))
        if mask.dtype != torch.bool:
            mask = mask > torch.finfo(mask.dtype).min / 2
        return mask.any(1).expand(self.q.shape[0], -1, -1)


@lru_cache(maxsize=8)
def _future(rows: int, keys: int, device: torch.device) -> torch.Tensor:
    """True above the diagonal: bool (rows, keys)."""
    return torch.ones(rows, keys, dtype=torch.bool, device=device).triu(1)


def _rows(per_cell: torch.Tensor | None, rows: slice, keys: int) -> torch.Tensor | None:
    if per_cell is None:
        return None
    return per_cell[..., rows if per_cell.shape[-2] > 1 else slice(None), :keys]


def _heads(per_cell: torch.Tensor | None, heads: Heads) -> torch.Tensor | None:
    return per_cell if per_cell is None or per_cell.shape[1] == 1 else per_cell[:, list(heads)]


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    position_bias: torch.Tensor | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **rest: object,
) -> tuple[torch.Tensor, None]:
    """What a model calls in place of its own attention. Arguments and result are the library's interface.

    Without a request, and for layers that were not asked for, this is the library's SDPA. A layer with a softcap or
    a sink is computed here even then: SDPA refuses the first and drops the second in silence.
    Returns the heads' outputs (b, n, h, d') and, in place of weights, None.
    """
    def library() -> torch.Tensor:
        output, _ = sdpa_attention_forward(
            module, query, key, value, attention_mask,
            dropout=dropout, scaling=scaling, is_causal=is_causal, position_bias=position_bias, **rest,
        )  # fmt: skip
        return output

    request, asked, last = _request.get(), (), False
    ours = softcap is not None or s_aux is not None
    if request is not None:
        layer, request.calls = request.calls, request.calls + 1
        asked, last = request.heads.get(layer, ()), layer == request.last
        asked = tuple(range(query.shape[1])) if asked is None else asked
    if not asked and not ours:
        return library(), None

    unmasked_causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    call = Call(
        query, key, value, attention_mask,
        causal=bool(unmasked_causal) and attention_mask is None and query.shape[2] > 1,
        scaling=query.shape[-1] ** -0.5 if scaling is None else scaling,
        bias=position_bias, softcap=softcap, sink=s_aux,
    )  # fmt: skip
    # A layer's output is for the next layer: after the last one that is asked for, nobody needs it.
    complete = len(asked) == query.shape[1] and not last
    mixed = []
    for rows in call.blocks(request.rows) if asked else ():
        weights = call.weights(rows, asked, request)
        request.receive(layer, asked, rows, weights, call)
        if complete:
            mixed.append(call.mix(weights))
    if last:
        raise Enough
    if not complete and not ours:
        return library(), None
    if not complete:
        mixed = [call.mix(call.weights(rows, None, request)) for rows in call.blocks(None)]
    return torch.cat(mixed, 1), None


ALL_ATTENTION_FUNCTIONS.register(NAME, attend)
ALL_ATTENTION_FUNCTIONS.register(NAME_ADDITIVE, attend)
ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
ALL_MASK_ATTENTION_FUNCTIONS.register(NAME_ADDITIVE, eager_mask)
