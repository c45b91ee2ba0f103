"""The tap: one function through which every attention layer of a model passes.

transformers lets a model's attention be computed by a registered function that is given queries, keys and values
after all that comes before the dot product (projections, rotary positions), the mask and the scale. Ours does what
the library's SDPA does, and on the way hands out the attention weights that the current request asks for, a block of
query rows at a time, so that no layer's n × n weights ever exist at once.

What a request asks for travels in a ContextVar: the model is loaded once with the tap and never switched, and two
threads that use one model at the same time do not see each other's requests.

Why ours: `output_attentions` of transformers keeps the n × n weights of all layers, and computes them without SDPA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, eager_mask, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from dashboard.capture.attention_call import Call, Heads, Row, Scratch, chosen_keys, masked_by
from dashboard.errors import UserError

NAME = "two_heads"
# For models that do not support SDPA: their own code adds the mask to numbers, so it must be additive, not boolean.
NAME_ADDITIVE = "two_heads_additive"

ANOTHER = -1
"""Stands for the number of a layer of another part of the model (`Request.numbers`)."""

# What some models hand on besides what the weights follow from: windows come in through the mask, packed texts have no
# boundaries here, and the rest says what is to be returned or kept.
HARMLESS = frozenset(
    {
        "sliding_window",
        "input_ids",
        "position_ids",
        "cache_position",
        "use_cache",
        "past_key_values",
        "output_attentions",
        "output_hidden_states",
        "output_router_logits",
        "return_dict",
        "deterministic",
        "cu_seq_lens_q",
        "cu_seq_lens_k",
        "max_length_q",
        "max_length_k",
    }
)

# receive(layer, heads, rows, weights (batch, heads, rows, keys), call)
Receive = Callable[[int, Heads, slice, torch.Tensor, Call], None]
RowOf = Callable[[int, int], Row]  # of a head and a query token of a layer
Reweigh = Callable[[int, RowOf, torch.Tensor], torch.Tensor]


class Enough(BaseException):
    """Ends a forward pass after the last layer that was asked for. No error, so no `except Exception` may hold it."""


class Unknown(UserError):
    """A model hands its attention something that the weights may follow from, and that nobody here knows.

    names: of what it hands on
    """

    def __init__(self, names: tuple[str, ...]):
        self.names = names
        quoted = ", ".join(f"“{name}”" for name in names)
        super().__init__(
            f"The model also hands {quoted} to its attention on this text. Two Heads does not know what that does, so "
            "the weights could be wrong. Use a shorter text or choose another model."
        )


@dataclass
class Request:
    """What one forward pass is asked for, and how far it has come.

    Attributes
    ----------
    heads: the heads asked for, by layer, in ascending order; None for all of a layer. Layers are numbered by the
        order in which they call the tap: module names and indices do not do (ALBERT runs one module many times).
    receive: gets every block of weights
    rows: query rows in a block, None to choose them by the size of the block
    output: what computes the heads' outputs (b, n, h, d') of the layers asked for in place of the library's SDPA, or
        None; it may give None for a layer that is to be left alone
    edit: is given the number of each layer and its heads' outputs (b, n, h, d'), whoever computed them, and gives
        what goes on to the output projection in their place; it may change what it is given. An ablation is one
    reweigh: the same, and is also given what mixed them: the rows of its heads' weights, one by one
    numbers: the model's own number of each layer that calls the tap, in the order of the calls; empty where the
        calls are counted from 0. Layers are spoken of by these numbers everywhere else. `ANOTHER` where a layer of
        another part of the model calls: it runs as it would without us
    calls: how many attention layers have run so far, or were passed over
    last: the layer after which the forward pass may end
    scratch: memory that all blocks share
    """

    heads: Mapping[int, Heads | None]
    receive: Receive
    rows: int | None = None
    output: Callable[[Call], torch.Tensor | None] | None = None
    edit: Callable[[int, torch.Tensor], torch.Tensor] | None = None
    reweigh: Reweigh | None = None
    numbers: Sequence[int] = ()
    calls: int = 0
    last: int = field(init=False)
    scratch: Scratch = field(default_factory=Scratch)

    def __post_init__(self) -> None:
        self.last = max(self.heads)

    @property
    def coming(self) -> int:
        """The number of the layer that calls next."""
        return self.numbers[self.calls] if self.calls < len(self.numbers) else self.calls

    def edited(self, layer: int, output: torch.Tensor, call: Call) -> torch.Tensor:
        """What goes on to the output projection in place of a layer's outputs."""
        if layer == ANOTHER:
            return output
        if self.reweigh is not None:
            output = self.reweigh(layer, call.row, output)
        return output if self.edit is None else self.edit(layer, output)


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
    indices: torch.Tensor | None = None,
    block_indices: torch.Tensor | None = None,
    **rest: object,
) -> tuple[torch.Tensor, None]:
    """What a model calls in place of its own attention. Arguments and result are the library's interface.

    Without a request, and for layers that were not asked for, this is the library's SDPA. A layer with a softcap or
    a sink is computed here even then: SDPA refuses the first and drops the second in silence.
    indices, block_indices: the keys, or blocks of keys, that sparse attention chose for each query (`chosen_keys`). The
    library folds them into the mask for its own functions only, so they are folded into it here.
    Returns the heads' outputs (b, n, h, d') and, in place of weights, None. Raises Unknown where a model hands on what
    is not known here: computed without it, the weights would be wrong.
    """
    unknown = [name for name, given in rest.items() if given is not None and name not in HARMLESS]
    size = None if block_indices is None else getattr(getattr(module, "indexer", None), "block_size", None)
    if block_indices is not None and not isinstance(size, int):
        unknown.append("block_indices")
    if unknown:
        raise Unknown(tuple(unknown))
    causal = bool(getattr(module, "is_causal", True) if is_causal is None else is_causal)
    chosen = None
    if indices is not None:
        chosen = chosen_keys(indices[:, None], key.shape[2], 1)
    elif block_indices is not None and isinstance(size, int):
        chosen = chosen_keys(block_indices, key.shape[2], size)
    if chosen is not None:
        attention_mask = masked_by(chosen, attention_mask, causal, query.shape[1])

    def library() -> torch.Tensor:
        output, _ = sdpa_attention_forward(
            module,
            query,
            key,
            value,
            attention_mask,
            dropout=dropout,
            scaling=scaling,
            is_causal=causal,
            position_bias=position_bias,
            **rest,
        )
        return output

    call = Call(
        query,
        key,
        value,
        attention_mask,
        causal=causal and attention_mask is None and query.shape[2] > 1,
        scaling=query.shape[-1] ** -0.5 if scaling is None else scaling,
        bias=position_bias,
        softcap=softcap,
        sink=s_aux,
        module=module,
    )
    request, ours = _request.get(), softcap is not None or s_aux is not None
    if request is None:
        return call.output() if ours else library(), None
    layer, request.calls = request.coming, request.calls + 1
    wanted, last = request.heads.get(layer, ()), layer == request.last
    wanted = tuple(range(query.shape[1])) if wanted is None else wanted
    if not wanted:
        return request.edited(layer, call.output() if ours else library(), call), None
    # A layer's output is for the next layer: after the last one that is asked for, nobody needs it. Where all heads
    # are asked for, it follows from their weights, and the softmax is paid for once.
    complete = len(wanted) == query.shape[1] and not last
    output = call.empty_output() if complete else None
    for rows in call.blocks(request.rows, wanted):
        weights = call.weights(rows, wanted, request.scratch)
        request.receive(layer, wanted, rows, weights, call)
        if output is not None:
            output[:, rows] = call.mix(weights)
    if last:
        raise Enough
    given = None if request.output is None else request.output(call)
    if given is None:
        given = output
    if given is None:
        given = call.output() if ours else library()
    return request.edited(layer, given, call), None


ALL_ATTENTION_FUNCTIONS.register(NAME, attend)
ALL_ATTENTION_FUNCTIONS.register(NAME_ADDITIVE, attend)
ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
ALL_MASK_ATTENTION_FUNCTIONS.register(NAME_ADDITIVE, eager_mask)
