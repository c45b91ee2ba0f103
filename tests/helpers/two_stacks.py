"""Tiny encoder–decoders of random weights, with a language-model head, as folders; and the library's way to them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    BertConfig,
    EncoderDecoderConfig,
    EncoderDecoderModel,
    T5Config,
    T5ForConditionalGeneration,
)
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from tests.helpers.tiny import configure, tokenizer

KINDS = [
    "t5",
    "mt5",
    "umt5",
    "bart",
    "mbart",
    "pegasus",
    "marian",
    "m2m_100",
    "nllb-moe",
    "blenderbot",
    "plbart",
    "switch_transformers",
    "t5gemma",
    "encoder-decoder",
]
SOURCE = "The chef who trained in Osaka says ramen is her favourite food, and nobody in the village remembered."
TARGET = "She sold two old pots, a lamp and the small blue boat."
START = 1  # the token that a target begins with


def write(kind: str, folder: Path) -> None:
    """A tiny model of that kind, and the tokenizer of `tiny`."""
    torch.manual_seed(0)
    if kind == "encoder-decoder":
        config = EncoderDecoderConfig.from_encoder_decoder_configs(configure(BertConfig), configure(BertConfig))
        config.decoder_start_token_id = START
        model = EncoderDecoderModel(config)
    else:
        config = configure(CONFIG_MAPPING[kind], decoder_start_token_id=START, decoder_vocab_size=400)
        model = AutoModelForSeq2SeqLM.from_config(config)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                weights.normal_(0, 0.2)
    model.eval().save_pretrained(folder)
    tokenizer().save_pretrained(folder)


def write_copier(folder: Path) -> None:
    """A T5 in which all but the embeddings and one cross attention is silent: a token looks at itself in the source."""
    config = T5Config(
        vocab_size=400,
        d_model=64,
        d_kv=64,
        d_ff=16,
        num_layers=1,
        num_heads=1,
        decoder_start_token_id=0,
        pad_token_id=0,
    )
    torch.manual_seed(0)
    model = T5ForConditionalGeneration(config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if name.endswith((".o.weight", ".wo.weight")):
                weights.zero_()
        model.shared.weight.normal_()
        attends = model.decoder.block[0].layer[1].EncDecAttention
        attends.q.weight.copy_(torch.eye(64))
        attends.k.weight.copy_(torch.eye(64))
    model.eval().save_pretrained(folder)
    tokenizer().save_pretrained(folder)


@lru_cache(maxsize=2)
def by_the_library(folder: Path):
    """The whole model, its own way, with its eager attention."""
    return AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
