"""A second way to the attention weights: the library's own eager code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import torch
from transformers import AutoModel

from dashboard.models.text_tower import text_tower


@contextmanager
def softmax_changed(number: int, change: Callable[[torch.Tensor], object]) -> Iterator[None]:
    """Within it, the softmax of that number in a pass of the library's eager attention is changed in place: `change`
    gets its rows (h, n, keys), and the columns of a learned sink behind them."""
    softmax, calls = torch.nn.functional.softmax, 0

    def changed(*args, **kwargs):
        nonlocal calls
        weights = softmax(*args, **kwargs)
        if weights.dim() == 4:
            if calls == number:
                change(weights[0])
            calls += 1
        return weights

    with patch.object(torch.nn.functional, "softmax", changed):
        yield


def by_the_library(folder, ids):
    """Every layer's weights by the library's own eager attention, its own way to load the model."""
    model = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    if text_tower(model.config) is not None:  # of a model that holds a text against images or sound
        model = model.text_model
    model.config.get_text_config().use_cache = False
    with torch.inference_mode():
        ids = torch.tensor([ids])
        if model.config.model_type in ("longformer", "squeezebert"):
            return _banded(model, ids) if model.config.model_type == "longformer" else _softmaxes(model, ids)
        if model.config.model_type == "canine":
            return _in_blocks(model, ids)
        model(ids)  # in its first pass BigBird changes over to full attention
        maps = model(ids, output_attentions=True).attentions
    # Layers of linear attention hand out no maps.
    return [one[0].numpy() for one in maps if one is not None and one.shape[-1] == one.shape[-2] == ids.shape[1]]


def _softmaxes(model, ids):
    """What comes out of each layer's softmax (SqueezeBERT hands out what goes into it)."""
    found = []
    for layer in model.encoder.layers:
        layer.attention.softmax.register_forward_hook(lambda _, __, output: found.append(output[0].numpy()))
    model(ids)
    return found


def _in_blocks(model, ids):
    """CANINE's two layers over characters; of its first, which runs on one block after the other, every block."""
    found = []
    [first] = model.initial_char_encoder.layer
    first.attention.self.register_forward_hook(lambda _, __, output: found.append(output[1][0]))
    last = model(ids, output_attentions=True).attentions[-1][0].numpy()
    return [np.stack([torch.block_diag(*each).numpy() for each in zip(*found, strict=True)]), last]


def _banded(model, ids):
    """From each layer's queries and keys, with a mask of its window (Longformer hands out a band)."""
    found, n = [], ids.shape[1]
    far = abs(torch.arange(n)[:, None] - torch.arange(n))
    for layer, window in zip(model.encoder.layer, model.config.attention_window, strict=True):
        own, held = layer.attention.self, {}

        def keep(module, _args, output, held=held, own=own, window=window):
            held["q" if module is own.query else "k"] = (
                output.transpose(0, 1).reshape(-1, own.num_heads, own.head_dim)
                if output.shape[0] != 1
                else output[0].unflatten(-1, (own.num_heads, own.head_dim))
            )
            if len(held) == 2:
                q, k = (held[name][:n].transpose(0, 1) for name in "qk")
                scores = (q @ k.transpose(1, 2)) / own.head_dim**0.5
                found.append(scores.masked_fill(far > window // 2, float("-inf")).softmax(-1).numpy())
                held.clear()

        own.query.register_forward_hook(keep)
        own.key.register_forward_hook(keep)
    model(ids)
    return found
