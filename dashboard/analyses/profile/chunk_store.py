"""The chunks of a profile on disk: they stay when it stops, and go when it is done."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from dashboard.analyses.profile.chunk import Chunk
from dashboard.analyses.profile.tables import CHUNKS, KEY
from dashboard.analyses.profile.workers.task import Sentence, from_plain, to_plain
from dashboard.errors import UserError
from dashboard.export.write import write_file
from dashboard.files import write_parts


class Store:
    """The chunks of a profile until its tables are written. A context manager, for one process at a time.

    Parameters
    ----------
    out: the profile's folder; the chunks are in ``out/chunks``
    key: identifies the chunks. Chunks of another key are removed

    Attributes
    ----------
    chunks: the number of chunks, once it is known

    Entering raises UserError where the folder cannot be written to, or another process writes a profile to it.
    """

    def __init__(self, out: Path, key: dict):
        self.folder, self.chunks = out / CHUNKS, 0
        self._key = json.dumps(key, sort_keys=True).encode()
        self._digest = hashlib.sha256(self._key).hexdigest()
        self._lock = FileLock(self.folder / "lock")

    def __enter__(self) -> Store:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(
                f"Another profile is being written to “{self.folder.parent}”. Stop that one, or choose another folder."
            ) from None
        except OSError as error:
            reason = error.strerror or error
            raise UserError(
                f"The folder “{self.folder.parent}” cannot be written to: {reason}. Choose another."
            ) from error
        try:
            mark = self.folder / KEY
            if not mark.exists() or mark.read_bytes() != self._key:
                self._empty()
                write_file(mark, self._key)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._lock.release()

    def seal(self, number: int) -> str:
        """Identifies a chunk: file, model, limit, and its place among the chunks."""
        return f"{self._digest} {number}"

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.npz"

    def read(self, number: int) -> Chunk | None:
        """The chunk, or None where it is missing or incomplete."""
        try:
            return Chunk.from_bytes(self._path(number).read_bytes(), self.seal(number))
        except OSError:
            return None

    def write(self, number: int, data: bytes) -> None:
        write_file(self._path(number), data)

    def __iter__(self) -> Iterator[Chunk]:
        for number in range(self.chunks):
            chunk = self.read(number)
            if chunk is None:
                raise UserError(self._changed())
            yield chunk

    def used(self) -> Iterator:
        return (one for chunk in self for one in chunk.used)

    def read_once(self, read: Callable[[], Iterable[Sentence]]) -> Callable[[], Iterator[Sentence]]:
        """A function that gives the sentences of `read`, parsed once and from then on read from a file here."""
        path = self.folder / "sentences.jsonl"

        def lines() -> Iterator[bytes]:
            digest = hashlib.sha256(self._key)
            for sentence in read():
                line = json.dumps(to_plain(sentence)).encode() + b"\n"
                digest.update(line)
                yield line
            yield digest.hexdigest().encode()

        def again() -> Iterator[Sentence]:
            try:
                with open(path, "rb") as file:
                    for line in file:
                        if line.endswith(b"\n"):
                            yield from_plain(json.loads(line))
            except (OSError, ValueError) as error:
                raise UserError(self._changed()) from error

        if not _is_whole(path, self._key):
            write_parts(path, lines())
        return again

    def _changed(self) -> str:
        return f"A part of the profile in “{self.folder}” was changed or removed. Start it again."

    def clear(self) -> None:
        """Removes the chunks, half-written tables of a killed process, and the folder if it is then empty."""
        self._empty()
        with suppress(OSError):
            for part in self.folder.parent.glob(".two-heads-*.part"):
                part.unlink(missing_ok=True)
        self._lock.release()
        with suppress(OSError):
            (self.folder / "lock").unlink(missing_ok=True)
            os.rmdir(self.folder)

    def _empty(self) -> None:
        with suppress(OSError):
            for file in [*self.folder.glob("[0-9]*.npz"), *self.folder.glob(".two-heads-*.part")]:
                file.unlink(missing_ok=True)
            for name in ("sentences.jsonl", KEY):
                (self.folder / name).unlink(missing_ok=True)


def _is_whole(path: Path, key: bytes) -> bool:
    """Whether the last line, which has no line break, is the digest of the key and of all lines before it."""
    digest = hashlib.sha256(key)
    try:
        with open(path, "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    return line == digest.hexdigest().encode()
                digest.update(line)
    except OSError:
        pass
    return False
