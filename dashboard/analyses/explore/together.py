"""Several heads at once: the mean, the sum or the maximum of their attention, and how far they are from their mean.

One pass, a block of rows at a time: whatever the number of heads, two maps of the drawn positions are held.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from dashboard.capture import AttentionModel, Block, visit
from dashboard.heads.head_group import MEASURES, HeadGroup
from dashboard.heads.head_id import HeadId
from dashboard.heads.make_view import view_in, visible_positions
from dashboard.heads.pooling import Pooling, renormalised
from dashboard.heads.view import HeadView
from dashboard.text.encoding import Encoding, Special, Unit


class Together:
    """Visitor: sums heads over the positions that are drawn, each pooled to words and renormalised as its own view is.

    Attributes
    ----------
    total: Σ over heads, float32 (m, k); largest: the maximum over heads, None where not asked for
    entropy: Σ over heads of the entropy of each row, in bits (m); what a row has less than 1 counts as one key more
    masks: for each layer that has a mask of its own, what its tokens may see; layers: those that were visited
    """

    two_texts = True

    def __init__(self, rows: Pooling, keys: Pooling, looks: Sequence[int], seen: Sequence[int], special: Special, most):
        """rows, keys: how tokens make up positions; looks, seen: the positions that are drawn; most: whether `largest`
        is asked for"""
        self.total = np.zeros((len(looks), len(seen)), np.float32)
        self.largest = np.zeros_like(self.total) if most else None
        self.entropy = np.zeros(len(looks))
        self.masks: dict[int, np.ndarray] = {}
        self.layers: set[int] = set()
        self._rows, self._keys, self._seen, self._hide = rows, keys, np.asarray(seen, int), special == "hide"
        self._place = np.full(len(rows.sizes), -1)
        self._place[np.asarray(looks, int)] = np.arange(len(looks))
        self._of_token = np.empty(len(rows.order), int)
        self._of_token[rows.order] = np.repeat(np.arange(len(rows.sizes)), rows.sizes)
        self._open: dict[int, tuple[np.ndarray, int]] = {}  # a word that began in an earlier block of this layer

    def block(self, block: Block) -> None:
        if block.rows.start == 0:
            self._open.clear()
        self._note_mask(block)
        weights = block.weights.cpu().numpy()
        positions, rows = self._by_row(block.rows, self._by_key(weights))
        drawn = self._place[positions] >= 0
        at, keys = self._place[positions[drawn]], rows.shape[-1]
        rows = rows if drawn.all() else rows[:, drawn]
        if len(self._seen) < len(self._keys.sizes):
            rows, keys = rows[..., self._seen[self._seen < keys]], int((self._seen < keys).sum())
        of_heads = torch.from_numpy(renormalised(rows) if self._hide else rows)
        self.total[at, :keys] += of_heads.sum(0).numpy()
        if self.largest is not None:
            self.largest[at, :keys] = np.maximum(self.largest[at, :keys], of_heads.amax(0).numpy())
        self.entropy[at] += entropy(of_heads).sum(0).numpy()

    def _by_key(self, weights: np.ndarray) -> np.ndarray:
        """From tokens to positions along the columns: (heads, rows, keys) → (heads, rows, positions). Where each token
        is a position, the future of a causal layer is left out as it was."""
        missing = len(self._keys.order) - weights.shape[-1]
        if missing and not self._keys.each_alone:
            weights = np.pad(weights, ((0, 0), (0, 0), (0, missing)))
        return self._keys.columns(weights)

    def _by_row(self, rows: slice, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The positions whose last token stands in these rows, and the mean over the rows of their tokens."""
        of, sizes = self._of_token[rows], self._rows.sizes
        if self._rows.each_alone:
            return of, weights
        order = np.argsort(of, kind="stable")
        starts = np.flatnonzero(np.diff(of[order], prepend=-1))
        positions, counts = of[order][starts], np.diff(starts, append=len(of))
        sums = np.add.reduceat(weights[:, order], starts, axis=1)
        whole = counts == sizes[positions]
        for k in np.flatnonzero(~whole):
            before, tokens = self._open.pop(int(positions[k]), (0, 0))
            sums[:, k] += before
            whole[k] = tokens + counts[k] == sizes[positions[k]]
            if not whole[k]:
                self._open[int(positions[k])] = sums[:, k].copy(), tokens + int(counts[k])
        return positions[whole], sums[:, whole] / sizes[positions[whole], None].astype(np.float32)

    def _note_mask(self, block: Block) -> None:
        self.layers.add(block.layer)
        if block.allowed is not None:
            shape = len(self._rows.order), len(self._keys.order)
            mask = self.masks.setdefault(block.layer, np.zeros(shape, bool))
            mask[block.rows, : block.allowed.shape[-1]] = block.allowed.cpu().numpy()

    @property
    def mask(self) -> np.ndarray | None:
        """What any of the layers lets a token see; None where that follows from the model being causal or not."""
        if self.layers - self.masks.keys() or not self.masks:
            return None
        return np.logical_or.reduce(list(self.masks.values()))


def entropy(rows: torch.Tensor) -> torch.Tensor:
    """Entropy of each row (…, k), in bits, float64; what it has less than 1 counts as one key more."""
    rest = (1 - rows.sum(-1, dtype=torch.float64)).clamp(min=0)
    nats = torch.special.entr(rows).sum(-1, dtype=torch.float64) + torch.special.entr(rest)
    return nats / math.log(2)


def together_view(
    model: AttentionModel, encoding: Encoding, group: HeadGroup, *, unit: Unit = "tokens", special: Special = "show"
) -> HeadView:
    """The heads of a group as one view, each cell the mean, the sum or the maximum of the cells of their own views.

    Its `head` is the group, with the divergence of the heads from their mean. `full` is 1, of a sum the number of
    heads. Raises UserError as `make_view` does.
    """
    rows = encoding.axis(unit)
    keys = rows if model.source_text is None else model.source_text.axis(unit)
    looks, seen = (visible_positions(one, special) for one in (rows, keys))
    found = Together(Pooling.of(rows), Pooling.of(keys), looks, seen, special, group.how == "max")
    visit(model, encoding, found, heads=group.heads)
    count = len(group.heads)
    mean = found.total / np.float32(count)
    view = view_in(
        model,
        encoding,
        HeadId(0, 0, group.part),
        np.zeros((len(encoding), len(model.source_text or encoding)), np.float32),
        unit=unit,
        special=special,
        mask=found.mask,
    )
    rows_that_count = replace(view, weights=mean).counted
    divergence = (entropy(torch.from_numpy(mean)).numpy() - found.entropy / count)[rows_that_count]
    weights = {"mean": mean, "sum": found.total, "max": found.largest}[group.how]
    bits = float(divergence.mean().clip(0, group.most)) if divergence.size else float("nan")
    return replace(
        view,
        head=replace(group, divergence=bits, rows=divergence.size),
        weights=weights,
        measure=MEASURES[group.how],
        full=float(count) if group.how == "sum" else 1.0,
    )
