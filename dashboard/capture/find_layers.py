"""Which modules are a model's layers: found by running it, not by names."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import torch

from dashboard.capture import tap
from dashboard.capture.attention_call import Heads
from dashboard.capture.maps import own_mixes, said_by
from dashboard.capture.model import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.head_id import Part
from dashboard.text.encoding import Encoding

NEVER = 10**6  # more layers than any model has: the tap itself never ends the pass
PROBE_TOKENS = 8

# A model's layers, found once. Models are compared by identity, and forgotten with the model.
_found: WeakKeyDictionary[torch.nn.Module, tuple[torch.nn.Module, ...]] = WeakKeyDictionary()
_lock = threading.Lock()


def blocks_of(model: AttentionModel, encoding: Encoding) -> tuple[torch.nn.Module, ...]:
    """The modules that are the model's layers, each once.

    A layer is the outermost module that calls attention just once (of a decoder that has an encoder its own attention)
    and gives vectors of the shape that it takes. One module may be several layers (ALBERT).
    """
    root = model.loaded.model
    if root in _found:
        return _found[root]
    ids = torch.tensor([encoding.ids[:PROBE_TOKENS]], device=next(root.parameters()).device)
    stack: list[tuple[torch.Tensor | None, list[int]]] = []
    layer_of: dict[int, torch.nn.Module] = {}

    def enters(_module: torch.nn.Module, args: tuple, kwargs: dict) -> None:
        stack.append((vectors_in([*args, *kwargs.values()]), []))

    def leaves(module: torch.nn.Module, _args: tuple, output: Any) -> None:
        given, layers = stack.pop()
        taken = vectors_in(output if isinstance(output, tuple | list) else [output])
        if len(layers) == 1 and given is not None and taken is not None and given.shape == taken.shape:
            layer_of[layers[0]] = module

    def runs(layer: int, *_rest: object) -> None:
        for _, layers in stack:
            layers.append(layer)

    def mixed(layer: int, _said: torch.Tensor, part: Part) -> None:
        if part == model.part:
            runs(layer)

    inside, mixes = tuple(module for module in root.modules() if module is not root), own_mixes(model)
    own = nullcontext() if mixes is None else said_by(model, mixes, ids.shape[1], mixed)
    with hooked(inside, enters, leaves), tap.listening(one_head_of(model, runs)), own:
        model.run(ids)
    if len(layer_of) < len(model.numbers):
        raise inseparable(model)
    _found[root] = tuple(dict.fromkeys(layer_of.values()))
    return _found[root]


def one_head_of(model: AttentionModel, receive: tap.Receive) -> tap.Request:
    """A request for the first head of every layer, in a pass that runs to its end."""
    heads: dict[int, Heads] = {**dict.fromkeys(model.numbers, (0,)), NEVER: ()}
    return tap.Request(heads, receive, numbers=model.calls)


def vectors_in(given: Sequence[Any]) -> torch.Tensor | None:
    """The first of these that holds a vector for each token: (1, n, D)."""
    for one in given:
        if isinstance(one, torch.Tensor) and one.is_floating_point() and one.dim() == 3:
            return one
    return None


@contextmanager
def hooked(modules: Sequence[torch.nn.Module], enters: Any, leaves: Any) -> Iterator[None]:
    """Within this context, and in this thread only, `enters` and `leaves` are called when one of the modules runs. What
    `leaves` gives takes the place of the output, unless it is None."""
    mine = threading.get_ident()

    def before(module: torch.nn.Module, args: tuple, kwargs: dict) -> None:
        if threading.get_ident() == mine:
            enters(module, args, kwargs)

    def after(module: torch.nn.Module, args: tuple, output: Any) -> Any:
        return leaves(module, args, output) if threading.get_ident() == mine else None

    with _lock:
        handles = [module.register_forward_pre_hook(before, with_kwargs=True) for module in modules]
        handles += [module.register_forward_hook(after) for module in modules]
    try:
        yield
    finally:
        with _lock:
            for handle in handles:
                handle.remove()


def inseparable(model: AttentionModel) -> UserError:
    """What a person reads where a model's layers are not understood."""
    return UserError(
        f"What the layers of {model.title} add to its vectors cannot be measured. Choose another model for this."
    )
