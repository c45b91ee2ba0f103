"""What a layer makes of its heads' joined outputs before it adds them to the stream: a factor, found by running it."""

from __future__ import annotations

import threading
from dataclasses import replace
from weakref import WeakKeyDictionary

import torch

from dashboard.capture.find_layers import PROBE_TOKENS
from dashboard.capture.layer_trace import LayerRun, watch_layers
from dashboard.capture.model import AttentionModel
from dashboard.capture.residual_stream import ROUNDING, Step, follow
from dashboard.errors import UserError
from dashboard.heads.head_id import Part
from dashboard.text.encoding import Encoding

_found: WeakKeyDictionary[torch.nn.Module, dict[Part, tuple[float, ...]]] = WeakKeyDictionary()
_lock = threading.Lock()


class _Ends:
    """Follower: what each layer's attention, or its cross attention, adds to the first and the last token."""

    def __init__(self, cross: bool) -> None:
        self.cross = cross
        self.added: list[torch.Tensor] = []
        self.normalises = False

    def step(self, step: Step) -> None:
        added = step.cross_attention if self.cross else step.attention
        assert added is not None  # a decoder with a source has it
        self.added.append(added[[0, -1]])
        self.normalises |= float(step.normalisation.norm()) > ROUNDING * float((step.after - step.before).norm())


def factors(model: AttentionModel, encoding: Encoding) -> tuple[float, ...]:
    """By layer, what its output projection's result is multiplied with before it is added to the stream (L).

    1 in most models; Granite has another. Found once for each model, on the first tokens of any text. Raises UserError
    where a head's part cannot be told apart: no output projection is seen, or a norm comes after it (Gemma 2), or the
    layer normalises the stream itself (GPT), so that what a head adds does not stay as it is.
    """
    root = model.loaded.model
    with _lock:
        of_parts = _found.setdefault(root, {})
        if model.part not in of_parts:
            of_parts[model.part] = _by_layer(model, replace(encoding, ids=encoding.ids[:PROBE_TOKENS]))
        return of_parts[model.part]


def _by_layer(model: AttentionModel, encoding: Encoding) -> tuple[float, ...]:
    ends = _Ends(model.part == "cross")
    follow(model, encoding, ends)
    if ends.normalises:
        raise _mixed(model)
    found: list[float] = []

    def receive(run: LayerRun) -> None:
        if run.output is None:
            raise UserError(
                f"The output projection of layer {run.number} of {model.title} cannot be seen, so neither can what a "
                "head writes. Choose another model for this."
            )
        joined, added = run.output[[0, -1]].double(), ends.added[run.number].double()
        factor = float((joined * added).sum() / (joined * joined).sum().clamp(min=1e-300))
        if float((added - factor * joined).abs().max()) > ROUNDING * float(added.abs().max()):
            raise _mixed(model)
        found.append(1.0 if abs(factor - 1) < ROUNDING else factor)

    watch_layers(model, encoding, receive)
    return tuple(found)


def _mixed(model: AttentionModel) -> UserError:
    return UserError(
        f"{model.title} normalises what its heads add, so one head's part does not reach the predictions as it is. "
        "Choose another model for this."
    )
