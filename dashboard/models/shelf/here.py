"""The models on this machine, each looked at without loading it: size, kind, layers, context, licence, memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dashboard.errors import UserError
from dashboard.models import adapter, hub
from dashboard.models.catalogue import CATALOGUE, is_installed, location
from dashboard.models.checkpoint_folder import model_folder, weight_files
from dashboard.models.files import read_json
from dashboard.models.memory import Dtype, dtype_that_fits, free_bytes, gigabytes, needed_bytes
from dashboard.models.shelf import notes
from dashboard.models.weights import headers

Origin = Literal["catalogue", "hub", "folder"]

MOST = 60
"""So many models of the hub's cache are looked at."""

_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads")
_CONTEXT = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx", "model_max_length")
_KINDS = {"ForCausalLM": "causal", "LMHeadModel": "causal", "ForMaskedLM": "encoder", "ForPreTraining": "encoder"}


@dataclass(frozen=True)
class Here:
    """A model on this machine.

    Attributes
    ----------
    name: what opens it; title: for people
    origin: from the catalogue, the hub's cache, or a folder that was opened
    folder: where it lies
    kind: its architecture and, where its files say so, whether it is causal, an encoder or an encoder–decoder
    layers, heads, context: from its configuration; None where that does not say
    licence: "" where it is not known
    stored: how its weights are stored, like "F32"
    numbers, largest: how many numbers its weights are, and those of the largest tensor; 0 where that is not known
    disk: bytes on disk
    ours: whether Two Heads fetched it, so that it may remove it
    wrong: why it cannot be looked at, in a sentence
    """

    name: str
    title: str
    origin: Origin
    folder: Path
    kind: str = ""
    layers: int | None = None
    heads: int | None = None
    context: int | None = None
    licence: str = ""
    stored: str = ""
    numbers: int = 0
    largest: int = 0
    disk: int = 0
    ours: bool = False
    wrong: str = ""

    @property
    def dtype(self) -> Dtype | None:
        """How its weights would be held in memory now; None where they do not fit."""
        return dtype_that_fits(self.numbers, self.largest)


def models_here() -> list[Here]:
    """The models on this machine: of the catalogue, of the hub's cache, and the folders opened before."""
    return [*_of_catalogue(), *_of_hub(), *_of_folders()]


def looked_at(name: str, title: str, origin: Origin, folder: Path, *, licence: str = "", ours: bool = False) -> Here:
    """What a folder's files say of the model in it, read in milliseconds."""
    disk = _size(folder)
    try:
        if folder.is_file() or adapter.is_adapter(folder):
            kind = "GGUF file" if folder.is_file() else "LoRA adapter"
            return Here(name, title, origin, folder, kind, licence=licence, disk=disk, ours=ours)
        inner = model_folder(folder, name)
        config = read_json(inner / "config.json", name)
        tensors = headers(weight_files(inner, name), name)
    except (UserError, OSError, ValueError) as error:
        return Here(name, title, origin, folder, licence=licence, disk=disk, ours=ours, wrong=str(error))
    sizes = [math.prod(shape) for _, shape in tensors.values()]
    kinds = sorted({kind for kind, _ in tensors.values() if kind.startswith(("F", "BF"))})
    return Here(
        name,
        title,
        origin,
        folder,
        _kind(config),
        _number(config, _LAYERS),
        _number(config, _HEADS),
        _number(config, _CONTEXT),
        licence,
        " and ".join(kinds),
        sum(sizes),
        max(sizes, default=0),
        disk,
        ours,
    )


def memory_sentence(numbers: int, largest: int, free: int | None = None) -> str:
    """How much memory a model takes, before it is loaded; and what happens where that is not free."""
    free = free_bytes() if free is None else free
    whole, half = (gigabytes(needed_bytes(numbers, largest, kind)) for kind in ("float32", "bfloat16"))
    match dtype_that_fits(numbers, largest, free):
        case "float32":
            return f"Needs {whole} of memory; {gigabytes(free)} are free."
        case "bfloat16":
            return (
                f"Needs {whole} of memory as 32-bit floats, and {gigabytes(free)} are free. It will be opened as "
                f"bfloat16, which needs {half}."
            )
    return (
        f"Will not fit: it needs {whole} of memory as 32-bit floats, or {half} as bfloat16, and {gigabytes(free)} are "
        "free. Close other programs, or choose a smaller model."
    )


def _of_catalogue() -> list[Here]:
    found = []
    for card in CATALOGUE.values():
        folder = location(card.name)
        if folder is not None and is_installed(card.name):
            found.append(
                looked_at(card.name, card.title, "catalogue", folder, licence=card.licence, ours=not card.embedded)
            )
    return found


def _of_hub() -> list[Here]:
    from huggingface_hub import constants

    try:
        stores = sorted(Path(constants.HF_HUB_CACHE).glob("models--*--*"))[:MOST]
    except OSError:
        return []
    mine, found = notes.fetched(), []
    for store in stores:
        parts = store.name.split("--")
        name = "/".join(parts[1:])
        if len(parts) == 3 and (folder := hub.cached(name)) is not None:
            found.append(looked_at(name, name, "hub", folder, licence=mine.get(name, ""), ours=name in mine))
    return found


def _of_folders() -> list[Here]:
    return [looked_at(str(path), path.name, "folder", path) for path in notes.folders()]


def _kind(config: dict) -> str:
    """``bert, encoder``; the architecture alone where the files do not say more."""
    named = str(config.get("model_type", ""))[:40]
    classes = [str(one) for one in config.get("architectures") or ()]
    if config.get("is_encoder_decoder"):
        return f"{named}, encoder–decoder"
    role = next((role for ending, role in _KINDS.items() for one in classes if one.endswith(ending)), "")
    return f"{named}, {role}" if role else named


def _number(config: dict, names: tuple[str, ...]) -> int | None:
    inner = config.get("text_config")
    for part in (config, inner if isinstance(inner, dict) else {}):
        for name in names:
            value = part.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9:
                return value
    return None


def _size(folder: Path) -> int:
    """Bytes on disk; links of the hub's cache are followed."""
    try:
        if folder.is_file():
            return folder.stat().st_size
        return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
    except OSError:
        return 0
