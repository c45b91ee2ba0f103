"""Value-weighted norms: how much a head carries over from each token (METRICS §6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from dashboard.builtin.grouped_heads import share_heads
from dashboard.capture import AttentionModel
from dashboard.capture.layer_trace import LayerRun, watch_layers
from dashboard.capture.maps.mixed_layers import MixedLayer, watch_mixes
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.heads.make_view import view_in, visible_positions
from dashboard.heads.pooling import Pooling
from dashboard.heads.view import HeadView
from dashboard.text.encoding import Encoding, Special, Unit


@dataclass(frozen=True, eq=False)
class WeightedValues:
    """The weights and projected values of one head over n tokens, or of n tokens to m of another text.

    Attributes
    ----------
    weights: A, float32 (n, m)
    projected: v_j W_O for each token j, with this head's slice of the output projection, float32 (m, D). It includes
        the bias of the value but not of the output: weights @ projected, summed over the heads, plus the output's bias
        is the layer's output
    mask: bool (n, m), which tokens a token may see; None if that follows from the model being causal or not
    """

    weights: np.ndarray
    projected: np.ndarray
    mask: np.ndarray | None


@torch.inference_mode()
def weighted_values(run: LayerRun | MixedLayer, head: int) -> WeightedValues:
    """The weights and projected values of one head (from 0) of a layer. Its output projection must be known."""
    w_o = run.w_o
    assert w_o is not None
    if isinstance(run, MixedLayer):
        values = run.values[head]
        return WeightedValues(run.weights[head].float().cpu().numpy(), _projected(values, w_o, head), None)
    call = run.call
    n, m, heads = call.q.shape[2], call.k.shape[2], call.q.shape[1]
    weights = np.zeros((n, m), np.float32)
    for rows in call.blocks(heads=(head,)):
        block = call.weights(rows, (head,))[0, 0]
        weights[rows, : block.shape[-1]] = block.cpu().numpy()
    values = share_heads(call.v[0], heads)[head]
    allowed = call.allowed(slice(0, n))
    mask = None
    if allowed is not None:
        mask = np.zeros((n, m), bool)
        mask[:, : allowed.shape[-1]] = allowed[0].cpu().numpy()
    return WeightedValues(weights, _projected(values, w_o, head), mask)


def _projected(values: torch.Tensor, w_o: torch.Tensor, head: int) -> np.ndarray:
    """Values (m, d) through a head's slice of the output projection (h·d, D): (m, D)."""
    d = values.shape[-1]
    return (values @ w_o[head * d : (head + 1) * d]).float().cpu().numpy()


def contribution(
    weights: np.ndarray, projected: np.ndarray, pooling: Pooling, queries: Pooling | None = None
) -> np.ndarray:
    """‖A[i, j] v_j W_O‖₂ between the positions of an axis, or from those of another: float32 (queries, keys), at least
    0, without an upper bound.

    weights (n, m), projected (m, D) as in `WeightedValues`. pooling: of the keys; queries: of the queries, where they
    are another text's. For a word of several tokens, the vectors of the
    key's tokens are summed and those of the query's tokens averaged, both before taking the norm.
    Source: Kobayashi et al. 2020, "Attention is not only a weight".
    """
    looks = pooling if queries is None else queries
    rows = np.add.reduceat(weights[looks.order].astype(np.float64), looks.starts, axis=0) / looks.sizes[:, None]
    projected = projected.astype(np.float64)
    first = pooling.order[pooling.starts]
    found = np.abs(rows[:, first]) * np.linalg.norm(projected[first], axis=1)
    for place in np.flatnonzero(pooling.sizes > 1):
        tokens = pooling.order[pooling.starts[place] :][: pooling.sizes[place]]
        found[:, place] = np.linalg.norm(rows[:, tokens] @ projected[tokens], axis=1)
    return found.astype(np.float32)


def contribution_views(
    model: AttentionModel,
    encoding: Encoding,
    heads: Sequence[HeadId],
    *,
    unit: Unit = "tokens",
    special: Special = "show",
    full: float = 0.0,
) -> list[HeadView]:
    """The contributions of some heads as views, in the given order, in one forward pass.

    `full` is the same in all views: a round number, at least the largest norm and at least the one given. Rows without
    special tokens are not renormalised, since a norm is not a share. Raises UserError as `make_view` does, and if the
    output projection of the model cannot be identified.
    """
    axis = encoding.axis(unit)
    keys = axis if model.source_text is None else model.source_text.axis(unit)
    looks, pooling = Pooling.of(axis), Pooling.of(keys)
    visible, seen = (visible_positions(one, special) for one in (axis, keys))
    found: dict[HeadId, HeadView] = {}

    def receive(run: LayerRun | MixedLayer) -> None:
        if run.w_o is None:
            raise UserError(
                f"{model.title} does not show the output projection of single heads, so their contributions cannot "
                "be measured. Look at weights, or choose another model."
            )
        for head in {head for head in heads if head.layer == run.number}:
            one = weighted_values(run, head.head)
            view = view_in(model, encoding, head, one.weights, unit=unit, special=special, mask=one.mask)
            values = contribution(one.weights, one.projected, pooling, looks)
            found[head] = replace(view, weights=values[np.ix_(visible, seen)], measure="contribution")

    watch = watch_mixes if model.route == "eager" else watch_layers
    watch(model, encoding, receive, {head.layer for head in heads})
    largest = max((float(view.weights.max()) for view in found.values()), default=1.0)
    return [replace(found[head], full=round_number(max(largest, full))) for head in heads]


def round_number(value: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is at least the value; 1 for 0."""
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(float(f"{step * power:.1g}") for step in (1, 2, 5, 10) if step * power >= value * (1 - 1e-9))
