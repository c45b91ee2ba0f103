"""What takes seconds to make and stays the same is kept in the user's cache folder, sealed.

Beside each file lies its SHA-256. What does not match it, because a disk was full, a copy broke off or somebody wrote
into it, is made again: a font or a script that is half there breaks every file that is made with it, in silence.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

from dashboard.errors import UserError
from dashboard.files import atomically
from dashboard.models.catalogue import cache_dir

SEAL = ".sha256"


def cached(name: str, make: Callable[[], bytes]) -> bytes:
    """The content of this file in the cache folder, made and put there if it is not there, or not whole.

    The name has to change with everything that the content depends on. Without a cache folder that can be
    written, it is made every time.
    """
    with contextlib.suppress(OSError, UserError):
        if (kept := whole(cached_file(name))) is not None:
            return kept
    data = make()
    with contextlib.suppress(OSError, UserError):
        keep(cached_file(name), data)
    return data


def cached_file(name: str) -> Path:
    """Where `cached` keeps a file of this name. Raises UserError where the system names no home folder."""
    return cache_dir() / "export" / name


def keep(file: Path, data: bytes) -> None:
    """Writes a file and its seal, in a folder that is made where it is missing. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    atomically(file, data)
    atomically(_seal_of(file), hashlib.sha256(data).hexdigest().encode())


def whole(file: Path) -> bytes | None:
    """What `keep` wrote to this file; None where it is not there, or not as it was written."""
    try:
        if not (file.is_file() and _seal_of(file).is_file()):  # a pipe would be waited for
            return None
        data, seal = file.read_bytes(), _seal_of(file).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest().encode() == seal else None


def _seal_of(file: Path) -> Path:
    return file.with_name(file.name + SEAL)
