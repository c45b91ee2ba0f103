"""All pattern scores of all heads in one forward pass (METRICS §1, but for induction), without n × n in memory.

Most scores are means over query rows of something linear in the weights, so a block of rows is first summed over its
rows (one matrix product, which also gives the rows of the thumbnails), and the scores follow from sums that are a
row long. Only the entropy needs every weight on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from dashboard.analyses.scores.scores import SCORES
from dashboard.analyses.scores.thumbnails import SIZE, column_sums, row_means
from dashboard.capture import Block
from dashboard.capture.attention_call import Scratch
from dashboard.heads.head_id import every_head, head_columns
from dashboard.text.encoding import Encoding

# Pairs of equal tokens are listed while a row has at most this many on average. In a text that repeats itself more
# than that the lists would grow with n², so a mask over the block is made each time instead.
PAIRS_PER_ROW = 64

# The smallest normal float32: a weight below it, times its logarithm, is nothing.
TINY = float(np.finfo(np.float32).tiny)

_SUMS = tuple(name for name in SCORES if name != "induction")


def queries(special: Sequence[bool], causal: bool) -> np.ndarray:
    """Which tokens' rows count in a score: bool (n). No special ones, and in a causal model not the first."""
    counted = ~np.asarray(special, bool)
    if causal and len(counted):
        counted[0] = False
    return counted


@dataclass(frozen=True, eq=False)
class _Plan:
    """What the scores need to know of a block of rows. It is the same in all layers with the same mask.

    left: (2 + t', rows) — ones for the rows that count, their places in the block, and for each row of the
        thumbnails that the block touches the mean over its rows
    counted: 1.0 for rows that count (rows)
    gaps: |i - j| within the square on the diagonal, 0 in rows that do not count (rows, square)
    share: 1 / number of allowed keys (rows)
    special: which of the keys are special tokens
    same: lists of the rows and the keys of all pairs of equal tokens, of rows that count; None where there are many
    same_rows: how many rows have such a pair
    first_bucket: the first row of the thumbnails that the block touches
    """

    left: torch.Tensor
    counted: torch.Tensor
    gaps: torch.Tensor
    share: torch.Tensor
    special: torch.Tensor
    same: tuple[torch.Tensor, torch.Tensor] | None
    same_rows: int
    first_bucket: int


