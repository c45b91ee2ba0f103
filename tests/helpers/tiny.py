"""Tiny models of any kind that the installed transformers has, of random weights, with a tokenizer made on the spot."""

from __future__ import annotations

import json
from functools import cache, partial

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    CanineTokenizer,
    PreTrainedTokenizerFast,
)
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

# What single types need beside `SIZES`: sizes that hang together, and layers of each kind that they have.
ONE_OF_THREE = {"layer_types": ["linear_attention", "full_attention", "linear_attention"]}
MAMBA_AND_FULL = {"layer_types": ["mamba", "attention", "mamba"]}
SPARSE_AND_FULL = {"layer_types": ["minimax_m3_sparse", "full_attention", "minimax_m3_sparse"]}
FULL = {"layer_types": ["full_attention"] * LAYERS}
TURNED = {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]}}
HALF_TURNED = {
    "rope_parameters": TURNED["rope_parameters"] | {"partial_rotary_factor": 0.5, "mrope_section": [1, 1, 0]}
}
INDEXED = {
    "indexer_n_heads": 2,
    "indexer_kv_heads": 1,
    "indexer_head_dim": 8,
    "indexer_budget": 8,
    "indexer_compress_ratio": 4,
}
SETTINGS: dict[str, dict[str, object]] = {
    "bailing_hybrid": ONE_OF_THREE,
    "bamba": {"attn_layer_indices": [1]},
    "canine": {"local_transformer_stride": 16, "num_hash_buckets": 1024},
    "blt": {part: {"hidden_size_global": WIDTH} for part in ("encoder_config", "decoder_config")},
    "chameleon": {"vocabulary_map": {"<image>": 5}},
    "cohere_compass_text": {"rope_parameters": {"full_attention": TURNED["rope_parameters"]}},
    "dbrx": {"attn_config": {"rope_theta": 1e4, "kv_n_heads": 2, "clip_qkv": 8}},
    "deepseek_ocr2_text": {"mlp_layer_types": ["dense"] * 3},
    "dots3_note_vision_encoder": {"mlp_layer_types": ["dense"] * 3},
    "dots3_note_text": {"layer_types": ["indexed_attention"] * 3},
    "emu3": {"vocabulary_map": {"<image>": 5, "<|extra_200|>": 6}},
    "ernie4_5_vl_moe_text": {"rope_parameters": TURNED["rope_parameters"] | {"mrope_section": [1, 1, 2]}},
    "esmc": {"num_key_value_heads": HEADS},
    "falcon_h1": {"mamba_d_ssm": 64},
    "fsmt": {"src_vocab_size": VOCABULARY, "tgt_vocab_size": VOCABULARY},
    "funnel": {"block_sizes": [2, 1], "architectures": ["FunnelModel"]},
    "gemma3n_text": {"num_kv_shared_layers": 0},
    "glm4v_moe_text": HALF_TURNED,
    "glm4v_text": TURNED,
    "glm5_next_text": {
        "qk_rope_head_dim": 0,
        "index_topk": 16,
        "layer_types": ["deepseek_sparse_attention"] * 3,
    },
    "glm_image_text": TURNED,
    "glm_ocr_text": TURNED,
    "gpt_neo": {"attention_types": [[["global", "local", "local"], 1]]},
    "granitemoehybrid": MAMBA_AND_FULL,
    "hunyuan_vl_text": {"rope_parameters": TURNED["rope_parameters"] | {"mrope_section": [1, 1, 1, 1]}},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "kimi_linear": ONE_OF_THREE,
    "layoutlmv3": {"coordinate_size": 5, "shape_size": 6},
    "lfm2": {"layer_types": ["conv", "full_attention", "conv"]},
    "lfm2_moe": {"layer_types": ["conv", "full_attention", "conv"]},
    "lilt": {"hidden_size": 48, "channel_shrink_ratio": 2},
    "mamba2": {"num_heads": 8},
    "longformer": {"attention_window": [8] * LAYERS},
    "longt5": {"local_radius": 5},
    "marian": {"decoder_vocab_size": VOCABULARY, "decoder_start_token_id": 0},
    "minimax_m3_vl_text": SPARSE_AND_FULL,
    "mistral4": {
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e4,
            "llama_4_scaling_beta": 0.1,
            "original_max_position_embeddings": POSITIONS,
        }
    },
    "molmo2_adapter": {"vision_feature_layer": [1, 2]},
    "neomme": {"head_dim": 16},
    "pegasus_x": {"block_size": 8, "num_global_tokens": 4},
    "prophetnet": {
        "num_encoder_layers": LAYERS,
        "num_decoder_layers": LAYERS,
        "num_decoder_attention_heads": HEADS,
    },
    "paddleocr_vl_text": TURNED,
    "qwen2_5_omni_text": TURNED,
    "qwen2_5_vl_text": TURNED,
    "qwen2_vl_text": TURNED,
    "qwen3_5_moe_text": ONE_OF_THREE,
    "qwen3_5_text": ONE_OF_THREE,
    "qwen3_omni_moe_thinker": {"vision_start_token_id": 5},
    "qwen3_next": ONE_OF_THREE,
    "qwen4_exp_text": ONE_OF_THREE | {**INDEXED},
    "t5gemma2_text": {"dropout_rate": 0.0},
    "xmod": {"default_language": "en_XX"},
    "zamba": {
        "num_hidden_layers": 5,
        "layers_block_type": ["linear_attention", "linear_attention", "hybrid", "linear_attention", "hybrid"],
    },
    "zamba2": {"layers_block_type": ["linear_attention", "hybrid", "linear_attention"]},
    "zaya": {"num_experts_per_tok": 1},
}


