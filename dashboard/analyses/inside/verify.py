"""Check that the built-in attention matches the model's own, number by number."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from dashboard.builtin.attention import multi_head
from dashboard.builtin.grouped_heads import join_heads
from dashboard.capture.layer_trace import LayerRun

AT_ONCE = 2**22  # weights of all heads together, 16 MB: up to here `multi_head` runs in one call
TOLERANCE = 1e-4  # a larger difference is more than rounding


@dataclass(frozen=True)
class Check:
    """The differences between the built-in attention and a model's own in one layer: 0 if all bits agree, infinite if
    either has a NaN.

    Attributes
    ----------
    layer: the layer, from 0
    begins: "x" if we begin with the layer's input, "q, k, v" if its projections cannot be identified
    weights: the largest |ours − the model's| over all heads, rows and keys; weights are in [0, 1]
    output: the largest |ours − the model's| over all numbers after the output projection; NaN, as `size` is too, if
        there is none to be seen
    size: the largest |number| of the model's own output, to compare `output` with
    """

    layer: int
    begins: str
    weights: float
    output: float
    size: float

    @property
    def holds(self) -> bool:
        unseen = math.isnan(self.output) and math.isnan(self.size)
        return self.weights <= TOLERANCE and (unseen or self.output <= TOLERANCE)


@dataclass(frozen=True, eq=False)
class Layerwise:
    """The built-in attention of a whole layer: every head's result, and its differences from the model's own.

    Attributes
    ----------
    joined: the heads' mixed values side by side (n, h·d)
    output: joined · W_O + b_O (n, D); None if there is no output projection to be seen
    check: the comparison
    at_once: whether it comes from one call of `multi_head`, not from blocks of rows
    """

    joined: torch.Tensor
    output: torch.Tensor | None
    check: Check
    at_once: bool


def check(run: LayerRun) -> Check:
    """Compare the built-in attention of a layer with the model's own. See `whole_layer`."""
    return whole_layer(run).check


@torch.inference_mode()
def whole_layer(run: LayerRun) -> Layerwise:
    """The built-in attention of all heads of a layer, compared with the model's own.

    It is `multi_head` on the layer's input; for a long text, or a layer that does more than the one in the paper, the
    same lines a block of rows at a time. The model's weights are those of the library's eager attention; its output is
    that of its own output projection in the same pass.
    """
    parts, n = run.parts(), run.call.k.shape[2]
    heads = len(parts[0])
    at_once = run.output is not None and run.plain and heads * n * n <= AT_ONCE
    weights, blocks, steps = 0.0, list[torch.Tensor](), None
    if at_once and run.x is not None and run.layer is not None:
        steps = multi_head(run.x, run.layer, run.mask(slice(None), *parts[:2]))
    for rows in run.blocks():
        if steps is not None:
            mine = steps.weights[:, rows]
        else:
            ours = run.attend(parts, rows)
            blocks.append(join_heads(ours.mixed))
            mine = ours.weights[..., :n]
        weights = max(weights, _apart(mine, run.own(rows)[0]))
    joined, output = (None, None) if steps is None else (steps.joined, steps.output)
    joined, begins = torch.cat(blocks) if joined is None else joined, "q, k, v" if run.layer is None else "x"
    if run.output is None or run.w_o is None:
        return Layerwise(joined, None, Check(run.number, begins, weights, float("nan"), float("nan")), at_once)
    if output is None:
        output = joined @ run.w_o + run.b_o
    apart, size = _apart(output, run.output), float(run.output.abs().max())
    return Layerwise(joined, output, Check(run.number, begins, weights, apart, size), at_once)


def _apart(a: torch.Tensor, b: torch.Tensor) -> float:
    difference = float((a - b).abs().max())
    return float("inf") if difference != difference else difference
