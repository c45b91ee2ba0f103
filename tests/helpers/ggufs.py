"""GGUF files of tiny models of several kinds, written as llama.cpp's converter writes them."""

from __future__ import annotations

import json

import gguf
import numpy as np
import torch
from transformers import AutoModelForCausalLM
from transformers.integrations.ggml import GGUF_CONFIG_MAPPING
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from tests.helpers import tiny

# kind → settings beside `tiny.SIZES`; then its name in GGUF where that is another
KINDS: dict[str, dict] = {
    "bloom": {},
    "falcon": {"new_decoder_architecture": False, "multi_query": True, "num_kv_heads": 1, "alibi": False},
    "gemma2": {"attn_logit_softcapping": 8.0, "final_logit_softcapping": 5.0, "query_pre_attn_scalar": 8},
    "gemma3_text": {},
    "gpt2": {},
    "llama": {},
    "mamba": {},
    "mistral": {"sliding_window": None},
    "nemotron": {},
    "phi3": {},
    "qwen2": {},
    "qwen3": {},
    "stablelm": {"use_qkv_bias": True},
    "starcoder2": {"rope_parameters": {"rope_type": "default", "rope_theta": 999999.0}},
}
NAMES = {"gemma3_text": "gemma3", "mistral": "llama"}


def write(kind: str, path, **more: object):
    """Writes the file; the language model that it was made from. more: settings of the file itself"""
    torch.manual_seed(1)
    config = tiny.configure(CONFIG_MAPPING[kind], **KINDS[kind])
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(0, 1.5 * weights.shape[-1] ** -0.5) if weights.dim() > 1 else weights.uniform_(0.5, 1.5)
    name = NAMES.get(kind, kind)
    file = gguf.GGUFWriter(str(path), name)
    if kind == "mistral":
        file.add_name("a mistral")
    _settings(file, name, config, more)
    (_letters if name.startswith("gemma") else _tokens)(file)
    layers = getattr(config, "num_hidden_layers", tiny.LAYERS)
    arch = next(key for key, said in gguf.MODEL_ARCH_NAMES.items() if said == name)
    names = gguf.get_tensor_name_map(arch, layers)
    tied = getattr(config, "tie_word_embeddings", False)
    for own, weights in model.state_dict().items():
        if own.endswith((".attn.bias", "masked_bias")) or (tied and own == "lm_head.weight"):
            continue
        bare = own.removeprefix("transformer.")
        theirs = next(filter(None, (names.get_name(one, try_suffixes=(".weight", ".bias")) for one in (own, bare))), "")
        assert theirs, own
        made = _as_written(name, own, weights.float(), config)
        file.add_tensor(theirs, np.ascontiguousarray(made.numpy().astype(np.float32)))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return model


def _settings(file, name: str, config, more: dict) -> None:
    said = {}
    for key, own in GGUF_CONFIG_MAPPING[name].items():
        value = getattr(config, own, None) if own else None
        if own == "rope_theta" and value is None:
            value = (getattr(config, "rope_parameters", None) or {}).get("rope_theta")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            said[key] = value
    rope = getattr(config, "rope_parameters", None)
    if isinstance(rope, dict) and "rope_theta" in rope:
        said["rope.freq_base"] = float(rope["rope_theta"])
    if positions := getattr(config, "max_position_embeddings", None):
        said["context_length"] = positions
    inner = next((getattr(config, one) for one in ("n_inner", "ffn_hidden_size") if hasattr(config, one)), None)
    said |= {"feed_forward_length": inner} if inner else {}
    if getattr(config, "head_dim", None):
        said["attention.key_length"] = config.head_dim
    if getattr(config, "sliding_window", None):
        said["attention.sliding_window"] = config.sliding_window
    if name == "gemma2":
        said |= {
            "attn_logit_softcapping": config.attn_logit_softcapping,
            "final_logit_softcapping": config.final_logit_softcapping,
        }
    for key, value in (said | more).items():
        add = {str: file.add_string, float: file.add_float32, int: file.add_uint32}[type(value)]
        add = file.add_int32 if isinstance(value, int) and value < 0 else add
        add(f"{name}.{key}", value)