@cache
def tokenizer(*special: str) -> PreTrainedTokenizerFast:
    """A byte-level BPE of 400 pieces, whose <s> and </s> are put around nothing. special: more of these"""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 10,
        special_tokens=["<pad>", "<s>", "</s>", *special],
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    made.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>")


@cache
def characters() -> CanineTokenizer:
    """CANINE's, which needs no training."""
    return CanineTokenizer()


# SigLIP 2's own class of tokenizer needs an unknown token.
_TOKENIZERS = {"canine": characters, "siglip2": partial(tokenizer, "<unk>", "<bos>", "<eos>", "<mask>")}

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
    "text_hidden_size": WIDTH,
    "audio_pad_token_id": 0,
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
    parts = {
        name: configure(type(part), **SETTINGS.get(part.model_type, {}) | more.pop(name, {})).to_dict()
        for name, part in vars(usual).items()
        if hasattr(part, "to_dict")
    }
    return cls(**asked | parts | more)


def make(kind: str, folder, head: bool | str = False, **more: object):
    """Writes a tiny model of that kind and the tokenizer to a folder; the configuration that it has.

    head: with the language-model head of an encoder–decoder, or of a "causal" model, or with "classes"; more: settings
    beside `SIZES`, in place of the kind's `SETTINGS`"""
    config = configure(CONFIG_MAPPING[kind], **(more or SETTINGS.get(kind, {})))
    torch.manual_seed(0)
    heads = {"causal": AutoModelForCausalLM, "classes": AutoModelForSequenceClassification, False: AutoModel}
    of = heads.get(head, AutoModelForSeq2SeqLM)
    model = of.from_config(config)
    with torch.no_grad():  # attention that means something, so that a wrong scale or mask shows
        for name, weights in model.named_parameters():
            if weights.dim() > 1:
                sharp = any(part in name for part in ("query", "key", "q_", "k_", "qkv", "c_attn", ".q.", ".k."))
                weights.normal_(0, (1.5 if sharp else 0.7) * weights.shape[-1] ** -0.5)
    model.eval().save_pretrained(folder)
    _TOKENIZERS.get(kind, tokenizer)().save_pretrained(folder)
    return config


def edit(folder, file="config.json", **changes):
    """Settings of a file of the model's folder."""
    (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | changes))


def add_weights(folder, **more):
    """Weights beside those that the model knows."""
    file = folder / "model.safetensors"
    save_file(load_file(file) | more, file, metadata={"format": "pt"})
