"""What takes seconds to make and stays the same is kept in the user's cache folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from dashboard.errors import UserError
from dashboard.export.write import atomically
from dashboard.models.catalogue import cache_dir


def cached(name: str, make: Callable[[], bytes]) -> bytes:
    """The content of this file in the cache folder, made and put there if it is not there yet.

    The name has to change with everything that the content depends on. Without a cache folder that can be
    written, it is made every time.
    """
    with contextlib.suppress(OSError, UserError):
        return cached_file(name).read_bytes()
    data = make()
    with contextlib.suppress(OSError, UserError):
        file = cached_file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        atomically(file, data)
    return data


def cached_file(name: str) -> Path:
    """Where `cached` keeps a file of this name. Raises UserError where the system names no home folder."""
    return cache_dir() / "export" / name
