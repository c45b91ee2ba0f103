"""Tiny models of any kind that the installed transformers has, of random weights, with a tokenizer made on the spot."""

from __future__ import annotations

import json

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModel, PreTrainedTokenizerFast
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

SENTENCES = [
    "The chef who trained in Osaka says ramen is her favourite food.",
    "Nobody in the village remembered when the old bridge had been built.",
    "A heron waits by the water, and a second heron waits behind it.",
    "You cannot wait here while the others read their long letters.",
    "She sold two old pots, a lamp and the small blue boat.",
]
VOCABULARY = 400
WIDTH, HEADS, LAYERS, POSITIONS = 32, 4, 3, 128

# Names that configurations have for the same few sizes; a kind takes those that it knows.
SIZES: dict[str, object] = {
    **dict.fromkeys(
        [
            "hidden_size",
            "n_embd",
            "d_model",
            "dim",
            "emb_dim",
            "embedding_size",
            "word_embed_proj_dim",
            "hidden_dim",
            "n_embed",
            "embed_dim",
            "d_embed",
            "hidden_size_per_layer_input",
        ],
        WIDTH,
    ),
    **dict.fromkeys(
        ["num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads", "decoder_attention_heads"],
        HEADS,
    ),
    **dict.fromkeys(
        ["num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers"], LAYERS
    ),
    **dict.fromkeys(
        [
            "intermediate_size",
            "n_inner",
            "ffn_dim",
            "d_ff",
            "d_inner",
            "moe_intermediate_size",
            "ffn_hidden_size",
            "shared_expert_intermediate_size",
            "expert_ffn_hidden_size",
            "shared_intermediate_size",
            "intermediate_size_mlp",
            "encoder_ffn_dim",
            "decoder_ffn_dim",
            "dense_intermediate_size",
        ],
        48,
    ),
    **dict.fromkeys(["num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"], 4),
    **dict.fromkeys(["num_experts_per_tok", "moe_topk", "top_k_experts", "moe_k"], 2),
    **dict.fromkeys(["n_group", "topk_group", "n_shared_experts", "first_k_dense_replace", "num_shared_experts"], 1),
    **dict.fromkeys(["max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length"], POSITIONS),
    **dict.fromkeys(["sliding_window", "window_size", "index_topk", "local_attention"], 8),
    **dict.fromkeys(["head_dim", "kv_channels", "d_kv", "attention_head_dim", "global_head_dim"], 8),
    "num_key_value_heads": 2,
    "num_kv_heads": 2,
    "n_head_kv": 2,
    "num_global_key_value_heads": 2,
    "vocab_size": VOCABULARY,
    "vocab_size_per_layer_input": VOCABULARY,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "q_lora_rank": 16,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4,
    "qk_head_dim": 12,
    "v_head_dim": 8,
    "index_head_dim": 8,
    "index_n_heads": 2,
    "index_block_size": 4,
    "index_topk_blocks": 2,
    "index_local_blocks": 1,
    "attention_chunk_size": 8,
    "rotary_dim": 4,
    "attn_logit_softcapping": 8.0,
    "query_pre_attn_scalar": 8,
    "axial_pos_embds": False,
}


def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of 400 pieces, whose <s> and </s> are put around nothing."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 10,
        special_tokens=["<pad>", "<s>", "</s>"],
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    made.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>")


# Sizes of what sees or hears, for a model that does beside reading.
SENSES: dict[str, object] = {
    "image_size": 32,
    "patch_size": 8,
    "out_hidden_size": WIDTH,
    "projection_dim": WIDTH,
    "depth": 2,
    "spatial_merge_size": 2,
    "temporal_patch_size": 1,
    "adapter_in_dim": WIDTH,
    "adapter_out_dim": WIDTH,
    "adapter_input_size": WIDTH,
    "downsample_hidden_size": 16,
    "encoder_hidden_size": WIDTH,
}


def configure(cls: type, **more: object):
    """A configuration of that class in which all is tiny, its parts too; more: settings beside `SIZES`."""
    usual = cls()
    given = dict.fromkeys(getattr(cls, "attribute_map", {})) | usual.to_dict()
    known = set(given)
    asked = {
        name: value
        for name, value in (SENSES | SIZES).items()
        if name in known and not isinstance(given[name], list | tuple | dict)
    }
    latent = "kv_lora_rank" in known  # every head has its own keys, out of the same few numbers
    if latent:
        asked |= {name: value for name, value in {"num_key_value_heads": HEADS, "head_dim": 4}.items() if name in known}
    if "mamba_n_heads" in known:
        asked |= {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_n_groups": 1, "mamba_d_state": 8}
    if isinstance(given.get("rope_parameters"), dict) and "mrope_section" in given["rope_parameters"]:
        asked["rope_parameters"] = given["rope_parameters"] | {"mrope_section": [1, 1, 0] if latent else [2, 1, 1]}
    parts = {name: configure(type(part)).to_dict() for name, part in vars(usual).items() if hasattr(part, "to_dict")}
    for name in parts.keys() & more.keys():
        parts[name] |= more.pop(name)
    return cls(**asked | parts | more)


def make(kind: str, folder, **more: object):
    """Writes a tiny model of that kind and the tokenizer to a folder; the configuration that it has."""
    config = configure(CONFIG_MAPPING[kind], **more)
    torch.manual_seed(0)
    model = AutoModel.from_config(config)
    with torch.no_grad():  # attention that means something, so that a wrong scale or mask shows
        for name, weights in model.named_parameters():
            if weights.dim() > 1:
                sharp = any(part in name for part in ("query", "key", "q_", "k_", "qkv", "c_attn", ".q.", ".k."))
                weights.normal_(0, (1.5 if sharp else 0.7) * weights.shape[-1] ** -0.5)
    model.eval().save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return config


def edit(folder, file="config.json", **changes):
    """Settings of a file of the model's folder."""
    (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | changes))


def add_weights(folder, **more):
    """Weights beside those that the model knows."""
    file = folder / "model.safetensors"
    save_file(load_file(file) | more, file, metadata={"format": "pt"})
