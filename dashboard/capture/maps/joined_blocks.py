"""A layer that attends within blocks of tokens (CANINE's first), made to do so in one step.

The library cuts the text into blocks, runs the layer on each, and hands out the weights of the first block alone. The
softmax over one block is that over all tokens with the others hidden, so the layer is given the whole text and a mask:
what it computes stays the same, and its map has a row and a column for each token.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch

_WIDTHS = ("attend_from_chunk_width", "attend_from_chunk_stride", "attend_to_chunk_width", "attend_to_chunk_stride")


def join_blocks(model: torch.nn.Module) -> None:
    """Changes the layers of a model that cut a text into blocks; one that has none stays as it is."""
    for module in model.modules():
        widths = {getattr(module, name, None) for name in _WIDTHS}
        first = getattr(module, "always_attend_to_first_position", False) or getattr(
            module, "first_position_attends_to_all", False
        )
        if not getattr(module, "local", False) or first or len(widths) != 1:
            continue
        [width] = widths
        if isinstance(width, int):
            module.register_forward_pre_hook(_hiding(width))
            for name in _WIDTHS:
                setattr(module, name, sys.maxsize)


def _hiding(width: int) -> Callable[[torch.nn.Module, tuple[Any, ...]], tuple[Any, ...]]:
    """A hook on a layer's attention, whose second argument says what each token sees: (b, n, n), 1 or 0."""

    def hide(_: torch.nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        vectors, mask, *rest = args
        block = torch.arange(mask.shape[-1], device=mask.device) // width
        return vectors, mask * (block[:, None] == block), *rest

    return hide
