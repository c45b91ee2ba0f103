"""An array of attention weights, checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId

CELLS = 2**22  # weights that are looked at together
MOST = 1.01  # what a row may sum to: weights of 8 bits, as of bfloat16, do not sum to 1 exactly


@dataclass(frozen=True, eq=False)
class GivenWeights:
    """Attention weights of layers × heads over m queries and k keys, checked.

    Attributes
    ----------
    maps: floats (layers, heads, m, k), the array that was given or a view of it; may lie in a file
    causal: whether no query looks at a key after it (m = k), in any head
    """

    maps: np.ndarray
    causal: bool

    @classmethod
    def of(cls, weights: Any, causal: bool | None = None) -> GivenWeights:
        """Weights as (m, k), (heads, m, k) or (layers, heads, m, k): shares, from 0, each row with a sum of at most 1.

        causal: None to find it out. Nothing is copied. Raises UserError, with what to do, for another shape or kind
        of number, a row that sums to more than 1, a number below 0 or none at all, and where a causal head looks ahead.
        """
        maps = _shaped(weights)
        ahead, square = None, maps.shape[2] == maps.shape[3]
        for head, rows, block in _blocks(maps):
            _check(block, head, rows.start)
            if ahead is None and square and np.triu(block, rows.start + 1).any():
                ahead = head
        if causal and ahead is not None:
            raise UserError(f"{ahead} looks at later tokens, so these weights are not causal. Leave causal out.")
        return cls(maps, square and maps.shape[2] > 1 and ahead is None if causal is None else causal)

    def head(self, head: HeadId) -> np.ndarray:
        """One head's weights, float32 (m, k). Raises UserError for one that there is not."""
        layers, heads = self.maps.shape[:2]
        if not (head.layer < layers and head.head < heads):
            raise UserError(
                f"There is no {head}: these weights have layers 0 to {layers - 1} and heads 0 to {heads - 1}."
            )
        return np.array(self.maps[head.layer, head.head], np.float32)


def _shaped(weights: Any) -> np.ndarray:
    maps = weights if isinstance(weights, np.ndarray) else np.asarray(weights)
    if maps.dtype.kind != "f":
        raise UserError(f"The weights are of type {maps.dtype}, not floats. Save them as float32.")
    if not 2 <= maps.ndim <= 4 or not all(maps.shape):
        raise UserError(
            f"The weights have the shape {_listed(maps.shape)}. Give (tokens × tokens), (heads × tokens × tokens) or "
            "(layers × heads × tokens × tokens), without a batch."
        )
    return maps.reshape((1,) * (4 - maps.ndim) + maps.shape)


def _listed(shape: tuple[int, ...]) -> str:
    return f"({' × '.join(map(str, shape))})"


def _blocks(maps: np.ndarray) -> Iterator[tuple[HeadId, slice, np.ndarray]]:
    """Each head's rows, some at a time."""
    layers, heads, m, k = maps.shape
    step = max(1, CELLS // k)
    for layer in range(layers):
        for head in range(heads):
            for start in range(0, m, step):
                rows = slice(start, min(m, start + step))
                yield HeadId(layer, head), rows, np.asarray(maps[layer, head, rows])


def _check(block: np.ndarray, head: HeadId, first: int) -> None:
    """Raises UserError for the first row of a head that holds no shares. first: the number of the first row"""
    sums = block.sum(1, dtype=np.float64)
    lowest = block.min(1)
    wrong = ~np.isfinite(sums) | (lowest < 0) | (sums > MOST)
    if not wrong.any():
        return
    row = int(wrong.argmax())
    where = f"Row {first + row} of {head}"
    if not np.isfinite(block[row]).all():
        raise UserError(f"{where} holds a number that is not finite (NaN or infinite). Save weights of a whole pass.")
    if lowest[row] < 0:
        raise UserError(
            f"{where} holds {lowest[row]:.3g}, and weights begin at 0. If these are scores, apply the softmax first."
        )
    raise UserError(
        f"{where} sums to {sums[row]:.3g}, and each row of weights sums to 1 at most. Give weights after the softmax, "
        "rows as queries."
    )
