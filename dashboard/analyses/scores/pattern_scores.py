"""All pattern scores of all heads over a text in one forward pass (METRICS §1), without n × n in memory.

Most scores are means over query rows of a linear function of the weights. So a block of rows is first summed over its
rows (one matrix product, which also gives the rows of the thumbnails), and the scores follow from sums of one row's
length. Only the entropy needs every single weight. `dashboard.analyses.scores.scores` computes each score; here is what
they have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from dashboard.analyses.scores.scores import OF_TEXT, SCORES
from dashboard.analyses.scores.thumbnails import SIZE, column_sums, row_means
from dashboard.capture import Block
from dashboard.capture.attention_call import Scratch
from dashboard.heads.head_id import Part, every_head, head_columns
from dashboard.text.encoding import Encoding

# Pairs of equal tokens are listed if a row has at most this many on average. In a more repetitive text the lists would
# grow with n², so a mask over the block is computed each time instead.
PAIRS_PER_ROW = 64

_SUMMED = [SCORES[name] for name in OF_TEXT]

# The smallest normal float32: a weight below it, times its logarithm, is negligible.
TINY = float(np.finfo(np.float32).tiny)


def queries(special: Sequence[bool], causal: bool) -> np.ndarray:
    """The tokens whose rows count in a score: bool (n). Not special tokens, nor the first of a causal model."""
    counted = ~np.asarray(special, bool)
    if causal and len(counted):
        counted[0] = False
    return counted


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a block, for what a score counts (`Score.rows`).

    counted: whether a row counts (rows)
    start: the place in the text of the first
    keys: which tokens of the text are keys (n)
    with_same_token: the number of rows that count and may see another place of their own token
    causal: of the model
    """

    counted: np.ndarray
    start: int
    keys: np.ndarray
    with_same_token: int
    causal: bool

    def with_key(self, offset: int) -> int:
        """The number of rows that count and have a key at this offset."""
        places = np.flatnonzero(self.counted) + self.start + offset
        return int(self.keys[places[(places >= 0) & (places < len(self.keys))]].sum())


@dataclass(frozen=True, eq=False)
class _Plan:
    """What the scores need about a block of rows. It is the same for all layers with the same mask.

    left: (2 + t', rows) — ones for the rows that count, their places in the block, and for each row of the
        thumbnails that the block touches the mean over its rows
    counted: 1.0 for rows that count (rows)
    gaps: |i - j| within the square on the diagonal, 0 in rows that do not count (rows, square)
    share: 1 / number of allowed keys (rows)
    special: which of the keys are special tokens
    same: lists of the rows and the keys of all pairs of equal tokens, of rows that count; None where there are many
    rows: for each of `OF_TEXT`, the number of rows with a value
    first_bucket: the first row of the thumbnails that the block touches
    """

    left: torch.Tensor
    counted: torch.Tensor
    gaps: torch.Tensor
    share: torch.Tensor
    special: torch.Tensor
    same: tuple[torch.Tensor, torch.Tensor] | None
    rows: np.ndarray
    first_bucket: int


class Summed:
    """A block of weights summed over its rows, for what a score sums (`Score.sum`).

    Attributes
    ----------
    weights: (heads, rows, keys); start: the place of its first row
    counted: 1.0 for rows that count (rows)
    share: 1 / number of allowed keys (rows)
    special: which of the keys are special tokens
    received: Σ_i A[i, j] over the rows that count (heads, keys), double precision
    entropy: of each row, in bits (heads, rows)
    """

    weights: torch.Tensor
    start: int
    counted: torch.Tensor
    share: torch.Tensor
    special: torch.Tensor
    received: torch.Tensor

    def __init__(
        self,
        weights: torch.Tensor,
        start: int,
        plan: _Plan,
        sums: torch.Tensor,
        scratch: Scratch,
        same_token: Callable[[], np.ndarray],
    ):
        self.weights, self.start = weights, start
        self.counted, self.share, self.special = plan.counted, plan.share, plan.special
        self.received = sums[:, 0].double()
        self._placed = sums[:, 1].double()  # Σ_i (i - start) A[i, j]
        self._plan, self._scratch, self._same_token = plan, scratch, same_token

    def diagonal(self, offset: int) -> torch.Tensor:
        """Σ over the rows that count of A[i, i + offset], where that exists: (heads)."""
        along = self.weights.diagonal(self.start + offset, 1, 2)
        first = max(0, -self.start - offset)
        return along @ self.counted[first : first + along.shape[1]]

    @cached_property
    def entropy(self) -> torch.Tensor:
        scratch = self._buffer()
        torch.clamp(self.weights, min=TINY, out=scratch).log2_().mul_(self.weights)
        return scratch.sum(2).neg_()

    def to_same_token(self) -> torch.Tensor:
        """Σ over the rows that count of the attention to other places of the row's own token: (heads)."""
        if self._plan.same is not None:
            return self.weights[:, self._plan.same[0], self._plan.same[1]].sum(1)
        mask = torch.as_tensor(self._same_token(), dtype=self.weights.dtype, device=self.weights.device)
        return torch.mul(self.weights, mask, out=self._buffer()).sum((1, 2))

    def distance(self) -> torch.Tensor:
        """Σ over the rows that count of Σ_j A[i, j] |i - j|: (heads)."""
        # |i - j| is i - j left of the diagonal square and j - i right of it: both follow from the two sums.
        moved = torch.arange(self.weights.shape[2], device=self.weights.device) - self.start
        signed = self._placed - moved * self.received
        end = self.start + self._plan.gaps.shape[1]
        within = (self.weights[:, :, self.start : end] * self._plan.gaps).sum((1, 2))
        return signed[:, : self.start].sum(1) - signed[:, end:].sum(1) + within

    def _buffer(self) -> torch.Tensor:
        return self._scratch.buffer(tuple(self.weights.shape), self.weights)


