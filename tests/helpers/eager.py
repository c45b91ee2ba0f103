"""A second way to the attention weights: the library's own eager code."""

from __future__ import annotations

import torch
from transformers import AutoModel


def by_the_library(folder, ids):
    """Every layer's weights by the library's own eager attention, its own way to load the model."""
    model = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    model.config.get_text_config().use_cache = False
    with torch.inference_mode():
        maps = model(torch.tensor([ids]), output_attentions=True).attentions
    return [one[0].numpy() for one in maps if one is not None]
