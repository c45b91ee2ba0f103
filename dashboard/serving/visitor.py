"""Whose work is whose on a server for others.

A browser gets a random key in a cookie with its first page. What a visitor keeps lies in a folder that is named by the
key's hash, so that nobody who sees the folder learns the key. There are no accounts: who has the key has the work.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from dashboard.errors import UserError
from dashboard.files import cache_dir
from dashboard.serving.rules import Rules, for_others, rules

COOKIE = "two_heads"
DAY = 86_400  # seconds
_KEY = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
_NAME = re.compile(r"[0-9a-f]{32}", re.ASCII)
_asked: list[Callable[[], str]] = []  # who is there now


def new_key() -> str:
    """A key for a browser that has none: 192 random bits."""
    return secrets.token_urlsafe(24)


def is_key(text: str) -> bool:
    """Whether this has the form of a key."""
    return _KEY.fullmatch(text) is not None


def name_of(key: str) -> str:
    """The name of the one who has this key, 32 hexadecimal digits; "" for what is no key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32] if is_key(key) else ""


def asked_by(who: Callable[[], str]) -> None:
    """From now on `who` says the key of the visitor for whom this thread works, "" for none."""
    _asked[:] = [who]


def name() -> str:
    """The name of the visitor for whom this thread works. "" on one's own machine, and where none is known."""
    return name_of(_asked[0]()) if for_others() and _asked else ""


def nobody() -> bool:
    """Whether nothing can be kept: on a server for others, where the browser has no cookie."""
    return for_others() and not name()


def owner() -> str:
    """The same, for what is to be kept. Raises UserError where a server for others knows none."""
    if nobody():
        raise UserError(
            "This server keeps your work under a cookie, and your browser sends none. Allow cookies for this address, "
            "then load the page again."
        )
    return name()


def own_folder() -> Path:
    """The folder of what is one's own: the cache's on one's own machine, on a server the visitor's. Raises UserError
    where it is not known whose."""
    return folder_of(owner()) if for_others() else cache_dir()


def folder_of(visitor: str) -> Path:
    """The folder of a visitor of this name, existing or not."""
    return place() / visitor


def place() -> Path:
    """The folder of all visitors' folders."""
    return cache_dir() / "visitors"


def check_space(more: int = 0) -> None:
    """Raises UserError on a server where this visitor, or all of them, would keep too much with `more` bytes."""
    there = rules()
    if there is None:
        return
    if size(own_folder()) + more > there.kept.megabytes * 1e6:
        raise UserError(
            f"This server keeps {there.kept.megabytes:,} MB for each visitor, and this would be more. Delete a profile "
            "of yours, or take figures out of your report."
        )
    if size(place()) + more > there.kept.gigabytes * 1e9:
        raise UserError("This server's space for visitors is full. Tell the one who runs it.")


def size(folder: Path) -> int:
    """The bytes of all files below a folder, 0 where there is none."""
    total = 0
    for file in _files(folder):
        with suppress(OSError):
            total += file.stat().st_size
    return total


def forget_old(given: Rules) -> list[str]:
    """Delete what visitors keep and have not changed for as many days as the rules say. Returns their names."""
    gone = []
    with suppress(OSError):
        for folder in place().iterdir():
            if _NAME.fullmatch(folder.name) and time.time() - _changed(folder) > given.kept.days * DAY:
                shutil.rmtree(folder, ignore_errors=True)
                gone.append(folder.name)
    return gone


def _changed(folder: Path) -> float:
    """When anything below a folder was last written."""
    last = folder.stat().st_mtime
    for file in _files(folder):
        with suppress(OSError):
            last = max(last, file.stat().st_mtime)
    return last


def _files(folder: Path) -> Iterator[Path]:
    for where, _, files in os.walk(folder):
        yield from (Path(where, file) for file in files)
