"""A forward pass that begins at a layer: what stands before it ran once, and is not run again.

The layers of a model are found by running it (`blocks_of`). In a pass that begins at layer L, the layers before it
hand on what they are given without computing, and layer L takes the vectors that an earlier pass had there. All else,
the embeddings, masks, rotary positions and what comes after the last layer, is the model's own forward pass, so no
architecture is spelled out here. Whether that gives what a whole pass gives is tried once for every layer of a model;
where it does not (a layer that reads something of an earlier one beside the stream), passes are whole ones.

What a pass is to do travels in a ContextVar, as with the tap.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch

from dashboard.capture import tap
from dashboard.capture.blocks import NEVER, PROBE_TOKENS, blocks_of, vectors_in
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
    start, given: the layer that begins, and what it takes (b, n, D); None for a whole pass
    calls: how many layers have run so far, or were passed over
    kept: what was kept, by layer
    """

    keep: Collection[int] = ()
    start: int = 0
    given: torch.Tensor | None = None
    calls: int = 0
    kept: dict[int, torch.Tensor] = field(default_factory=dict)


_pass: ContextVar[_Pass | None] = ContextVar("two_heads_pass", default=None)
_can: WeakKeyDictionary[torch.nn.Module, bool] = WeakKeyDictionary()
_lock = threading.RLock()


def whole_pass(
    model: AttentionModel, inputs: dict[str, torch.Tensor], *, keep: Collection[int] = (), edit: Edit | None = None
) -> tuple[torch.Tensor, dict[int, torch.Tensor]]:
    """The last vectors of a whole pass (b, n, D), and what the layers in `keep` were given, each (b, n, D).

    inputs: see `dashboard.capture.visit.batch_inputs`; edit: see `dashboard.capture.tap.Request`. Nothing is kept of
    a model that cannot begin at a layer (`can_resume`).
    """
    asked = _Pass(keep=frozenset(keep))
    return _run(model, inputs, asked, edit), asked.kept


def resumed_pass(
    model: AttentionModel, inputs: dict[str, torch.Tensor], layer: int, given: torch.Tensor, edit: Edit | None = None
) -> torch.Tensor:
    """The last vectors (b, n, D) of a pass that begins at a layer with what it was given (b, n, D).

    inputs: of the same b texts; they still say what is padding. Only where `can_resume`.
    """
    return _run(model, inputs, _Pass(start=layer, given=given), edit)


def can_resume(model: AttentionModel, encoding: Encoding) -> bool:
    """Whether a pass can begin at any layer of this model: tried once, on a few tokens of this text."""
    root = model.loaded.model
    with _lock:
        if root not in _can:
            _can[root] = _prepare(model, encoding)
        return _can[root]


def _run(model: AttentionModel, inputs: dict, asked: _Pass, edit: Edit | None) -> torch.Tensor:
    request = tap.Request({NEVER: ()}, _nothing, edit=edit, calls=asked.start)
    token = _pass.set(asked)
    try:
        with tap.listening(request):
            return model.loaded.model(**inputs).last_hidden_state
    finally:
        _pass.reset(token)


def _nothing(*_: object) -> None:
    """No weights are asked for."""


@torch.inference_mode()
def _prepare(model: AttentionModel, encoding: Encoding) -> bool:
    """Puts the switch before each layer, and tries it at every layer."""
    try:
        blocks = blocks_of(model, encoding)
    except UserError:
        return False
    for block in blocks:
        block.forward = partial(_forward, block.forward, _Kind())
    ids = torch.tensor([encoding.ids[:PROBE_TOKENS]], device=next(model.loaded.model.parameters()).device)
    expected, kept = whole_pass(model, {"input_ids": ids}, keep=range(model.layers))
    if sorted(kept) != list(range(model.layers)):
        return False
    two = {"input_ids": ids.repeat(2, 1)}
    try:
        for layer, vectors in kept.items():
            found = resumed_pass(model, two, layer, vectors.repeat(2, 1, 1))
            if not float((found - expected).abs().max()) <= TOLERANCE * float(expected.abs().max()):
                return False
    except Exception:  # whatever a layer misses that another one before it should have made
        return False
    return True


@dataclass
class _Kind:
    """What a layer returns: its vectors, or a tuple that begins with them and has so many members."""

    members: int = 0


def _forward(own: Callable, kind: _Kind, *args: Any, **kwargs: Any) -> Any:
    """What runs in place of a layer's own forward."""
    asked = _pass.get()
    if asked is None:
        return own(*args, **kwargs)
    layer, asked.calls = asked.calls, asked.calls + 1
    vectors = vectors_in([*args, *kwargs.values()])
    if layer < asked.start:
        return (vectors, *[None] * (kind.members - 1)) if kind.members else vectors
    if layer == asked.start and asked.given is not None:
        args, kwargs = _with(args, vectors, asked.given), _with_named(kwargs, vectors, asked.given)
    if layer in asked.keep:
        asked.kept[layer] = vectors.clone()
    output = own(*args, **kwargs)
    kind.members = len(output) if isinstance(output, tuple) else 0
    return output


def _with(args: Sequence[Any], old: torch.Tensor, new: torch.Tensor) -> list[Any]:
    return [new if one is old else one for one in args]


def _with_named(kwargs: dict[str, Any], old: torch.Tensor, new: torch.Tensor) -> dict[str, Any]:
    return {name: new if one is old else one for name, one in kwargs.items()}