class PatternScores:
    """Visitor for one text: every score of METRICS §1 but `induction`, and on request thumbnails, of all heads.

    Parameters
    ----------
    encoding: the text
    layers, heads, causal: of the model
    thumbnails: also reduce every map to t × t, t = min(32, n), see `thumbnails`
    between: of a sentence pair, the text whose tokens ask and the one whose tokens are keys, 0 and 1: rows are divided
        by what they give to these keys, and a score counts the rows whose key is among them

    After the visit, `table()` gives the scores, and `thumbnails` is float32 (layers, heads, t, t), or None. Extra
    memory is one block of weights and what grows linearly with n.
    """

    def __init__(
        self,
        encoding: Encoding,
        layers: int,
        heads: int,
        causal: bool,
        *,
        thumbnails: bool = True,
        between: tuple[int, int] | None = None,
    ):
        n = len(encoding)
        self.n, self.causal = n, causal
        self._counted, self._keys = queries(encoding.special, causal), np.ones(n, bool)
        self._part = between is not None
        if between is not None:
            segments = np.array(encoding.segments)
            self._keys = segments == between[1]
            seen = np.logical_or.accumulate(self._keys) if causal else self._keys.any()
            self._counted &= (segments == between[0]) & seen
        self._ids = np.asarray(encoding.ids)
        self._special = np.flatnonzero(np.asarray(encoding.special, bool))
        self._plans: dict[tuple[int, int, int], _Plan] = {}
        self._sums = np.zeros((len(_SUMS), layers, heads))
        self._same_rows = np.zeros(layers)
        self._means = row_means(n) if thumbnails else np.zeros((0, n), np.float32)
        self._buckets = torch.from_numpy(column_sums(n))
        t = min(SIZE, n)
        self.thumbnails = np.zeros((layers, heads, t, t), np.float32) if thumbnails else None
        self._scratch = Scratch()

    def table(self) -> pd.DataFrame:
        """A row per head: layer, head, then a column per score in the order of METRICS, `induction` left empty.

        A score without a row that counts is NaN.
        """
        _, layers, heads = self._sums.shape
        counted, keys = self._counted, self._keys
        rows = {name: np.full(layers, counted.sum()) for name in _SUMS}
        rows["self"] = np.full(layers, (counted & keys).sum())
        rows["first"] = np.full(layers, counted.sum() * keys[0])
        rows["previous"] = np.full(layers, (counted[1:] & keys[:-1]).sum())
        rows["next"] = np.full(layers, 0 if self.causal else (counted[:-1] & keys[1:]).sum())
        rows["same_token"] = self._same_rows
        table = head_columns(every_head(layers, heads))
        for name, score in SCORES.items():
            table[name] = np.full(layers * heads, np.nan)
            if name in rows:
                count = np.where(rows[name] > 0, rows[name], np.nan)[:, None]
                # A sum of float32 shares can pass the end of its range by its last digit.
                table[name] = (self._sums[_SUMS.index(name)] / count).ravel().clip(*score.range(self.n))
        return pd.DataFrame(table)

    def block(self, block: Block) -> None:
        weights = block.weights
        keys, start, device = weights.shape[2], block.rows.start, weights.device
        if self._part:
            weights = weights * torch.as_tensor(self._keys[:keys], dtype=weights.dtype, device=device)
            weights = weights / weights.sum(2, keepdim=True).clamp(min=TINY)
        plan = self._plan(block)
        sums = torch.matmul(plan.left, weights)
        received, placed = sums[:, 0].double(), sums[:, 1].double()  # Σ_i A[i, j] and Σ_i (i - start) A[i, j]

        # |i - j| is i - j left of the square on the diagonal and j - i right of it: both follow from the two sums.
        moved = torch.arange(keys, device=device) - start
        signed = placed - moved * received
        end = start + plan.gaps.shape[1]
        within = (weights[:, :, start:end] * plan.gaps).sum((1, 2))

        scratch = self._scratch.room(tuple(weights.shape), weights)
        torch.clamp(weights, min=TINY, out=scratch).log2_().mul_(weights)
        entropy = scratch.sum(2).neg_()  # (heads, rows)
        if plan.same is not None:
            same = weights[:, plan.same[0], plan.same[1]].sum(1)
        else:
            mask = torch.as_tensor(self._same(block), dtype=weights.dtype, device=device)
            same = torch.mul(weights, mask, out=scratch).sum((1, 2))
        found = {
            "self": _diagonal(weights, start, plan.counted),
            "previous": _diagonal(weights, start - 1, plan.counted),
            "next": torch.zeros_like(within) if self.causal else _diagonal(weights, start + 1, plan.counted),
            "first": received[:, 0],
            "special": received[:, plan.special].sum(1),
            "same_token": same,
            "entropy": entropy @ plan.counted,
            "spread": entropy.exp2() @ (plan.share * plan.counted),
            "distance": signed[:, :start].sum(1) - signed[:, end:].sum(1) + within,
        }
        heads = list(block.heads)
        self._sums[:, block.layer, heads] += torch.stack([found[name].double() for name in _SUMS]).cpu().numpy()
        self._same_rows[block.layer] += plan.same_rows
        if self.thumbnails is not None:
            part = sums[:, 2:] @ self._buckets.to(device)[:keys]
            touched = slice(plan.first_bucket, plan.first_bucket + part.shape[1])
            self.thumbnails[block.layer, heads, touched] += part.cpu().numpy()

    def _allowed(self, block: Block) -> np.ndarray:
        """What each query of the block may see: bool (rows, keys)."""
        rows, keys = block.weights.shape[1:]
        if block.allowed is not None:
            allowed = block.allowed.cpu().numpy()
        else:
            allowed = np.tri(rows, keys, block.rows.start, bool) if self.causal else np.ones((rows, keys), bool)
        return allowed & self._keys[:keys] if self._part else allowed

    def _same(self, block: Block) -> np.ndarray:
        """Where another place of the query's own token is: bool (rows, keys); nothing in rows that do not count."""
        rows, keys = block.rows, block.weights.shape[2]
        same = (self._ids[rows, None] == self._ids[:keys]) & self._allowed(block) & self._counted[rows, None]
        same[np.arange(same.shape[0]), np.arange(rows.start, rows.stop)] = False
        return same

    def _plan(self, block: Block) -> _Plan:
        if block.allowed is not None:
            return self._make_plan(block)
        place = block.rows.start, block.rows.stop, block.weights.shape[2]
        if place not in self._plans:
            self._plans[place] = self._make_plan(block)
        return self._plans[place]

    def _make_plan(self, block: Block) -> _Plan:
        rows, keys = block.rows, block.weights.shape[2]
        places, counted = np.arange(rows.start, rows.stop), self._counted[rows]
        same = self._same(block)
        square = np.arange(rows.start, min(rows.stop, keys))
        touched = np.flatnonzero(self._means[:, rows].any(1))

        def tensor(array: np.ndarray, dtype: torch.dtype = torch.float32) -> torch.Tensor:
            return torch.as_tensor(array, dtype=dtype, device=block.weights.device)

        return _Plan(
            left=tensor(np.vstack([counted, counted * (places - rows.start), self._means[touched, rows]])),
            counted=tensor(counted),
            gaps=tensor(np.abs(places[:, None] - square) * counted[:, None]),
            share=tensor(1 / self._allowed(block).sum(1).clip(min=1)),
            special=tensor(self._special[self._special < keys], torch.long),
            same=tuple(tensor(place, torch.long) for place in np.nonzero(same))
            if same.sum() <= PAIRS_PER_ROW * len(places)
            else None,
            same_rows=int(same.any(1).sum()),
            first_bucket=int(touched[0]) if len(touched) else 0,
        )


def _diagonal(weights: torch.Tensor, offset: int, counted: torch.Tensor) -> torch.Tensor:
    """Σ over the rows that count of weights[row, row + offset], where that exists: (heads)."""
    along = weights.diagonal(offset, 1, 2)
    first = max(0, -offset)
    return along @ counted[first : first + along.shape[1]]
