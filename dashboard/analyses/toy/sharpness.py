"""The purpose of the factor 1/√d, measured: the sharpness of a softmax over random queries and keys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dashboard.builtin.attention import attend


@dataclass(frozen=True)
class Sharpness:
    """The mean entropy of attention rows at one dimension d, in bits, with and without the factor 1/√d.

    scaled_margin, unscaled_margin: half the width of its 95 % interval over the rows, 1.96 · s / √rows
    """

    d: int
    scaled: float
    unscaled: float
    scaled_margin: float = 0.0
    unscaled_margin: float = 0.0


def entropy(weights: Tensor) -> Tensor:
    """−Σ w log₂ w of each row: (…, n, m) → (…, n), in bits, from 0 (one key) to log₂ m (all keys equal)."""
    return torch.special.entr(weights).sum(-1) / math.log(2)


def sharpness(
    dimensions: Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512), keys: int = 16, rows: int = 500, seed: int = 0
) -> tuple[Sharpness, ...]:
    """The entropy of the softmax over random queries and keys, against d, with and without 1/√d.

    Queries and keys are normal with variance 1, so q · k has variance d. Without the factor, rows of a large d attend
    to one key only, and the softmax passes almost no gradient. At most log₂ keys bits.
    Source: Vaswani et al. 2017, section 3.2.1, footnote 4.
    """
    generator = torch.Generator().manual_seed(seed)
    measured = []
    for d in dimensions:
        q = torch.randn(rows, 1, d, generator=generator)  # each row has its own keys
        k = torch.randn(rows, keys, d, generator=generator)
        with_factor, without = (entropy(attend(q, k, k, scale=scale).weights) for scale in (None, 1.0))  # (rows, 1)
        margins = [1.96 * bits.std().item() / rows**0.5 for bits in (with_factor, without)]
        measured.append(Sharpness(d, with_factor.mean().item(), without.mean().item(), *margins))
    return tuple(measured)
