"""Which positions may be seen, and what else a model adds to its scores before the softmax.

A mask is a tensor that broadcasts to the scores (…, n, m): boolean, True where query i may look at key j; or numbers
to add to the scaled scores (−∞ where it may not look). Boolean masks combine with `&`, additive ones with `+`.
"""

from __future__ import annotations

import math
from typing import overload

import torch
from torch import Tensor


def causal(n: int, device: torch.device | str | None = None) -> Tensor:
    """Position i sees itself and what stands before it: boolean (n, n), the lower triangle.

    Source: Vaswani et al. 2017, section 3.2.3.
    """
    return torch.ones(n, n, dtype=torch.bool, device=device).tril()


def padding(real: Tensor) -> Tensor:
    """No position looks at filling: real (m) → (1, m), or (B, m) of a batch → (B, 1, 1, m), for batch, heads, queries.

    real is True where a position holds a token of the text. Rows of the filling itself are left as they come.
    """
    return real.unsqueeze(-2) if real.dim() == 1 else real[:, None, None, :]


def hide(scaled: Tensor, mask: Tensor | None) -> Tensor:
    """The scores with the mask applied: −∞ where a boolean mask says False, or the sum with an additive one.

    scaled (…, n, m), mask as in this module or None → (…, n, m). Raises RuntimeError when the mask does not fit.
    """
    if mask is None:
        return scaled
    mask = mask.expand_as(scaled)  # a mask may be broadcast to the scores, never the scores to a mask
    return scaled.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scaled + mask


def softmax(masked: Tensor) -> Tensor:
    """exp(s) / Σ exp(s) along each row: (…, n, m) → (…, n, m), in [0, 1], rows sum to 1.

    A row that is −∞ throughout may look nowhere: its weights are 0, not NaN, and so are its gradients.
    """
    blind = (masked == -math.inf).all(-1, keepdim=True)  # (n, 1)
    return torch.softmax(masked.masked_fill(blind, 0.0), -1).masked_fill(blind, 0.0)  # (n, m)


@overload
def rows_of(mask: Tensor, rows: slice) -> Tensor: ...
@overload
def rows_of(mask: None, rows: slice) -> None: ...
@overload
def rows_of(mask: Tensor | None, rows: slice) -> Tensor | None: ...
def rows_of(mask: Tensor | None, rows: slice) -> Tensor | None:
    """The mask of some query rows: (…, n, m) → (…, rows, m). A mask that is the same for all rows stays as it is."""
    return mask if mask is None or mask.dim() < 2 or mask.shape[-2] == 1 else mask[..., rows, :]


def additive(mask: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """A boolean mask as numbers to add: 0 where it says True, −∞ where False. An additive mask stays as it is."""
    return torch.zeros(mask.shape, dtype=dtype).masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else mask


def softcap(q: Tensor, k: Tensor, scale: float, cap: float) -> Tensor:
    """What to add to the scaled scores s so that they become cap · tanh(s / cap): (…, n, m), an additive mask.

    Gemma 2 keeps its scores within ±cap this way. Add it to the mask of positions. Source: Gemma 2 report, 2024.
    """
    scaled = q @ k.mT * scale  # (n, m)
    return cap * torch.tanh(scaled / cap) - scaled


def with_sink(k: Tensor, v: Tensor, mask: Tensor, sink: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One more key that hands over nothing and whose score is learned: attention may rest there (gpt-oss).

    k (…, h, m, d), v (…, h, m, d'), mask (…, n, m), sink (h) → the three with m + 1 keys, the mask additive and with
    an axis of heads. The last column of the weights is the sink's share; the others sum to less than 1.
    Source: Xiao et al. 2023, "Efficient streaming language models with attention sinks".
    """
    k, v = (torch.cat([part, torch.zeros_like(part[..., :1, :])], -2) for part in (k, v))  # (h, m + 1, d)
    mask = additive(mask, k.dtype)
    mask = mask.expand(*torch.broadcast_shapes(mask.shape, (len(sink), 1, 1)))  # (h, n, m)
    share = sink.to(k.dtype)[:, None, None].expand_as(mask[..., :1])  # (h, n, 1)
    return k, v, torch.cat([mask, share], -1)
