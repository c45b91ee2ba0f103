"""A folder with a model in it: is all there that loading needs? Read without torch, in milliseconds."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from dashboard.errors import UserError
from dashboard.models import lacking
from dashboard.models.files import check_files, read_json
from dashboard.models.lacking import PICKLES, pickle_only
from dashboard.models.waiting import pause
from dashboard.models.weights import headers, shard_names

__all__ = ["PICKLES", "check_folder", "model_folder", "pickle_only", "weight_files", "weights_sha256"]

TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "tekken.json")
"""One of these, or a SentencePiece model (``*.model``), is the tokenizer."""

_TRANSFORMERS = (
    "Transformer",
    "BERT",
    "RoBERTa",
    "DistilBERT",
    "ALBERT",
    "CamemBERT",
    "XLMRoBERTa",
    "XLNet",
    "T5",
)
"""What sentence-transformers has called the transformer of a pipeline."""


def check_folder(folder: Path, called: str) -> None:
    """Raises UserError, one sentence for each case, unless the folder holds a whole safetensors model.

    Looked at: every file that would be read is an ordinary one; the weights (present, safetensors, every shard there,
    header and length sound), config.json (present, readable, naming its model type, not quantised), the tokenizer.
    `called` is what the person typed.
    """
    names = check_files(folder, called)
    config = _config(folder, names, called)
    lacking.check_quantised(config, (), called)
    files = weight_files(folder, called)
    lacking.check_quantised(config, headers(files, called), called)
    has_vocabulary = names.intersection(TOKENIZER_FILES) or any(name.endswith(".model") for name in names)
    if not has_vocabulary and not lacking.needs_no_vocabulary(folder, names, config, called):
        raise UserError(lacking.no_tokenizer(folder, names, config, called))


def model_folder(folder: Path, called: str) -> Path:
    """Where the transformer lies: the folder itself, or the one in it that sentence-transformers names.

    Its modules.json lists a pipeline; in old folders the transformer is in ``0_Transformer`` or the like.
    """
    listed = folder / "modules.json"
    if (folder / "config.json").is_file() or not listed.is_file():
        old = folder / "0_Transformer"
        return old if not (folder / "config.json").exists() and (old / "config.json").is_file() else folder
    check_files(folder, called)
    try:
        modules = json.loads(listed.read_text(encoding="utf-8"))
        [path] = [m["path"] for m in modules if m["type"].rpartition(".")[2] in _TRANSFORMERS]
        sound = Path(path).name == path and (folder / path).is_dir()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise UserError(
            f"The modules.json of “{called}” names no transformer that lies in it. "
            "Copy the folder again, or name the one in it that holds config.json."
        )
    return folder / path


def weight_files(folder: Path, called: str) -> list[Path]:
    """The safetensors files of a model: one, or the shards that its index names. Raises UserError."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if not index.is_file():
        raise UserError(lacking.no_weights(folder, called))
    try:
        shards = shard_names(read_json(index, called, largest=100_000_000))
    except UserError:
        shards = None
    if shards is None:
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
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while part := stream.read(1 << 22):
            digest.update(part)
            pause()
    return digest.hexdigest()


def _config(folder: Path, names: set[str], called: str) -> dict:
    if "config.json" not in names:
        if "model.safetensors" not in names and "model.safetensors.index.json" not in names:
            raise UserError(lacking.no_weights(folder, called))
        raise UserError(f"“{called}” has no config.json. Copy it from where the weights come from.")
    try:
        config = read_json(folder / "config.json", called)
    except UserError as wrong:
        if "damaged" in str(wrong) and _is_json(folder / "config.json"):
            config = {}
        else:
            raise
    if not isinstance(config.get("model_type"), str):
        raise UserError(f"The config.json of “{called}” names no model type, so it cannot be opened.")
    return config


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return True
