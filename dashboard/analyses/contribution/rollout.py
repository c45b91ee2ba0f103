"""Attention rollout: how much of each token's vector comes from each token, through several layers (METRICS §6)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from dashboard.capture import AttentionModel, Block, visit
from dashboard.capture.residual_stream import both_attentions
from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId, Part
from dashboard.heads.make_view import make_view, visible_positions
from dashboard.heads.map_axis import MapAxis
from dashboard.heads.pooling import hide_special
from dashboard.heads.view import HeadView
from dashboard.text.encoding import Encoding, Special


@dataclass(frozen=True, order=True)
class LayerRange:
    """Layers from the first to the last, both included, counted from 0. part: "decoder" of one that has an encoder"""

    first: int
    last: int
    part: Part = ""

    def __str__(self) -> str:
        letter = HeadId(self.first, 0, self.part).letter
        return f"Rollout {letter}{self.first}" + (f" to {letter}{self.last}" if self.last > self.first else "")


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

    Of a decoder that has an encoder it is `rollout_from_source`, with the source's tokens and the target's as columns.
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
    if model.given is not None:
        return _from_both(model, encoding, LayerRange(first, last, "decoder"), special)
    view = make_view(
        _rolled(model, encoding, range(first, last + 1)).cpu().numpy(),
        HeadId(last, 0),
        encoding,
        special=special,
        causal=model.causal,
        model=model.title,
        name=model.name,
        revision=model.revision,
    )
    return replace(view, head=LayerRange(first, last), measure="rollout")


def rollout_from_source(model: AttentionModel, encoding: Encoding, layers: range) -> np.ndarray:
    """How much of each target token's vector comes from each token of the source and of the target: float32 (n, m + n).

    model: a decoder, or its cross attention, with its source of m tokens; layers: of the decoder. With S_l and C_l the
    mean over heads of self attention (n, n) and of cross attention (n, m), and E the rollout of the encoder through all
    of its layers (m, m):

        R_0 = [0 | I],   R' = ½ · S_l · R + ½ · R,   R_l = ½ · C_l · [E | 0] + ½ · R'

    Each addition to the stream counts half, as in the rollout of one text. Rows sum to 1.
    """
    assert model.whole is not None and model.given is not None
    encoder, source = model.whole.parts["encoder"], model.given.source
    decoder, cross = both_attentions(model)
    m, n = len(source), len(encoding)
    through = _rolled(encoder, source, range(encoder.layers)).double()
    own, other = _Means(n, n), _Means(n, m)
    visit(decoder, encoding, own, layers=layers)
    visit(cross, encoding, other, layers=layers)
    result = torch.cat([torch.zeros(n, m), torch.eye(n)], 1).double()
    for layer in layers:
        result = (own.of[layer].double() @ result + result) / 2
        result[:, m:] /= 2
        result[:, :m] = (other.of[layer].double() @ through + result[:, :m]) / 2
    return result.float().numpy()


class _Means:
    """Visitor: the mean over heads of each layer, (n, m)."""

    two_texts = True

    def __init__(self, n: int, m: int):
        self.shape = n, m
        self.of: dict[int, torch.Tensor] = {}

    def block(self, block: Block) -> None:
        mean = self.of.setdefault(block.layer, torch.zeros(self.shape))
        mean[block.rows, : block.weights.shape[-1]] = block.weights.float().mean(0).cpu()


def _rolled(model: AttentionModel, encoding: Encoding, layers: range) -> torch.Tensor:
    rolling = Rolling(len(encoding))
    visit(model, encoding, rolling, layers=layers)
    assert rolling.result is not None  # a range has one layer or more
    return rolling.result.cpu()


def _from_both(model: AttentionModel, encoding: Encoding, which: LayerRange, special: Special) -> HeadView:
    """`rollout_from_source` as a view: rows are the target's tokens, columns the source's and then the target's."""
    assert model.given is not None
    source = model.given.source
    weights = rollout_from_source(model, encoding, range(which.first, which.last + 1))
    axes = source.axis("tokens"), encoding.axis("tokens")
    looks, seen = visible_positions(axes[1], special), visible_positions(axes[0], special)
    if special == "hide":
        weights = hide_special(weights, axes[1].special, (*axes[0].special, *axes[1].special))
    queries, first = MapAxis.of(axes[1], looks), MapAxis.of(axes[0], seen)
    mask = np.concatenate([np.ones((len(looks), len(seen)), bool), np.tri(len(looks), dtype=bool)], 1)
    return HeadView(
        head=which,  # type: ignore[arg-type]  # stands for a head's name, as in every rollout
        weights=weights,
        queries=queries,
        keys=first.before(queries),
        unit="tokens",
        hidden=special,
        causal=False,
        text=source.text,
        model=model.title,
        mask=mask,
        choices=mask.sum(1),
        measure="rollout",
        name=model.name,
        revision=model.revision,
        target=encoding.text,
        source=source.text,
    )


def mostly_special(view: HeadView) -> str:
    """A remark on the share of special tokens and how to hide them, if they have at least half; else "".

    The mean over the rows that count (METRICS §1).
    """
    special = np.asarray(view.keys.special, bool)
    rows = view.weights[view.counted]
    share = float(rows[:, special].sum(1).mean()) if len(rows) else 0.0
    if share < 0.5:
        return ""
    return (
        f"Special tokens have {percent(share)}, so the other tokens look pale. “Hide and renormalise” under "
        "“Options” leaves them out."
    )
