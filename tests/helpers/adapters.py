"""LoRA adapters and the small base models that they change."""

import json
import shutil

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    BertConfig,
    BertModel,
)

from dashboard.models import find

SIZES = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 16,
    "vocab_size": 30522,
}


def tokenizer_files(folder):
    for file in find("minilm").folder.glob("*token*"):
        shutil.copy(file, folder)
    return folder


def base_of(folder, kind=BertModel, config=None):
    torch.manual_seed(0)
    kind(config or BertConfig(**SIZES)).save_pretrained(folder)
    return tokenizer_files(folder)


def adapter_of(model, folder, base, **how):
    """An adapter with weights that count, saved as peft does; and the model with it merged in."""
    torch.manual_seed(1)
    targets = how.pop("target_modules", ["query", "value"])
    wrapped = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=targets, **how))
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                parameter.normal_(0, 0.1)
    wrapped.peft_config["default"].base_model_name_or_path = str(base)
    wrapped.save_pretrained(folder)
    return wrapped.merge_and_unload()


def change(folder, **changes):
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
