"""Base model + LoRA adapter → one safetensors folder: ``python -m dashboard.models.merge base prefix adapter folder``.

`dashboard.models.resolve` runs this as a process of its own. Only numbers and lists are taken from an adapter's
configuration: peft would import modules and open pickles that other entries name.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

from dashboard.errors import UserError
from dashboard.models.adapter import CONFIG, WEIGHTS
from dashboard.models.files import read_json
from dashboard.models.fits import class_of
from dashboard.models.made import as_process
from dashboard.models.weights import renaming

_FIRST = "base_model.model."
_LORA = re.compile(r"\.(lora_[AB]|lora_embedding_[AB]|lora_magnitude_vector)(\.weight|\.bias)?$")
_TOKENS = (".json", ".txt", ".model", ".jinja")
_SETTINGS = ("lora_alpha", "use_rslora", "use_dora", "fan_in_fan_out", "alpha_pattern", "lora_bias")


def merge(base: Path, prefix: str, adapter: Path, folder: Path) -> None:
    """Writes the base model with the adapter's changes added to its weights, in float32, and the tokenizer's files.

    prefix: what a wrapper has put before the names of all weights of the base model

    Raises UserError where the adapter does not fit the base model.
    """
    import torch
    from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
    from safetensors.torch import load_file
    from transformers import AutoConfig

    adapter_config = read_json(adapter / CONFIG, adapter.name)
    tensors = load_file(adapter / WEIGHTS)
    config = AutoConfig.from_pretrained(base, trust_remote_code=False, local_files_only=True)
    model: Any = _kind(config).from_pretrained(
        base,
        config=config,
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        key_mapping=renaming(prefix),
    )
    low_rank, whole = _sorted(tensors, model)
    if not low_rank and not whole:
        raise UserError(f"The adapter “{adapter.name}” changes nothing in “{base.name}”. It is for another model.")
    _replace(model, whole)
    if low_rank:
        ranks = {
            re.escape(name): tensor.shape[0]
            for name, entries in low_rank.items()
            for key, tensor in entries.items()
            if key.startswith((".lora_A", ".lora_embedding_A"))
        }
        settings = {key: adapter_config[key] for key in _SETTINGS if adapter_config.get(key) is not None}
        lora = LoraConfig(**settings, target_modules=sorted(low_rank), rank_pattern=ranks)
        wrapped = get_peft_model(model, lora)
        state = {f"{_FIRST}{name}{key}": t for name, entries in low_rank.items() for key, t in entries.items()}
        loaded = set_peft_model_state_dict(wrapped, state)
        if odd := [*loaded.unexpected_keys, *(key for key in loaded.missing_keys if "lora_" in key)]:
            raise _misfit(adapter, base, odd[0])
        model = wrapped.merge_and_unload()
    model.save_pretrained(folder, max_shard_size="1TB")
    tokens = adapter if any(adapter.glob("tokenizer*")) or any(adapter.glob("*.model")) else base
    for file in sorted(tokens.iterdir()):
        others = ("adapter_", "config.", "generation_", "trainer_", "model.safetensors")
        if file.is_file() and file.suffix in _TOKENS and not file.name.startswith(others):
            shutil.copyfile(file, folder / file.name)


def _kind(config: Any) -> Any:
    """The class of the base model: the language model that its configuration names, else the base model alone."""
    import transformers
    from transformers import AutoModel

    known = transformers.models.auto.modeling_auto
    languages = (known.MODEL_FOR_CAUSAL_LM_MAPPING, known.MODEL_FOR_MASKED_LM_MAPPING)
    for mapping in languages:
        if type(config) in mapping and [class_of(mapping, config).__name__] == list(config.architectures or ()):
            return class_of(mapping, config)
    return AutoModel


def _sorted(tensors: dict, model) -> tuple[dict[str, dict], dict]:
    """What the adapter adds, by module of the model; and the weights that it replaces, by their names.

    An adapter trained on a model with a head names its modules from there (``bert.encoder…``), one trained on the base
    model alone does not: what is meant is found by looking. A head of its own (a classifier) is left away, as it would
    be with a whole model.
    """
    modules, parameters = dict(model.named_modules()), dict(model.named_parameters(remove_duplicate=False))
    prefix, tops = f"{model.base_model_prefix}.", {name for name, _ in model.base_model.named_children()}
    low_rank: dict[str, dict] = {}
    whole: dict = {}
    for key, tensor in tensors.items():
        name = key.removeprefix(_FIRST)
        if ".original_module." in name:  # the base model's own, saved next to what replaces it
            continue
        part = _LORA.search(name)
        path = name[: part.start()] if part else name.replace(".modules_to_save", "").replace(".base_layer", "")
        known = modules if part else parameters
        found = next((p for p in (path, path.removeprefix(prefix), prefix + path) if p in known), None)
        if part and found:
            low_rank.setdefault(found, {})[name[part.start() :]] = tensor
        elif found:
            whole[found] = tensor
        elif part or "token_adapter" in path or path.removeprefix(prefix).partition(".")[0] in tops:
            raise UserError(
                f"The adapter does not fit its base model, which has no “{path[:80]}”. "
                "Check base_model_name_or_path in its adapter_config.json."
            )
    return low_rank, whole


def _replace(model, whole: dict) -> None:
    """Puts whole weights of the adapter in place of the model's; embeddings may have got more rows."""
    import torch

    if embedded := model.get_input_embeddings():
        rows = {t.shape[0] for n, t in whole.items() if model.get_parameter(n) is embedded.weight}
        if rows and rows != {embedded.weight.shape[0]}:
            model.resize_token_embeddings(max(rows), mean_resizing=False)
    with torch.no_grad():
        for name, tensor in whole.items():
            parameter = model.get_parameter(name)
            if parameter.shape != tensor.shape:
                raise UserError(
                    f"The adapter's “{name[:80]}” is {tuple(tensor.shape)}, its base model's "
                    f"{tuple(parameter.shape)}. It is for another model."
                )
            parameter.copy_(tensor)


def _misfit(adapter: Path, base: Path, name: str) -> UserError:
    return UserError(
        f"The weights of the adapter “{adapter.name}” do not fit “{base.name}” ({name[:80]}). "
        "Check base_model_name_or_path in its adapter_config.json."
    )


def main(arguments: list[str]) -> None:
    """What the process does. arguments: base, prefix, adapter, folder."""
    as_process(lambda base, prefix, *folders: merge(Path(base), prefix, *map(Path, folders)), *arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
