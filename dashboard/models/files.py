"""Files of a folder that a person names: ordinary ones only, of a bearable size, read as what they claim to be."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from dashboard.errors import UserError

READ = (".json", ".txt", ".model", ".jinja", ".safetensors", ".gguf")
"""Endings of the files that opening a model may read."""
LARGEST_TEXT = 200_000_000  # bytes; the largest tokenizer.json known has 35 MB
LARGEST_CONFIG = 10_000_000
_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


def check_files(folder: Path, called: str) -> set[str]:
    """The names of what lies in the folder. Raises UserError where the folder, or a file in it that opening a model
    would read, cannot be read: a pipe or a device would never end."""
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise UserError(f"The folder “{called}” cannot be read: {error.strerror}.") from None
    for name in sorted(names):
        if name.endswith(READ):
            size = plain_size(folder / name, called)
            if not name.endswith((".safetensors", ".gguf")) and size > LARGEST_TEXT:
                raise UserError(f"{name} in “{called}” has {size / 1e6:.0f} MB, which no such file has. Copy it again.")
    return names


def plain_size(file: Path, called: str) -> int:
    """The size in bytes of an ordinary file that may be read. Raises UserError for anything else."""
    try:
        seen = file.stat()
        if stat.S_ISREG(seen.st_mode):
            if not os.access(file, os.R_OK):
                raise PermissionError(13, "Permission denied")
            return seen.st_size
        what = next((what for is_kind, what in _KINDS if is_kind(seen.st_mode)), "a device")
    except OSError as error:
        what = f"a link that leads nowhere ({error.strerror})" if file.is_symlink() else ""
        if not what:
            raise UserError(f"{file.name} in “{called}” cannot be read: {error.strerror}.") from None
    raise UserError(f"{file.name} in “{called}” is {what}. Put the file itself there.")


def read_json(file: Path, called: str, largest: int = LARGEST_CONFIG) -> dict:
    """A JSON object of an ordinary file. Raises UserError where it is none, or larger than `largest` bytes."""
    size = plain_size(file, called)
    try:
        read = json.loads(file.read_text(encoding="utf-8")) if size <= largest else None
    except (OSError, ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise UserError(f"The {file.name} of “{called}” is damaged. Copy it again.")
    return read
