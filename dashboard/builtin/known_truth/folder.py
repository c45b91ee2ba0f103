"""A hand-written model as a folder of the library: weights, configuration and tokenizer."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor

from dashboard.builtin.known_truth.known_model import Known
from dashboard.models.twin.source import JOBS


def write_folder(known: Known, folder: Path) -> Path:
    """Writes model.safetensors, config.json, tokenizer.json and `JOBS`; the folder itself, which is made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    config, weights = _TYPES[known.type](known)
    single = {name: tensor.to(torch.float32).contiguous() for name, tensor in weights.items()}
    save_file(single, folder / "model.safetensors", metadata={"format": "pt"})
    _json(folder / "config.json", config)
    _tokenizer(known, folder)
    _json(
        folder / JOBS,
        {str(head): {"jobs": sorted(jobs), "says": known.says[head]} for head, jobs in known.jobs.items()},
    )
    return folder


def _gpt2(known: Known) -> tuple[dict, dict[str, Tensor]]:
    width, layers = known.space.width, len(known.layers)
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": len(known.vocabulary),
        "n_positions": len(known.places),
        "n_embd": width,
        "n_layer": layers,
        "n_head": known.layers[0].heads,
        "n_inner": 1,
        "layer_norm_epsilon": 1e-12,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "tie_word_embeddings": False,
    }
    identity, nothing = torch.full((width,), known.deviation), torch.zeros(width)
    weights = {
        "transformer.wte.weight": known.space.levelled(known.words),
        "transformer.wpe.weight": known.places,
        "transformer.ln_f.weight": _without_balance(identity),
        "transformer.ln_f.bias": nothing,
    }
    for number, layer in enumerate(known.layers):
        place = f"transformer.h.{number}"
        for norm in ("ln_1", "ln_2"):
            weights |= {f"{place}.{norm}.weight": identity.clone(), f"{place}.{norm}.bias": nothing.clone()}
        weights |= {
            f"{place}.attn.c_attn.weight": torch.cat([layer.w_q, layer.w_k, layer.w_v], 1),
            f"{place}.attn.c_attn.bias": torch.zeros(3 * width),
            f"{place}.attn.c_proj.weight": layer.w_o,
            f"{place}.attn.c_proj.bias": nothing.clone(),
            f"{place}.mlp.c_fc.weight": torch.zeros(width, 1),
            f"{place}.mlp.c_fc.bias": torch.zeros(1),
            f"{place}.mlp.c_proj.weight": torch.zeros(1, width),
            f"{place}.mlp.c_proj.bias": nothing.clone(),
        }
    if known.unembedding is not None:
        weights["lm_head.weight"] = known.unembedding
    else:
        config["architectures"] = ["GPT2Model"]
        weights = {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}
    return config, weights


def _bert(known: Known) -> tuple[dict, dict[str, Tensor]]:
    width = known.space.width
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": len(known.vocabulary),
        "max_position_embeddings": len(known.places),
        "type_vocab_size": 1,
        "hidden_size": width,
        "num_hidden_layers": len(known.layers),
        "num_attention_heads": known.layers[0].heads,
        "intermediate_size": 1,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 2,
    }
    identity, nothing = torch.full((width,), known.deviation), torch.zeros(width)
    weights = {
        "embeddings.word_embeddings.weight": known.space.levelled(known.words),
        "embeddings.position_embeddings.weight": known.places,
        "embeddings.token_type_embeddings.weight": torch.zeros(1, width),
        "embeddings.LayerNorm.weight": identity,
        "embeddings.LayerNorm.bias": nothing,
        "pooler.dense.weight": torch.zeros(width, width),
        "pooler.dense.bias": nothing.clone(),
    }
    for number, layer in enumerate(known.layers):
        place = f"encoder.layer.{number}"
        for name, matrix in (("query", layer.w_q), ("key", layer.w_k), ("value", layer.w_v)):
            weights |= {
                f"{place}.attention.self.{name}.weight": matrix.T,
                f"{place}.attention.self.{name}.bias": nothing.clone(),
            }
        last = number == len(known.layers) - 1
        weights |= {
            f"{place}.attention.output.dense.weight": layer.w_o.T,
            f"{place}.attention.output.dense.bias": nothing.clone(),
            f"{place}.attention.output.LayerNorm.weight": identity.clone(),
            f"{place}.attention.output.LayerNorm.bias": nothing.clone(),
            f"{place}.intermediate.dense.weight": torch.zeros(1, width),
            f"{place}.intermediate.dense.bias": torch.zeros(1),
            f"{place}.output.dense.weight": torch.zeros(width, 1),
            f"{place}.output.dense.bias": nothing.clone(),
            f"{place}.output.LayerNorm.weight": _without_balance(identity) if last else identity.clone(),
            f"{place}.output.LayerNorm.bias": nothing.clone(),
        }
    return config, weights


