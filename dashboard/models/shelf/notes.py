"""What Two Heads keeps of the models that it fetched, and of the folders that were opened: one small file."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from dashboard.errors import UserError
from dashboard.files import atomically, cache_dir

MOST_FOLDERS = 12
"""So many folders are remembered, those opened last."""


def fetched() -> dict[str, str]:
    """The hub's models that Two Heads fetched itself: owner/name → licence, "" where the hub named none."""
    return _read()["fetched"]


def note_fetched(repo: str, licence: str) -> None:
    """Note that Two Heads fetched a model of the hub. Without leave to write, nothing is noted."""
    _change(lambda notes: notes["fetched"].update({repo: licence}))


def forget_fetched(repo: str) -> None:
    """Drop the note of a model that was removed."""
    _change(lambda notes: notes["fetched"].pop(repo, None))


def folders() -> list[Path]:
    """The folders and GGUF files that were opened, the last one first; those that are gone are left out."""
    return [path for path in map(Path, _read()["folders"]) if path.exists()]


def note_folder(path: Path) -> None:
    """Note that a folder or a GGUF file was opened. Without leave to write, nothing is noted."""
    name = str(path.expanduser().absolute())

    def change(notes: dict) -> None:
        notes["folders"] = [name, *(one for one in notes["folders"] if one != name)][:MOST_FOLDERS]

    if _read()["folders"][:1] != [name]:
        _change(change)


def _read() -> dict:
    """The notes; empty where there are none, or the file is not ours."""
    with suppress(OSError, ValueError, KeyError, TypeError, UserError, AttributeError, RecursionError):
        notes = json.loads(_file().read_bytes())
        return {
            "fetched": {str(name): str(licence) for name, licence in notes["fetched"].items()},
            "folders": [str(name) for name in notes["folders"]],
        }
    return {"fetched": {}, "folders": []}


def _change(change: Callable[[dict], object]) -> None:
    with suppress(OSError, UserError, Timeout):
        file = _file()
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_suffix(".lock")).acquire(timeout=2):
            notes = _read()
            change(notes)
            atomically(file, json.dumps(notes, indent=1).encode())


def _file() -> Path:
    return cache_dir() / "models.json"
