"""Which modules of a layer give what its attention and its feed-forward part add to the stream.

Found by running the model: a module whose result is, up to a factor, what was seen to be added (`residual_stream`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from dashboard.capture.find_layers import PROBE_TOKENS, blocks_of, hooked
from dashboard.capture.model import AttentionModel
from dashboard.capture.residual_stream import ROUNDING, Step, follow
from dashboard.errors import UserError
from dashboard.text.encoding import Encoding

_found: WeakKeyDictionary[torch.nn.Module, Mapping[int, Writers]] = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Writers:
    """The modules of one layer whose results are added to the stream.

    Attributes
    ----------
    attention: its result, times `factor`, is what all heads add
    factor: 1 in most models; Granite has another
    feed_forward: its result is, up to a factor, what the feed-forward part adds
    """

    attention: torch.nn.Module
    factor: float
    feed_forward: torch.nn.Module


class _Steps:
    """Follower: what each layer adds."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def step(self, step: Step) -> None:
        self.steps.append(step)

    @property
    def normalises(self) -> bool:
        """Whether a layer normalises the stream itself."""
        return any(
            float(one.normalisation.norm()) > ROUNDING * float((one.after - one.before).norm()) for one in self.steps
        )


def writers(model: AttentionModel, encoding: Encoding) -> Mapping[int, Writers]:
    """By layer, what writes to the stream; found once for each model, on the first tokens of any text.

    Raises UserError where a part cannot be told apart: a layer normalises the stream itself (GPT), has no attention, or
    adds what no module of its own gives.
    """
    root = model.loaded.model
    with _lock:
        if root not in _found:
            _found[root] = _find(model, replace(encoding, ids=encoding.ids[:PROBE_TOKENS]))
        return _found[root]


@torch.inference_mode()
def _find(model: AttentionModel, encoding: Encoding) -> Mapping[int, Writers]:
    seen = _Steps()
    follow(model, encoding, seen)
    if seen.normalises:
        raise UserError(
            f"{model.title} normalises the stream between its layers, so one part of it does not reach the logits as "
            "it is. Choose another model for this."
        )
    blocks, steps = blocks_of(model, encoding), {step.layer: step for step in seen.steps}
    begun = -1
    attention: dict[int, tuple[torch.nn.Module, float]] = {}
    forward: dict[int, torch.nn.Module] = {}

    def enters(module: torch.nn.Module, _args: tuple, _kwargs: dict) -> None:
        nonlocal begun
        begun += module in blocks

    def leaves(module: torch.nn.Module, _args: tuple, output: Any) -> None:
        given = vectors_of(output)
        if module in blocks or not 0 <= begun < len(model.numbers) or given is None:
            return
        layer = model.numbers[begun]
        step = steps[layer]
        if layer not in attention and (factor := _factor(given, step.attention)) is not None:
            attention[layer] = module, factor
        elif layer in attention and layer not in forward and _factor(given, step.feed_forward) is not None:
            forward[layer] = module

    inside = tuple(dict.fromkeys(module for block in blocks for module in block.modules()))
    with hooked(inside, enters, leaves):
        model.run(torch.tensor([encoding.ids], device=next(model.loaded.model.parameters()).device))
    if not set(model.numbers) == attention.keys() == forward.keys():
        raise UserError(
            f"Some parts that the layers of {model.title} add to its vectors come from no module of their own, so they "
            "cannot be separated. Choose another model for this."
        )
    return {layer: Writers(*attention[layer], forward[layer]) for layer in model.numbers}


def vectors_of(output: Any) -> Tensor | None:
    """The vectors that a module gives: its result, or the first member of it."""
    first = output[0] if isinstance(output, tuple | list) and output else output
    return first if isinstance(first, Tensor) and first.is_floating_point() and first.dim() >= 2 else None


def _factor(given: Tensor, added: Tensor) -> float | None:
    """What a result must be multiplied with to be what is added (n, D); None where no number does it."""
    if given.numel() != added.numel() or given.shape[-1] != added.shape[-1]:
        return None
    given, added = given.reshape(added.shape).double(), added.double()
    factor = float((given * added).sum() / (given * given).sum().clamp(min=1e-300))
    most = float(added.abs().max())
    if most == 0:  # it adds nothing at all, as does a part that was taken out by hand
        return None if bool(given.any()) else 1.0
    if float((added - factor * given).abs().max()) > ROUNDING * most:
        return None
    return 1.0 if abs(factor - 1) < ROUNDING else factor


def at_writers(
    modules: Mapping[int, torch.nn.Module], receive: Callable[[int, Tensor], Tensor | None], layers: Sequence[int]
) -> AbstractContextManager[None]:
    """Within it `receive` gets the result of each module as it runs: its layer, and the vectors; what it gives takes
    their place, unless it is None. modules: by layer; layers: those that run, in order"""
    left = [layer for layer in layers if layer in modules]

    def leaves(module: torch.nn.Module, _args: tuple, output: Any) -> Any:
        given, layer = vectors_of(output), left.pop(0)
        assert given is not None and modules[layer] is module
        new = receive(layer, given)
        if new is None:
            return None
        return type(output)([new, *output[1:]]) if isinstance(output, tuple | list) else new

    def enters(*_: object) -> None:
        """Nothing happens before."""

    return hooked(tuple(dict.fromkeys(modules[layer] for layer in left)), enters, leaves)
