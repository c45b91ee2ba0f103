"""What a click on a head needs: its weights, or its layer's queries, keys and values, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from dashboard.capture.model import AttentionModel
from dashboard.capture.visit import Block, visit
from dashboard.heads.head_id import HeadId
from dashboard.text.encoding import Encoding


class _Keep:
    """Visitor: the whole maps of a few heads of one text, n × m where its n tokens look at m."""

    two_texts = True

    def __init__(self, n: int, m: int, heads: Sequence[HeadId]):
        self.shape = n, m
        self.maps = {head: np.zeros(self.shape, np.float32) for head in heads}
        self.masks: dict[HeadId, np.ndarray] = {}  # one for all heads of a layer, unless each has its own

    def block(self, block: Block) -> None:
        if block.allowed is not None:
            first, *others = block.ids
            own = block.call is not None and block.call.mask is not None and block.call.mask.shape[1] > 1
            for head in block.ids if own else (first,):
                allowed = _allowed(block, head) if own else block.allowed
                mask = self.masks.setdefault(head, np.zeros(self.shape, bool))
                mask[block.rows, : allowed.shape[-1]] = allowed.cpu().numpy()
            if not own:
                self.masks |= dict.fromkeys(others, self.masks[first])
        for head, of_head in zip(block.ids, block.weights, strict=True):
            weights = of_head.cpu().numpy()
            self.maps[head][block.rows, : weights.shape[-1]] = weights


def _allowed(block: Block, head: HeadId) -> torch.Tensor:
    """What this head lets the block's rows see, of a layer whose heads do not see the same: bool (rows, keys)."""
    seen = None if block.call is None else block.call.allowed(block.rows, head.head)
    assert seen is not None  # it has a mask
    return seen[0]


class _KeepParts:
    """Visitor: queries, keys and values of one layer of one text."""

    wants_qkv = True
    parts: tuple[np.ndarray, np.ndarray, np.ndarray]

    def block(self, block: Block) -> None:
        if block.rows.start == 0:
            assert block.q is not None and block.k is not None and block.v is not None  # asked for: wants_qkv
            q, k, v = (part.cpu().numpy().copy() for part in (block.q, block.k, block.v))
            self.parts = q, k, v


def head_weights(model: AttentionModel, encoding: Encoding, heads: Sequence[HeadId]) -> list[np.ndarray]:
    """The attention weights of some heads, in the order asked.

    Each is float32 (n, n), of cross attention (n, m) over the m tokens of its source: row i is where token i looks, in
    [0, 1]; rows sum to 1 (to less where the model has a
    learned sink, whose share is the rest). Only these heads' weights are computed, and nothing after the last layer
    asked for. Raises UserError for a head that the model does not have.
    """
    return [weights for weights, _ in head_maps(model, encoding, heads)]


def head_maps(
    model: AttentionModel, encoding: Encoding, heads: Sequence[HeadId]
) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """As `head_weights`, each with what its layer lets a token see: bool (n, n), where that does not follow from the
    model being causal or not (a sliding window), else None."""
    n = len(encoding)
    keep = _Keep(n, n if model.source_text is None else len(model.source_text), heads)
    visit(model, encoding, keep, heads=heads)
    return [(keep.maps[head], keep.masks.get(head)) for head in heads]


def qkv(model: AttentionModel, encoding: Encoding, layer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Queries, keys and values of all heads of a layer, as they enter the dot product (after rotary positions).

    Each is float32 (heads, n, d); keys and values that heads share are repeated. Raises UserError for a layer that
    the model does not have, and for a model whose queries and keys cannot be told.
    """
    keep = _KeepParts()
    visit(model, encoding, keep, layers=[layer])
    return keep.parts
