"""Attention rollout: how much of each token's vector comes from each token, through several layers (METRICS §6)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from dashboard.capture import AttentionModel, Block, visit
from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId
from dashboard.heads.make_view import make_view
from dashboard.heads.view import HeadView
from dashboard.text.encoding import Encoding, Special


@dataclass(frozen=True, order=True)
class LayerRange:
    """Layers from the first to the last, both included, counted from 0."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"Rollout L{self.first}" + (f" to L{self.last}" if self.last > self.first else "")


class Rolling:
    """Visitor: R = Â_last · … · Â_first with Â = ½ · mean over heads of A + ½ · I, later layers on the left.

    It keeps two n × n matrices, whatever the number of layers. After the pass `result` is R, float32 (n, n).
    """

    def __init__(self, n: int):
        self.result: torch.Tensor | None = None
        self._n = n
        self._mean: torch.Tensor | None = None

    def block(self, block: Block) -> None:
        weights = block.weights.float()
        if self._mean is None:
            self._mean = weights.new_zeros(self._n, self._n)
        self._mean[block.rows, : weights.shape[-1]] = weights.mean(0)
        if block.rows.stop == self._n:
            mixed = (self._mean + torch.eye(self._n, device=weights.device)) / 2
            self.result = mixed if self.result is None else mixed @ self.result
            self._mean = None


def rollout_view(
    model: AttentionModel, encoding: Encoding, layers: tuple[int, int] | None = None, *, special: Special = "show"
) -> HeadView:
    """Rollout R over a range of layers, first and last included (None for all), as a view of the tokens.

    The product is over all tokens; special "hide" leaves the special ones out of R and renormalises each row. Rows sum
    to 1, or with learned sinks to what the sinks leave. Raises UserError for a range that the model does not have.
    Source: Abnar & Zuidema 2020, "Quantifying attention flow in transformers".
    """
    model.check_every_layer("Attention rolled out over layers")
    first, last = (0, model.layers - 1) if layers is None else layers
    if not 0 <= first <= last < model.layers:
        raise UserError(
            f"{model.title} has layers 0 to {model.layers - 1}. Choose a first layer and a last one that is not "
            f"before it, like {min(1, model.layers - 1)} and {model.layers - 1}."
        )
    rolling = Rolling(len(encoding))
    visit(model, encoding, rolling, layers=range(first, last + 1))
    assert rolling.result is not None  # a range has one layer or more
    view = make_view(
        rolling.result.cpu().numpy(),
        HeadId(last, 0),
        encoding,
        special=special,
        causal=model.causal,
        model=model.title,
        name=model.name,
        revision=model.revision,
    )
    return replace(view, head=LayerRange(first, last), measure="rollout")


def mostly_special(view: HeadView) -> str:
    """A remark on the share of special tokens and how to hide them, if they have at least half; else "".

    The mean over the rows that count (METRICS §1).
    """
    special = np.asarray(view.special, bool)
    rows = view.weights[view.counted]
    share = float(rows[:, special].sum(1).mean()) if len(rows) else 0.0
    if share < 0.5:
        return ""
    return (
        f"Special tokens have {percent(share)}, so the other tokens look pale. “Hide and renormalise” under "
        "“Reading” leaves them out."
    )
