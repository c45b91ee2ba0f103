"""Writing to a file that a person named: checked before anything is computed, and written atomically."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from dashboard.errors import UserError
from dashboard.files import not_written, write_parts
from dashboard.formats import FORMATS, format_of


def check_target(path: str | os.PathLike[str], allowed: Collection[str] = FORMATS) -> Path:
    """The path, if a file can be written there; checked before anything is computed for nothing.

    Raises UserError for an ending that is not allowed, a folder that is missing or read-only, and a path that is a
    folder.
    """
    try:
        if b"\0" in os.fsencode(path):  # raises for a name that the file system cannot hold
            raise ValueError("NUL in a file's name")
        target = Path(path)
        format_of(target, allowed)
        folder = target.parent
        if target.is_dir():
            raise UserError(f"“{target}” is a folder. Name a file in it.")
        if not folder.exists():
            raise UserError(f"There is no folder “{folder}”. Make it first, or choose another.")
        if not folder.is_dir():
            raise UserError(f"“{folder}” is not a folder. Choose another place for the file.")
        if target.exists() and not os.access(target, os.W_OK):
            raise UserError(f"“{target}” is there already and cannot be replaced. Choose another name.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UserError(f"The folder “{folder}” cannot be written to. Choose another.")
    except (OSError, ValueError) as wrong:
        raise not_written(wrong, path) from None
    return target


def write_file(path: str | os.PathLike[str], data: bytes, allowed: Collection[str] = FORMATS) -> Path:
    """Write `data` to `path` and return the path. An existing file is replaced at once or left as it was.

    Raises UserError if the path cannot be written.
    """
    target = check_target(path, allowed)
    write_parts(target, [data])
    return target
