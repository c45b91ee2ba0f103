"""Files that people give, opened for reading."""

from __future__ import annotations

from io import BufferedReader
from pathlib import Path

from dashboard.errors import UserError


def open_binary(path: str | Path) -> BufferedReader:
    """The file, open for reading. Raises UserError where it cannot be read."""
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is no name of a file"
        raise UserError(f"{Path(path).name} cannot be read: {reason}. Choose another file.") from error
