"""Atomic writes, and the user's cache folder, which keeps sealed files that take seconds to make.

Next to each cached file lies its SHA-256. A file that does not match it, because a disk was full, a copy broke off or
somebody changed it, is made again: half a font or half a script would silently break every file made with it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import platformdirs

from dashboard.errors import UserError


def write_parts(path: str | os.PathLike[str], parts: Iterable[bytes]) -> None:
    """As `write_file`, but for any ending, and with the bytes in parts."""
    try:
        atomically(Path(path), parts)
    except OSError as wrong:
        raise not_written(wrong, path) from None


def atomically(target: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a temporary file next to the target, then rename it, so that nobody sees half a file. Raises OSError."""
    target = Path(os.path.realpath(target))  # a link stays a link
    part = target.parent / f".two-heads-{secrets.token_hex(8)}.part"
    try:
        with open(part, "xb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())  # some systems report a full disk only here
        if target.exists():
            with contextlib.suppress(OSError):
                os.chmod(part, target.stat().st_mode & 0o777)
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def not_written(wrong: OSError | ValueError, path: str | os.PathLike[str]) -> UserError:
    """The UserError for a failed write."""
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


def cache_dir() -> Path:
    """The folder for fetched models: ``$TWO_HEADS_CACHE``, else ``two-heads`` in the user's cache folder.

    If only an earlier version's folder exists, that one: it may differ if $XDG_CACHE_HOME is set on macOS or is not an
    absolute path, or if $LOCALAPPDATA names another folder than Windows does.

    Raises UserError if the system names no home folder.
    """
    if chosen := os.environ.get("TWO_HEADS_CACHE"):
        return Path(chosen).absolute()
    try:
        folder = platformdirs.PlatformDirs("two-heads", appauthor=False, opinion=False).user_cache_path
        earlier = _earlier_base() / "two-heads"
    except RuntimeError:
        raise UserError("No home folder is known. Set TWO_HEADS_CACHE to a folder for models.") from None
    return earlier.absolute() if os.path.isdir(earlier) and not os.path.isdir(folder) else folder


def _earlier_base() -> Path:
    """The user's cache folder in versions without platformdirs. Raises RuntimeError if no home is known."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


SEAL = ".sha256"


def cached(name: str, make: Callable[[], bytes]) -> bytes:
    """The content of this file in the cache folder; made and stored if it is missing or broken.

    The name must change with everything that the content depends on. If the cache folder cannot be written, the
    content is made every time.
    """
    with contextlib.suppress(OSError, UserError):
        if (stored := whole(cached_file(name))) is not None:
            return stored
    data = make()
    with contextlib.suppress(OSError, UserError):
        keep(cached_file(name), data)
    return data


def cached_file(name: str) -> Path:
    """The path where `cached` stores a file of this name. Raises UserError if the system names no home folder."""
    return cache_dir() / "export" / name


def keep(file: Path, data: bytes) -> None:
    """Write a file and its seal; makes the folder if it is missing. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    atomically(file, data)
    atomically(_seal_of(file), hashlib.sha256(data).hexdigest().encode())


def whole(file: Path) -> bytes | None:
    """What `keep` wrote to this file; None if the file is missing or was changed."""
    try:
        if not (file.is_file() and _seal_of(file).is_file()):  # reading a pipe would wait
            return None
        data, seal = file.read_bytes(), _seal_of(file).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest().encode() == seal else None


def _seal_of(file: Path) -> Path:
    return file.with_name(file.name + SEAL)
