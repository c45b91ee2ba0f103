"""Bytes to disk, whole or not at all.

Why ours: Python has no such write of its own, and the package atomicwrites is no longer maintained.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Collection, Iterable
from pathlib import Path

from dashboard.errors import UserError
from dashboard.export.formats import FORMATS, format_of


def check_target(path: str | os.PathLike[str], allowed: Collection[str] = tuple(FORMATS)) -> Path:
    """The path, if a file can be written there: asked before anything is computed for nothing.

    Raises UserError for an ending that is not allowed, a folder that is not there or is read-only, and a path
    that is a folder.
    """
    try:
        if b"\0" in os.fsencode(path):  # which itself refuses what the file system cannot spell
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
        raise _sentence(wrong, path) from None
    return target


def write_file(path: str | os.PathLike[str], data: bytes, allowed: Collection[str] = tuple(FORMATS)) -> Path:
    """Write `data` to `path` and return the path. A file that stood there is replaced at once or left as it was.

    Raises UserError for every place that cannot be written.
    """
    target = check_target(path, allowed)
    write_parts(target, [data])
    return target


def write_parts(path: str | os.PathLike[str], parts: Iterable[bytes]) -> None:
    """As `write_file`, of any ending, where the bytes come in parts."""
    try:
        atomically(Path(path), parts)
    except OSError as wrong:
        raise _sentence(wrong, path) from None


def atomically(target: Path, data: bytes | Iterable[bytes]) -> None:
    """Write beside the target, then put it in place: nobody ever sees half a file. Raises OSError."""
    target = Path(os.path.realpath(target))  # a link stays a link
    part = target.parent / f".two-heads-{secrets.token_hex(8)}.part"
    try:
        with open(part, "xb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())  # some systems tell of a full disk only here
        if target.exists():
            with contextlib.suppress(OSError):
                os.chmod(part, target.stat().st_mode & 0o777)
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def _sentence(wrong: OSError | ValueError, path: str | os.PathLike[str]) -> UserError:
    """What went wrong, for a person."""
    shown = os.fspath(path) if len(os.fspath(path)) < 200 else f"{os.fspath(path)[:200]}…"
    number = getattr(wrong, "errno", None)
    if number in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return UserError(f"The disk is full: “{shown}” was not written. Free some space, or choose another disk.")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(f"“{shown}” cannot be written to. Choose another place.")
    if number == errno.ENAMETOOLONG:
        return UserError(f"The name “{shown}” is too long. Choose a shorter one.")
    if isinstance(wrong, ValueError):  # a NUL, or a surrogate that the file system cannot take
        return UserError(f"{shown!r} is not a name that a file can have. Choose another.")
    return UserError(f"“{shown}” was not written: {wrong.strerror or wrong}. Choose another place.")