def _t5(known: Known) -> tuple[dict, dict[str, Tensor]]:
    """Only cross attention does anything: all other attention and all feed-forward layers write zeros."""
    width, layers, heads = known.space.width, len(known.layers), known.layers[0].heads
    config = {
        "architectures": ["T5ForConditionalGeneration"],
        "model_type": "t5",
        "vocab_size": len(known.vocabulary),
        "d_model": width,
        "d_kv": width // heads,
        "d_ff": 1,
        "num_layers": 1,
        "num_decoder_layers": layers,
        "num_heads": heads,
        "relative_attention_num_buckets": 8,
        "layer_norm_epsilon": 1e-12,
        "is_encoder_decoder": True,
        "decoder_start_token_id": 0,
        "pad_token_id": 0,
        "eos_token_id": 1,
    }
    identity, square = torch.full((width,), known.deviation), torch.zeros(width, width)
    weights = {"shared.weight": known.space.levelled(known.words)}
    for stack, depth in (("encoder", 1), ("decoder", layers)):
        weights[f"{stack}.final_layer_norm.weight"] = _without_balance(identity)
        first = f"{stack}.block.0.layer.0.SelfAttention"
        weights[f"{first}.relative_attention_bias.weight"] = torch.zeros(8, heads)
        for number in range(depth):
            place = f"{stack}.block.{number}.layer"
            last = 2 if stack == "decoder" else 1
            weights |= {f"{place}.0.SelfAttention.{name}.weight": square.clone() for name in "qkvo"}
            weights |= {f"{place}.{at}.layer_norm.weight": identity.clone() for at in range(last + 1)}
            weights[f"{place}.{last}.DenseReluDense.wi.weight"] = torch.zeros(1, width)
            weights[f"{place}.{last}.DenseReluDense.wo.weight"] = torch.zeros(width, 1)
    for number, layer in enumerate(known.layers):
        place = f"decoder.block.{number}.layer.1.EncDecAttention"
        matrices = (layer.w_q * (width // heads) ** -0.5, layer.w_k, layer.w_v, layer.w_o)  # T5 scales no score
        weights |= {f"{place}.{name}.weight": matrix.T for name, matrix in zip("qkvo", matrices, strict=True)}
    return config, weights


_TYPES = {"gpt2": _gpt2, "bert": _bert, "t5": _t5}


def _without_balance(identity: Tensor) -> Tensor:
    """The last norm leaves the balance out, which would drown all else in a comparison of vectors."""
    last = identity.clone()
    last[-2:] = 0
    return last


def _tokenizer(known: Known, folder: Path) -> None:
    """Words are split at white space; what is none of the vocabulary is “[UNK]”."""
    first, *others = known.vocabulary[: known.special]
    made = Tokenizer(
        models.WordLevel({word: number for number, word in enumerate(known.vocabulary)}, unk_token="[UNK]")
    )
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.add_special_tokens([first, *others])
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]", "pad_token": "[PAD]"}
    if known.causal:
        settings |= {"bos_token": first, "eos_token": first}
    elif known.two_texts:
        settings |= {"eos_token": others[0]}
        made.post_processor = processors.TemplateProcessing(
            single=f"$A {others[0]}", pair=f"$A {others[0]} $B {others[0]}", special_tokens=[(others[0], 1)]
        )
    else:
        settings |= {"cls_token": first, "sep_token": others[0]}
        made.post_processor = processors.TemplateProcessing(
            single=f"{first} $A {others[0]}",
            pair=f"{first} $A {others[0]} $B {others[0]}",
            special_tokens=[(first, 0), (others[0], 1)],
        )
    made.save(str(folder / "tokenizer.json"))
    _json(folder / "tokenizer_config.json", settings | {"model_max_length": len(known.places)})


def _json(file: Path, content: dict) -> None:
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
