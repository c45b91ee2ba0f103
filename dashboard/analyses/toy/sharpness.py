"""What the factor 1/√d is for, measured: how sharp a softmax is when queries and keys are random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dashboard.builtin.attention import attend


@dataclass(frozen=True)
class Sharpness:
    """The mean entropy of attention rows at one dimension d, in bits: with the factor 1/√d, and without it.

    scaled_margin, unscaled_margin: half the width of its 95 % interval over the rows, 1.96 · s / √rows
    """

    d: int
    scaled: float
    unscaled: float
    scaled_margin: float = 0.0
    unscaled_margin: float = 0.0


def entropy(weights: Tensor) -> Tensor:
    """−Σ w log₂ w of each row: (…, n, m) → (…, n), in bits, from 0 (one key) to log₂ m (all keys alike)."""
    return torch.special.entr(weights).sum(-1) / math.log(2)


def sharpness(
    dimensions: Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512), keys: int = 16, rows: int = 500, seed: int = 0
) -> tuple[Sharpness, ...]:
    """What 1/√d is for, measured: the entropy of the softmax when queries and keys are random, against d.

    Queries and keys are normal with variance 1, so q · k has variance d: without the factor rows of a large d look at
    one key alone, and then the softmax hardly passes a gradient. At most log₂ keys bits.
    Source: Vaswani et al. 2017, section 3.2.1, footnote 4.
    """
    generator = torch.Generator().manual_seed(seed)
    measured = []
    for d in dimensions:
        q = torch.randn(rows, 1, d, generator=generator)  # each row has keys of its own
        k = torch.randn(rows, keys, d, generator=generator)
        with_factor, without = (entropy(attend(q, k, k, scale=scale).weights) for scale in (None, 1.0))  # (rows, 1)
        margins = [1.96 * bits.std().item() / rows**0.5 for bits in (with_factor, without)]
        measured.append(Sharpness(d, with_factor.mean().item(), without.mean().item(), *margins))
    return tuple(measured)
