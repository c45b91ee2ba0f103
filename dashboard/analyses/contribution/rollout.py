"""Attention rolled out over layers: from where, through all of them, a token's vector may come (METRICS §6)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from dashboard.capture import AttentionModel, Block, visit
from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import HeadView, make_view
from dashboard.text.encoding import Encoding, Special


@dataclass(frozen=True, order=True)
class LayerRange:
    """Layers from the first to the last, both counted from 0 and both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"Rollout L{self.first}" + (f" to L{self.last}" if self.last > self.first else "")


class Rolling:
    """Visitor: R = Â_last · … · Â_first with Â = ½ · mean over heads of A + ½ · I, later layers on the left.

    Two n × n matrices are held, whatever the number of layers. After the pass `result` is R, float32 (n, n).
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
    """R over a range of layers, first and last included (None for all), as a view of the tokens.

    The product is of all tokens; special "hide" leaves the special ones out of R and divides each row by what is left.
    Rows sum to 1; where layers have learned sinks, to what is not lost in them. Raises UserError for a range that the
    model does not have.
    Source: Abnar & Zuidema 2020, "Quantifying attention flow in transformers".
    """
    model.check_every_layer("Attention rolled out over layers")
    first, last = (0, model.layers - 1) if layers is None else layers
    if not 0 <= first <= last < model.layers:
        raise UserError(
            f"{model.title} has layers 0 to {model.layers - 1}. Choose a first one and a last one that is not before "
            f"it, like {min(1, model.layers - 1)} and {model.layers - 1}."
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
    """Where special tokens have most of what comes through: how much, and how to see the rest. Else nothing.

    The mean over the rows that count (METRICS §1).
    """
    special = np.asarray(view.special, bool)
    rows = view.weights[view.counted]
    share = float(rows[:, special].sum(1).mean()) if len(rows) else 0.0
    if share < 0.5:
        return ""
    return (
        f"Special tokens have {percent(share)} of what comes through, so little ink is left for the others. “Hide and "
        "renormalise” on the left divides each row by what is left without them."
    )
