"""A forward pass that begins at a layer: what stands before it ran once, and is not run again.

The layers of a model are found by running it (`blocks_of`). In a pass that begins at layer L, the layers before it
hand on what they are given without computing, and layer L takes the vectors that an earlier pass had there. All else,
the embeddings, masks, rotary positions and what comes after the last layer, is the model's own forward pass, so no
architecture is spelled out here. Whether that gives what a whole pass gives is tried once for every layer of a model;
where it does not (a layer that reads something of an earlier one besides the stream), passes are whole ones.

What a pass is to do travels in a ContextVar, as with the tap.

Why ours: transformers has no forward pass that begins at a layer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch

from dashboard.capture import tap
from dashboard.capture.attention_call import Call, Heads
from dashboard.capture.find_layers import NEVER, PROBE_TOKENS, blocks_of, vectors_in
from dashboard.capture.maps import edited, own_mixes
from dashboard.capture.model import AttentionModel
from dashboard.errors import UserError
from dashboard.text.encoding import Encoding

Edit = Callable[[int, torch.Tensor], torch.Tensor]

# Relative to the largest number of the last vectors: above rounding in batches of another size, below any real change.
TOLERANCE = 1e-4


@dataclass
class _Pass:
    """What one forward pass does at the layers, and how far it has come.

    Attributes
    ----------
    keep: layers whose input (b, n, D) is to be kept
    numbers: the numbers of the layers, in the order in which they run
    start, given: the layer that begins, and what it takes (b, n, D); None for a whole pass
    calls: how many layers have run so far, or were passed over
    kept: what was kept, by layer
    """

    numbers: Sequence[int]
    keep: Collection[int] = ()
    start: int = 0
    given: torch.Tensor | None = None
    calls: int = 0
    kept: dict[int, torch.Tensor] = field(default_factory=dict)


_pass: ContextVar[_Pass | None] = ContextVar("two_heads_pass", default=None)
# Of each model, by layer, whether a pass can begin there, as far as it was tried.
_tried: WeakKeyDictionary[torch.nn.Module, dict[int, bool]] = WeakKeyDictionary()
_lock = threading.RLock()


def whole_pass(
    model: AttentionModel,
    inputs: dict[str, torch.Tensor],
    *,
    keep: Collection[int] = (),
    edit: Edit | None = None,
    reweigh: tap.Reweigh | None = None,
) -> tuple[torch.Tensor, dict[int, torch.Tensor]]:
    """The last vectors of a whole pass (b, n, D), and what the layers in `keep` were given, each (b, n, D).

    inputs: see `dashboard.capture.visit.batch_inputs`; edit, reweigh: see `dashboard.capture.tap.Request`; keep: only
    layers that are `resumable`.
    """
    this_pass = _Pass(model.numbers, keep=frozenset(keep))
    return _run(model, inputs, this_pass, edit, reweigh), this_pass.kept


def resumed_pass(
    model: AttentionModel,
    inputs: dict[str, torch.Tensor],
    layer: int,
    given: torch.Tensor,
    edit: Edit | None = None,
    reweigh: tap.Reweigh | None = None,
) -> torch.Tensor:
    """The last vectors (b, n, D) of a pass that begins at a layer with what it was given (b, n, D).

    inputs: of the same b texts; they still say what is padding. Only for a layer that is `resumable`.
    """
    return _run(model, inputs, _Pass(model.numbers, start=layer, given=given), edit, reweigh)


@torch.inference_mode()
def repeated_pass(
    model: AttentionModel,
    inputs: dict[str, torch.Tensor],
    times: int,
    layer: int,
    given: torch.Tensor | None,
    edit: Edit | None = None,
    reweigh: tap.Reweigh | None = None,
) -> torch.Tensor:
    """The last vectors (times · b, n, D) of b texts so many times over, edited; begun at the layer if what that takes
    of the b texts is given."""
    repeated = {name: one.repeat(times, 1) for name, one in inputs.items()}
    if given is None:
        return whole_pass(model, repeated, edit=edit, reweigh=reweigh)[0]
    return resumed_pass(model, repeated, layer, given.repeat(times, 1, 1), edit, reweigh)


@torch.inference_mode()
def call_at(model: AttentionModel, inputs: dict[str, torch.Tensor], layer: int, given: torch.Tensor) -> Call:
    """The call of a layer's attention in a pass that begins there with what it is given (b, n, D), and ends there.

    inputs: as in `resumed_pass`. Only for a layer that is `resumable`, of a model of route "tap".
    """
    found: list[Call] = []

    def receive(_layer: int, _heads: Heads, _rows: slice, _weights: torch.Tensor, call: Call) -> None:
        found.append(call)

    passed = len(model.calls) // len(model.numbers) * model.numbers.index(layer)
    request = tap.Request({layer: (0,)}, receive, numbers=model.calls, calls=passed)
    token = _pass.set(_Pass(model.numbers, start=layer, given=given))
    try:
        with tap.listening(request):
            model.run(**inputs)
    finally:
        _pass.reset(token)
    return found[0]


def resumable(model: AttentionModel, encoding: Encoding, layers: Iterable[int]) -> frozenset[int]:
    """At which of these layers a pass can begin; each is tried once for a model, on a few tokens of this text."""
    layers = frozenset(layers)
    with _lock:
        if model.loaded.model not in _tried:
            _tried[model.loaded.model] = _switched(model, encoding)
        tried = _tried[model.loaded.model]
        if untried := sorted(layers - tried.keys()):
            tried.update(_try(model, encoding, untried))
        return frozenset(layer for layer in layers if tried[layer])


def _run(
    model: AttentionModel, inputs: dict, this_pass: _Pass, edit: Edit | None, reweigh: tap.Reweigh | None
) -> torch.Tensor:
    # A layer of a decoder calls for its own attention and for cross attention.
    each = len(model.calls) // len(model.numbers)
    passed = 0 if this_pass.given is None else each * model.numbers.index(this_pass.start)
    request = tap.Request({NEVER: ()}, _nothing, edit=edit, reweigh=reweigh, numbers=model.calls, calls=passed)
    mixes = None if edit is None and reweigh is None else own_mixes(model)
    # The edit where a model's attention does not go through the tap
    beside = nullcontext()
    if mixes is not None:
        start = None if this_pass.given is None else this_pass.start
        beside = edited(model, mixes, inputs["input_ids"].shape[1], edit, reweigh, start)
    token = _pass.set(this_pass)
    try:
        with tap.listening(request), beside:
            return model.last_vectors(**inputs)
    finally:
        _pass.reset(token)


def _nothing(*_: object) -> None:
    """No weights are asked for."""


def _switched(model: AttentionModel, encoding: Encoding) -> dict[int, bool]:
    """Puts the switch before each layer; no layer can begin of a model whose layers cannot be found, or some of which
    attend over pooled tokens: those would run in a pass that begins after them."""
    if model.pooled:
        return dict.fromkeys(model.numbers, False)
    try:
        blocks = blocks_of(model, encoding)
    except UserError:
        return dict.fromkeys(model.numbers, False)
    for block in blocks:
        block.forward = partial(_forward, block.forward, _Kind())
    return {}


@torch.inference_mode()
def _try(model: AttentionModel, encoding: Encoding, layers: Sequence[int]) -> dict[int, bool]:
    ids = torch.tensor([encoding.ids[:PROBE_TOKENS]], device=next(model.loaded.model.parameters()).device)
    expected, inputs_of_layers = whole_pass(model, {"input_ids": ids}, keep=layers)
    found = dict.fromkeys(layers, False)
    for layer, vectors in inputs_of_layers.items():
        try:  # whatever a layer misses that another one before it should have made
            again = resumed_pass(model, {"input_ids": ids.repeat(2, 1)}, layer, vectors.repeat(2, 1, 1))
        except Exception:
            continue
        if again.shape[1:] != expected.shape[1:]:  # the batch stands behind the tokens (FSMT)
            continue
        found[layer] = bool((again - expected).abs().max() <= TOLERANCE * expected.abs().max())
    return found


@dataclass
class _Kind:
    """What a layer returns: its vectors, or a tuple or list that begins with them and has so many members."""

    members: int = 0


def _forward(own: Callable, kind: _Kind, *args: Any, **kwargs: Any) -> Any:
    """What runs in place of a layer's own forward."""
    this_pass = _pass.get()
    if this_pass is None:
        return own(*args, **kwargs)
    layer, this_pass.calls = this_pass.numbers[this_pass.calls], this_pass.calls + 1
    vectors = vectors_in([*args, *kwargs.values()])
    assert vectors is not None  # a layer takes vectors: see `blocks_of`
    if this_pass.given is not None and layer < this_pass.start:
        return (vectors, *[None] * (kind.members - 1)) if kind.members else vectors
    if layer == this_pass.start and this_pass.given is not None:
        args, kwargs = _with(args, vectors, this_pass.given), _with_named(kwargs, vectors, this_pass.given)
    if layer in this_pass.keep:
        this_pass.kept[layer] = vectors.clone()
    output = own(*args, **kwargs)
    kind.members = len(output) if isinstance(output, tuple | list) else 0
    return output


def _with(args: Sequence[Any], old: torch.Tensor, new: torch.Tensor) -> tuple[Any, ...]:
    return tuple(new if one is old else one for one in args)


def _with_named(kwargs: dict[str, Any], old: torch.Tensor, new: torch.Tensor) -> dict[str, Any]:
    return {name: new if one is old else one for name, one in kwargs.items()}
