"""A folder with a model in it: is all there that loading needs? Read without torch, in milliseconds."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path

from dashboard.errors import UserError

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
)


def check_folder(folder: Path, called: str) -> None:
    """Raises UserError, one sentence for each case, unless the folder holds a whole safetensors model.

    Looked at: the weights (present, safetensors, every shard there, header and length sound), config.json
    (present, readable, naming its model type, asking for no code of its own, not quantised), the tokenizer.
    `called` is what the person typed.
    """
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise UserError(f"The folder “{called}” cannot be read: {error.strerror}.") from None
    _check_config(folder, names, called)
    for weights in weight_files(folder, called):
        _check_safetensors(weights, called)
    if not names.intersection(TOKENIZER_FILES):
        raise UserError(
            f"“{called}” has no tokenizer. Put its tokenizer.json beside the weights "
            "(tokenizer.save_pretrained writes it)."
        )


def weight_files(folder: Path, called: str) -> list[Path]:
    """The safetensors files of a model: one, or the shards that its index names. Raises UserError."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if not index.is_file():
        raise UserError(_no_weights(folder, called))
    try:
        shards = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        sound = shards and all(isinstance(s, str) and s == os.path.basename(s) for s in shards)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise UserError(f"The list of weight files in “{called}” ({index.name}) is damaged. Copy it again.")
    missing = [s for s in shards if not (folder / s).is_file()]
    if missing:
        raise UserError(
            f"“{called}” is incomplete: {len(missing)} of {len(shards)} weight files are missing, "
            f"{missing[0]} first. Copy or download them again."
        )
    return [folder / s for s in shards]


def weights_sha256(files: list[Path]) -> str:
    """The sha256 of a model's weights, in hexadecimal: of the one file, or of its shards' hashes in a row.

    Computed once per file, size and time of change within this process.
    """
    hashes = []
    for file in files:
        stat = file.stat()
        hashes.append(_sha256(str(file), stat.st_size, stat.st_mtime_ns))
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


@lru_cache(maxsize=256)
def _sha256(path: str, size: int, mtime_ns: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _no_weights(folder: Path, called: str) -> str:
    pickles = sorted(p.name for p in folder.iterdir() if p.suffix in PICKLES)
    if pickles:
        return pickle_only(called, pickles[0])
    return (
        f"“{called}” holds no weights: a model.safetensors is expected beside its config.json. "
        "Choose another folder or copy the weights there."
    )


def pickle_only(called: str, file: str) -> str:
    """The sentence for a model whose weights come as a pickle only."""
    return (
        f"“{called}” has its weights as a pickle only ({file}), and a pickle can run any code. "
        "Two Heads opens safetensors only: convert it with model.save_pretrained(folder), "
        "or choose a model that has model.safetensors."
    )


def _check_config(folder: Path, names: set[str], called: str) -> None:
    if "config.json" not in names:
        if any(name.endswith(".gguf") for name in names):
            raise UserError(f"“{called}” holds a GGUF file only. Convert it to safetensors first.")
        has_weights = "model.safetensors" in names or "model.safetensors.index.json" in names
        if not has_weights:
            raise UserError(_no_weights(folder, called))
        raise UserError(f"“{called}” has no config.json. Copy it from where the weights come from.")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise UserError(f"The config.json of “{called}” is damaged. Copy it again.") from None
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise UserError(f"The config.json of “{called}” names no model type, so it cannot be opened.")
    if config.get("quantization_config"):
        raise UserError(
            f"The weights of “{called}” are quantised. Two Heads reads plain float weights: "
            "choose the model they were made from."
        )


def _check_safetensors(file: Path, called: str) -> None:
    """The format: 8 bytes with the header's length, a JSON header, then the tensors up to the file's end."""
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            size = file.stat().st_size
            header = json.loads(stream.read(length)) if 0 < length <= size - 8 else None
        end = max(t["data_offsets"][1] for name, t in header.items() if name != "__metadata__")
        sound = size == 8 + length + end
    except OSError as error:
        raise UserError(f"{file.name} in “{called}” cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise UserError(f"The weights of “{called}” ({file.name}) are damaged or cut off. Copy them again.")