class PatternScores:
    """Visitor for one text: every score of `OF_TEXT`, and on request thumbnails, of all heads of a model, or of a part
    of one.

    Parameters
    ----------
    encoding: the text
    layers, heads, causal, part: of the model
    thumbnails: also reduce every map to t × t, t = min(32, n, m), see `thumbnails`
    source: of cross attention, the text whose m tokens are the keys. A score of places of one text then has no value,
        and the same token is looked for in the source
    between: for a sentence pair, the texts of the queries and of the keys, 0 or 1 each: rows are divided by their sum
        over these keys, and a score counts the rows whose key is among them

    After the visit, `table()` gives the scores, and `thumbnails` is float32 (layers, heads, t, t), or None. Extra
    memory is one block of weights plus terms linear in n.
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
        source: Encoding | None = None,
        part: Part = "",
    ):
        looked_at = encoding if source is None else source
        n, m = len(encoding), len(looked_at)
        self.n, self.causal, self.two_texts = max(n, m), causal, source is not None
        self._of_part: Part = part
        self._counted, self._keys = queries(encoding.special, causal), np.ones(m, bool)
        self._part = between is not None
        if between is not None:
            segments = np.array(encoding.segments)
            self._keys = segments == between[1]
            seen = np.logical_or.accumulate(self._keys) if causal else self._keys.any()
            self._counted &= (segments == between[0]) & seen
        self._ids, self._key_ids = np.asarray(encoding.ids), np.asarray(looked_at.ids)
        self._special = np.flatnonzero(np.asarray(looked_at.special, bool))
        self._plans: dict[tuple[int, int, int], _Plan] = {}
        self._sums = np.zeros((len(OF_TEXT), layers, heads))
        self._rows = np.zeros((len(OF_TEXT), layers, heads))
        t = min(SIZE, n, m)
        self._means = row_means(n, t) if thumbnails else np.zeros((0, n), np.float32)
        self._buckets = torch.from_numpy(column_sums(m, t))
        self.thumbnails = np.zeros((layers, heads, t, t), np.float32) if thumbnails else None
        self._scratch = Scratch()

    def table(self) -> pd.DataFrame:
        """A row per head: layer, head, then a column per score in the order of `SCORES`.

        NaN for a score without a row that counts, and for one that does not depend on the text.
        """
        _, layers, heads = self._sums.shape
        means = dict(zip(OF_TEXT, self._sums / np.where(self._rows > 0, self._rows, np.nan), strict=True))
        table = head_columns(every_head(layers, heads, self._of_part))
        for name, score in SCORES.items():
            table[name] = np.full(layers * heads, np.nan)
            if name in means:
                # A sum of float32 shares can exceed its range by rounding.
                table[name] = means[name].ravel().clip(*score.range(self.n))
        return pd.DataFrame(table)

    def block(self, block: Block) -> None:
        weights = block.weights
        keys, device = weights.shape[2], weights.device
        if self._part:
            weights = weights * torch.as_tensor(self._keys[:keys], dtype=weights.dtype, device=device)
            weights = weights / weights.sum(2, keepdim=True).clamp(min=TINY)
        plan = self._plan(block)
        sums = torch.matmul(plan.left, weights)
        summed = Summed(weights, block.rows.start, plan, sums, self._scratch, lambda: self._same(block))
        heads = list(block.heads)
        found = [sum_of(summed).double() for sum_of in OF_TEXT.values()]
        self._sums[:, block.layer, heads] += torch.stack(found).cpu().numpy()
        self._rows[:, block.layer, heads] += plan.rows[:, None]
        if self.thumbnails is not None:
            part = sums[:, 2:] @ self._buckets.to(device)[:keys]
            touched = slice(plan.first_bucket, plan.first_bucket + part.shape[1])
            self.thumbnails[block.layer, heads, touched] += part.cpu().numpy()

    def _allowed(self, block: Block) -> np.ndarray:
        """The keys that each query of the block may see: bool (rows, keys)."""
        rows, keys = block.weights.shape[1:]
        if block.allowed is not None:
            allowed = block.allowed.cpu().numpy()
        else:
            allowed = np.tri(rows, keys, block.rows.start, bool) if self.causal else np.ones((rows, keys), bool)
        return allowed & self._keys[:keys] if self._part else allowed

    def _same(self, block: Block) -> np.ndarray:
        """The other places of each query's own token: bool (rows, keys); all False in rows that do not count."""
        rows, keys = block.rows, block.weights.shape[2]
        same = (self._ids[rows, None] == self._key_ids[:keys]) & self._allowed(block) & self._counted[rows, None]
        if not self.two_texts:
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
        at = np.nonzero(same) if same.sum() <= PAIRS_PER_ROW * len(places) else None
        counts = Rows(counted, rows.start, self._keys, int(same.any(1).sum()), self.causal)

        def tensor(array: np.ndarray, dtype: torch.dtype = torch.float32) -> torch.Tensor:
            return torch.as_tensor(array, dtype=dtype, device=block.weights.device)

        return _Plan(
            left=tensor(np.vstack([counted, counted * (places - rows.start), self._means[touched, rows]])),
            counted=tensor(counted),
            gaps=tensor(np.abs(places[:, None] - square) * counted[:, None]),
            share=tensor(1 / self._allowed(block).sum(1).clip(min=1)),
            special=tensor(self._special[self._special < keys], torch.long),
            same=None if at is None else (tensor(at[0], torch.long), tensor(at[1], torch.long)),
            rows=np.array([0 if self.two_texts and score.one_text else score.rows(counts) for score in _SUMMED]),
            first_bucket=int(touched[0]) if len(touched) else 0,
        )
