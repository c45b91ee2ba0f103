"""Why a model that has an attention, or calls something that, hands out no weights: by what it computes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

NO_ATTENTION = "none of its layers is one of attention"
PATCHES = "most of its layers attend over patches of bytes, and what it hands out is of the other layers alone"
APPROXIMATE = "it approximates its attention by blocks of tokens, and hands out no weights"
NO_PAIRS = "none of its layers compares each token with every other, so there are no attention weights"
NO_SOFTMAX = "its layers use no softmax over the keys, so there are no weights that sum to 1"
_PRODUCTS = {"matmul", "__matmul__", "bmm", "baddbmm", "einsum", "scaled_dot_product_attention"}


class _Seen(TorchFunctionMode):
    """Whether a pass over n tokens has products with a row and a column for each token, and whether a softmax."""

    def __init__(self, n: int):
        super().__init__()
        self.n, self.pairs, self.softmax = n, False, False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in _PRODUCTS and isinstance(output, Tensor) and output.shape[-2:] == (self.n, self.n):
            self.pairs = True
        self.softmax |= "softmax" in name or "scaled_dot" in name
        return output


def why_none(model: torch.nn.Module, ids: Tensor) -> str | None:
    """The reason, as the end of a sentence; None where the model does what an attention does. ids: (1, n)."""
    if is_of_patches(model):
        return PATCHES
    if not any("attention" in type(module).__name__.lower() for module in model.modules()):
        return NO_ATTENTION
    if any(hasattr(module, "approx_mode") for module in model.modules()):  # MRA
        return APPROXIMATE
    with torch.inference_mode(), _Seen(ids.shape[1]) as seen:
        model(ids)
    if not seen.pairs:
        return NO_PAIRS
    return None if seen.softmax else NO_SOFTMAX


def is_of_patches(model: torch.nn.Module) -> bool:
    """Whether a model joins bytes to patches (BLT): it says nothing of the layers over these."""
    return hasattr(model, "_patch_ids_from_lengths")
