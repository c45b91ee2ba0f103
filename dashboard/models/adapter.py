"""A folder that holds a LoRA adapter: what it says of itself. Read without torch or peft."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

from dashboard.errors import UserError
from dashboard.models.checkpoint_folder import TOKENIZER_FILES, weights_sha256
from dashboard.models.files import check_files, read_json
from dashboard.models.weights import header

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_ALTERED = ("pissa", "olora", "corda", "loftq", "eva", "lora_ga")
"""Ways to begin that may change the base model's own weights, which an adapter's folder does not hold."""
_SAFE_BEGINNINGS = (True, False, None, "gaussian", "orthogonal", "eva")


@dataclass(frozen=True)
class Adapter:
    """An adapter: its folder, the name and revision of its base model, the hash of what it changes."""

    folder: Path
    base: str
    key: str
    has_tokenizer: bool


def is_adapter(folder: Path) -> bool:
    """True for a folder with an adapter and no whole model. What lies there is not looked at."""
    return (folder / CONFIG).exists() and not _is_model(folder)


def refuse_both(folder: Path, called: str) -> None:
    """Raises UserError for a folder with a whole model and an adapter: it is not clear which one is meant."""
    if (folder / CONFIG).exists() and _is_model(folder):
        raise UserError(
            f"“{called}” holds a whole model and an adapter beside it. Put the adapter ({CONFIG} and its weights) "
            "into a folder of its own to open the two together. Take it away to open the model alone."
        )


def _is_model(folder: Path) -> bool:
    return (folder / "config.json").exists() and (
        (folder / "model.safetensors").exists() or (folder / "model.safetensors.index.json").exists()
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def read(folder: Path, called: str) -> Adapter:
    """Raises UserError unless the folder holds a LoRA adapter in safetensors that names its base model."""
    names = check_files(folder, called)
    config = read_json(folder / CONFIG, called)
    kind = str(config.get("peft_type"))[:40]
    if kind.upper() != "LORA":
        raise UserError(
            f"“{called}” is an adapter of the type {kind}. Two Heads merges LoRA adapters into their base model: "
            "merge it yourself with model.merge_and_unload().save_pretrained(folder), where its type allows that."
        )
    if WEIGHTS not in names:
        if "adapter_model.bin" in names:
            raise UserError(
                f"“{called}” is a LoRA adapter whose weights are a pickle (adapter_model.bin), and a pickle can run "
                "any code. Save it again as safetensors: load it with peft where you trust it, then "
                "model.save_pretrained(folder)."
            )
        raise UserError(f"“{called}” is a LoRA adapter without its weights. Copy {WEIGHTS} there.")
    header(folder / WEIGHTS, called)
    alphas = config.get("alpha_pattern") or {}
    scales = [config.get("lora_alpha"), *(alphas.values() if isinstance(alphas, dict) else [alphas])]
    if not isinstance(alphas, dict) or not all(scale is None or _is_number(scale) for scale in scales):
        raise UserError(f"The {CONFIG} of the adapter “{called}” is damaged: lora_alpha is no number. Copy it again.")
    begun = config.get("init_lora_weights")
    if begun not in _SAFE_BEGINNINGS and str(begun).lower().startswith(_ALTERED):
        raise UserError(
            f"The adapter “{called}” was initialised by {str(begun)[:20]}, which also changes the base model's "
            "weights. These are not in its folder. Merge it where it was made: "
            "model.merge_and_unload().save_pretrained(folder)."
        )
    base, revision = config.get("base_model_name_or_path"), config.get("revision")
    if not isinstance(base, str) or not base.strip():
        raise UserError(
            f"The adapter “{called}” does not say for which model it was made. Write that model's name or folder "
            f"as base_model_name_or_path into its {CONFIG}."
        )
    if isinstance(revision, str) and revision not in ("", "main") and "/" in base and "@" not in base:
        base = f"{base}@{revision}"
    with_tokenizer = bool(names.intersection(TOKENIZER_FILES)) or any(name.endswith(".model") for name in names)
    settings = json.dumps(config, sort_keys=True).encode()
    tokenizer = [name for name in sorted(names) if name.endswith((".txt", ".model")) or "token" in name]
    parts = [folder / WEIGHTS, *(folder / name for name in tokenizer if (folder / name).is_file())]
    key = hashlib.sha256(settings + weights_sha256(parts).encode()).hexdigest()
    return Adapter(folder, base, key, with_tokenizer)
