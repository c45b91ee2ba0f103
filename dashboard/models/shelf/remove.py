"""Removing a model that Two Heads fetched itself: of the catalogue, or of the hub."""

from __future__ import annotations

import shutil
from pathlib import Path

from dashboard import serving
from dashboard.errors import UserError
from dashboard.models.catalogue import CATALOGUE, location
from dashboard.models.shelf import notes


def remove(name: str) -> None:
    """Remove a fetched model from the disk; does nothing where it is gone already.

    Raises UserError for a model that Two Heads did not fetch, and where removing fails.
    """
    serving.own_machine_only("Models are removed")
    folder = _folder(name)
    gone = folder.with_name(f".{folder.name}-gone")
    try:
        shutil.rmtree(gone, ignore_errors=True)  # left by a removal that was stopped
        if folder.exists():
            folder.rename(gone)  # in one step, so that nobody opens a half of it
            shutil.rmtree(gone)
    except OSError as error:
        raise UserError(
            f"“{folder}” cannot be removed: {error.strerror}. Close what has it open, or remove the folder yourself."
        ) from error
    notes.forget_fetched(name)


def _folder(name: str) -> Path:
    if name in CATALOGUE:
        folder = location(name)
        if CATALOGUE[name].embedded or folder is None:
            raise UserError(f"{CATALOGUE[name].title} comes with the installation and stays. Choose another model.")
        return folder
    if name not in notes.fetched():
        raise UserError(f"“{name}” was not fetched by Two Heads, so it stays. Remove it where it came from.")
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model")