def _tokens(file) -> None:
    made = json.loads(tiny.tokenizer().backend_tokenizer.to_str())["model"]
    words = sorted(made["vocab"], key=made["vocab"].get)
    words += [f"<unused{k}>" for k in range(tiny.VOCABULARY - len(words))]
    file.add_tokenizer_model("gpt2")
    file.add_token_list(words)
    file.add_token_types([3 if k < 3 else 1 for k in range(len(words))])
    file.add_token_merges([" ".join(pair) if isinstance(pair, list) else pair for pair in made["merges"]])
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_pad_token_id(0)


def _letters(file) -> None:
    """As the files of Gemma have it: SentencePiece."""
    letters = [chr(code) for code in range(33, 127)]
    words = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{k:02X}>" for k in range(256)), "▁", *letters]
    words += [f"<unused{k}>" for k in range(tiny.VOCABULARY - len(words))]
    file.add_tokenizer_model("llama")
    file.add_token_list(words)
    file.add_token_scores([-float(k) for k in range(len(words))])
    file.add_token_types([3, 3, 3, 2] + [6] * 256 + [1] * (len(words) - 260))
    file.add_bos_token_id(2)
    file.add_eos_token_id(1)
    file.add_unk_token_id(3)
    file.add_pad_token_id(0)


def _as_written(name: str, own: str, weights: torch.Tensor, config) -> torch.Tensor:
    """What llama.cpp's converter makes of a weight."""
    if name == "llama" and own.endswith(("q_proj.weight", "k_proj.weight")):
        heads = config.num_attention_heads if "q_proj" in own else config.num_key_value_heads
        return weights.reshape(heads, 2, -1, weights.shape[1]).swapaxes(1, 2).reshape(weights.shape)
    if name in ("gemma2", "gemma3", "nemotron") and own.endswith("norm.weight"):
        return weights + 1
    if name == "nemotron" and "layernorm.weight" in own:
        return weights + 1
    if name == "gpt2" and own.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight")):
        return weights.T
    if name == "bloom" and "query_key_value" in own:
        three = weights.reshape(config.n_head, 3, -1, *weights.shape[1:])
        return torch.cat([three[:, k].reshape(-1, *weights.shape[1:]) for k in range(3)])
    if name == "mamba" and own.endswith("A_log"):
        return -weights.exp()
    if name == "mamba" and own.endswith("conv1d.weight"):
        return weights.squeeze(1)
    return weights


def write_llama(path, layers=2, width=32, claims=None):
    """A small Llama, with the bytes and a few tokens as its vocabulary; the weights are returned."""
    file = gguf.GGUFWriter(str(path), "llama")
    letters = [chr(code) for code in range(97, 123)]
    words = ["<unk>", "<s>", "</s>", *(f"<0x{k:02X}>" for k in range(256)), "▁", *letters, "he", "▁h", "▁he", "▁t"]
    file.add_context_length(64)
    file.add_embedding_length(width)
    file.add_block_count(claims or layers)
    file.add_feed_forward_length(48)
    file.add_head_count(4)
    file.add_head_count_kv(2)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_dimension_count(width // 4)
    file.add_vocab_size(len(words))
    file.add_tokenizer_model("llama")
    file.add_token_list(words)
    file.add_token_scores([-float(k) for k in range(len(words))])
    file.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(words) - 259))
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_unk_token_id(0)
    rng, weights = np.random.default_rng(0), {}

    def add(name, *shape):
        weights[name] = rng.normal(0, 0.2, shape).astype(np.float32 if len(shape) == 1 else np.float16)
        file.add_tensor(name, weights[name])

    add("token_embd.weight", len(words), width)
    add("output_norm.weight", width)
    add("output.weight", len(words), width)
    for k in range(layers):
        for name, *shape in (
            ("attn_norm", width),
            ("ffn_norm", width),
            ("attn_q", width, width),
            ("attn_k", width // 2, width),
            ("attn_v", width // 2, width),
            ("attn_output", width, width),
            ("ffn_gate", 48, width),
            ("ffn_up", 48, width),
            ("ffn_down", width, 48),
        ):
            add(f"blk.{k}.{name}.weight", *shape)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return weights
