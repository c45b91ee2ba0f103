"""Folders that were made here from something else take a bounded room: those used least recently go first.

A converted model is made again in half a minute, and takes four bytes for each of its numbers until then. One that is
in use stays: a file next to it names the process that has it open.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dashboard.errors import UserError
from dashboard.files import cache_dir

MOST = 20.0  # gigabytes, where $TWO_HEADS_CONVERTED_GB says nothing else
JUST_NOW = 120.0  # seconds for which what was asked for counts as in use: by then it is open

_held: Counter[Path] = Counter()
_guard = threading.RLock()  # a collection may let go of a model while this thread holds it


def root() -> Path:
    """Where they lie."""
    return cache_dir() / "made"


def most_bytes() -> int:
    """How many bytes they may take together. Raises UserError where the setting is no number."""
    setting = os.environ.get("TWO_HEADS_CONVERTED_GB") or MOST
    try:
        return max(0, int(float(setting) * 1e9))
    except (ValueError, OverflowError):
        raise UserError(f"TWO_HEADS_CONVERTED_GB is “{str(setting)[:40]}”. Give it a number of gigabytes.") from None


def taken() -> int:
    """How many bytes they take now."""
    return sum(_size(folder) for folder in _folders())


def free_space(needed: int, keep: Path) -> None:
    """Removes folders, the least recently used first, until `needed` bytes more are within the bound.

    `keep`, and what is in use, is never removed: the bound then is exceeded.
    """
    _sweep()
    folders = {folder: _size(folder) for folder in _folders() if folder != keep}
    free = most_bytes() - needed - sum(folders.values())
    for folder in sorted(folders, key=_used):
        if free >= 0:
            return
        if not _in_use(folder) and _remove(folder):
            free += folders[folder]


def _sweep() -> None:
    """Removes what a process that was killed while it removed a folder has left."""
    for left in root().glob(".*-gone"):
        shutil.rmtree(left, ignore_errors=True)


def touch(folder: Path) -> None:
    """Notes that a folder, where it is one that was made here, is used now."""
    if folder.parent == root():
        with suppress(OSError):  # a cache that is read only is not bounded either
            os.utime(folder)


def hold(folder: Path, owner: object) -> None:
    """Keeps a folder, where it is one that was made here, as long as the owner lives."""
    if _take(folder):
        weakref.finalize(owner, _let_go, folder)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps a folder, where it is one that was made here, while it is read: that may wait for others to be read."""
    taken_hold = _take(folder)
    try:
        yield
    finally:
        if taken_hold:
            _let_go(folder)


def _take(folder: Path) -> bool:
    """Whether the folder is one that was made here; it is kept then until it is let go."""
    if folder.parent != root():
        return False
    with _guard, suppress(OSError):
        _held[folder] += 1
        _mark(folder).touch()
    return True


def _let_go(folder: Path) -> None:
    with _guard, suppress(OSError):
        _held[folder] -= 1
        if _held[folder] <= 0:
            del _held[folder]
            _mark(folder).unlink()


def _mark(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.by.{os.getpid()}"


def _folders() -> list[Path]:
    try:
        return [path for path in root().iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return []


def _size(folder: Path) -> int:
    total = 0
    with suppress(OSError):  # removed in the meantime
        for path in folder.iterdir():
            total += path.stat().st_size
    return total


def _used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _in_use(folder: Path) -> bool:
    import psutil

    if time.time() - _used(folder) < JUST_NOW:
        return True
    for mark in folder.parent.glob(f".{folder.name}.by.*"):
        number = mark.name.rpartition(".by.")[2]
        if not re.fullmatch("[0-9]{1,9}", number):
            continue  # none of ours
        if psutil.pid_exists(int(number)):
            return True
        with suppress(OSError):
            mark.unlink()  # of a process that was killed
    return False


def _remove(folder: Path) -> bool:
    """Removes a folder in one step for whoever looks; False where it is being made, or may not be removed."""
    from filelock import FileLock, Timeout

    gone = folder.parent / f".{folder.name}-gone"
    try:
        with FileLock(folder.parent / f".{folder.name}.lock", timeout=0):
            shutil.rmtree(gone, ignore_errors=True)  # left by a process that was killed
            folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)
    except (OSError, Timeout):
        return False
    return True
