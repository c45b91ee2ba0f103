"""Rotary positions: queries and keys are turned by their positions, so that q · k knows how far apart they are.

The d numbers of a head are taken as d/2 points in the plane, number i with number i + d/2. At position t, point i is
turned by the angle t · base^(−2i/d). Turning changes no length, and the product of a query turned by s with a key
turned by t depends on s − t alone. Source: Su et al. 2021, "RoFormer", in the order of halves that Llama uses.
"""

from __future__ import annotations

import torch
from torch import Tensor


def frequencies(d: int, base: float = 10_000.0) -> Tensor:
    """How far each of the d/2 points turns per position: base^(−2i/d) (d/2), in radians. ValueError for an odd d."""
    if d % 2:
        raise ValueError(f"rotary positions turn pairs of numbers, and d = {d} is odd")
    return 1.0 / base ** (torch.arange(0, d, 2, dtype=torch.float32) / d)


def rotary(x: Tensor, base: float = 10_000.0, positions: Tensor | None = None, turn: Tensor | None = None) -> Tensor:
    """Queries or keys, turned by their positions: (…, n, d) → (…, n, d), every length unchanged.

    positions (n): 0 … n − 1 unless given. turn (d/2): radians per position, `frequencies(d, base)` unless given (a
    model with stretched positions brings its own; fewer than d/2 turn only the first part of x, as in GPT-NeoX).
    Angles are in float32 as in the library. Raises ValueError for an odd d.
    """
    turn = frequencies(x.shape[-1], base) if turn is None else turn.float()
    places = torch.arange(x.shape[-2]) if positions is None else positions
    angle = places[:, None].to(x.device) * turn.to(x.device)  # (n, 1)·(d/2) → (n, d/2)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)  # (n, d/2)
    a, b, rest = x.split([len(turn), len(turn), x.shape[-1] - 2 * len(turn)], -1)  # (n, d/2), (n, d/2), (n, 0)
    return torch.cat([a * cos - b * sin, b * cos + a * sin, rest], -1)  # (n, d)
