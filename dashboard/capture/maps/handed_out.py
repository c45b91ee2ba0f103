"""The weights of a model of route "eager", from what it hands out.

Most hand out the weights themselves. SqueezeBERT and ProphetNet hand out scores before the softmax; Longformer and LED
a band around the diagonal, as wide as the window that a token looks at; Pegasus-X and LongT5 blocks of queries, each
with the keys near it. Scores are found by running the model, bands and blocks by their shapes.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

CROSS = "cross_attentions"

# Models that hand out scores: for their own attention (False), for cross attention (True).
_scores: WeakKeyDictionary[torch.nn.Module, set[bool]] = WeakKeyDictionary()


class _Softmaxes(TorchFunctionMode):
    """Notes what is given to a softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[object] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "") == "softmax":
            self.given += args[:1]
        return func(*args, **(kwargs or {}))


def learn(model: torch.nn.Module, ids: Tensor, **inputs: Tensor) -> Any:
    """One pass over ids (1, n), and what the model gives. It is noted where what it hands out as attention are scores:
    the very numbers that a softmax is given."""
    with _Softmaxes() as softmaxes:
        output = model(ids, **inputs, output_attentions=True)
    for name in ("attentions", CROSS):
        maps = getattr(output, name, None)
        if (
            isinstance(maps, list | tuple)
            and maps
            and all(any(one is held for held in softmaxes.given) for one in maps)
        ):
            _scores.setdefault(model, set()).add(name == CROSS)
    return output


def handed_out(model: torch.nn.Module, output: Any, n: int, name: str = "attentions") -> list[Tensor | None]:
    """Each layer's weights (b, h, queries, keys), None for a layer that hands out none; [] where nothing is handed out.

    n: how many tokens the text has. What is no map of scores, no band and no block is left as it is. Of blocks the
    shares of global tokens, which stand for no token of the text, are left out: a row then sums to less than 1. Of
    cross attention there are n rows, though more may attend (ProphetNet's n-gram streams).
    """
    maps = getattr(output, name, None)
    if not isinstance(maps, list | tuple):
        return []
    maps = [_square(one, n) for one in maps]
    if (name == CROSS) in _scores.get(model, ()):
        maps = [one if one is None else one.softmax(-1) for one in maps]
    if name == CROSS:
        return [one if one is None else one[:, :, :n] for one in maps]
    windows = getattr(getattr(model, "config", None), "attention_window", None)
    if windows is None:
        return maps
    windows = [windows] * len(maps) if isinstance(windows, int) else list(windows)
    return [
        one if one is None or not _is_band(one, window) else unblocked(one[:, :, :n, None], n, 0, -(window // 2))
        for one, window in zip(maps, windows, strict=False)
    ]


def _is_band(maps: Tensor, window: int) -> bool:
    return isinstance(maps, Tensor) and maps.dim() == 4 and maps.shape[-1] == window + 1 != maps.shape[-2]


def _square(maps: Any, n: int) -> Tensor | None:
    """The weights of n tokens where they are handed out in blocks, with or without global tokens; else as they are."""
    if isinstance(maps, dict):  # Pegasus-X: its block's keys behind the global ones; staggered in every second layer
        blocks = maps["local"]
        size = blocks.shape[-2]
        first = -(size // 2) if blocks.shape[2] > -(-n // size) else 0
        return unblocked(blocks[..., -size:], n, first, first)
    if isinstance(maps, Tensor) and maps.dim() == 5 and maps.shape[-1] >= 3 * maps.shape[-2]:
        size = maps.shape[-2]  # LongT5: its block's keys, those before and behind; then the global ones
        return unblocked(maps.transpose(1, 2)[..., : 3 * size], n, 0, -size)
    return maps


def unblocked(blocks: Tensor, n: int, query: int, key: int) -> Tensor:
    """The weights of n tokens (b, h, n, n) of blocks of queries (b, h, blocks, size, keys): the queries of block j are
    those from query + j · size on, and its keys those from key + j · size on.

    What lies outside the blocks is 0. query, key: 0 or below; what lies before the text is left out.
    """
    *some, count, size, keys = blocks.shape
    places = size * torch.arange(count, device=blocks.device)[:, None, None] + torch.arange(keys, device=blocks.device)
    wide = blocks.new_zeros(*some, count, size, (count - 1) * size + keys)
    wide.scatter_(-1, places.expand(blocks.shape), blocks)
    return wide.flatten(2, 3)[:, :, -query:, -key:][:, :, :n, :n]
