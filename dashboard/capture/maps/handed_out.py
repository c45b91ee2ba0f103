"""The weights of a model of route "eager", from what it hands out.

Most hand out the weights themselves. SqueezeBERT hands out the scores before the softmax; Longformer and LED a band
around the diagonal, as wide as the window that a token looks at. Both are found by running the model.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

import torch

_scores: WeakSet[torch.nn.Module] = WeakSet()  # models that hand out scores


def learn(model: torch.nn.Module, ids: torch.Tensor) -> Any:
    """One pass over ids (1, n), and what the model gives. It is noted where what it hands out as attention are scores:
    the very numbers that its modules of softmax are given."""
    given: list[torch.Tensor] = []
    hooks = [
        module.register_forward_pre_hook(lambda _, args: given.append(args[0]))
        for module in model.modules()
        if isinstance(module, torch.nn.Softmax)
    ]
    try:
        output = model(ids, output_attentions=True)
    finally:
        for hook in hooks:
            hook.remove()
    maps = getattr(output, "attentions", None)
    if isinstance(maps, list | tuple) and maps and all(any(one is held for held in given) for one in maps):
        _scores.add(model)
    return output


def handed_out(model: torch.nn.Module, output: Any, n: int, name: str = "attentions") -> list[torch.Tensor | None]:
    """Each layer's weights (b, h, queries, keys), None for a layer that hands out none; [] where nothing is handed out.

    n: how many tokens the text has. What is no map of scores and no band is left as it is.
    """
    maps = getattr(output, name, None)
    if not isinstance(maps, list | tuple):
        return []
    if model in _scores:
        return [one if one is None else one.softmax(-1) for one in maps]
    windows = getattr(getattr(model, "config", None), "attention_window", None)
    if windows is None:
        return list(maps)
    windows = [windows] * len(maps) if isinstance(windows, int) else list(windows)
    return [
        unbanded(one, n) if isinstance(one, torch.Tensor) and _is_band(one, window) else one
        for one, window in zip(maps, windows, strict=False)
    ]


def _is_band(maps: torch.Tensor, window: int) -> bool:
    return maps.dim() == 4 and maps.shape[-1] == window + 1 != maps.shape[-2]


def unbanded(band: torch.Tensor, n: int) -> torch.Tensor:
    """The weights of n tokens (b, h, n, n) of a band (b, h, at least n, 2 w + 1): place k of query i is key i − w + k.

    What lies outside the band is 0.
    """
    width = band.shape[-1]
    places = torch.arange(n, device=band.device)[:, None] + torch.arange(width, device=band.device)
    wide = band.new_zeros(*band.shape[:2], n, n + width - 1)
    wide.scatter_(-1, places.expand(*band.shape[:2], n, width), band[:, :, :n])
    return wide[..., width // 2 : width // 2 + n]
