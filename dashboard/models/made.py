"""Folders in the cache that were made here from something else: whole and sealed, or not there at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard.errors import UserError
from dashboard.installed import child_process
from dashboard.models import bounded
from dashboard.models.catalogue import RECORD, megabytes, record
from dashboard.models.checkpoint_folder import weights_sha256
from dashboard.models.files import LARGEST_TEXT, read_json
from dashboard.models.foreign import reason
from dashboard.models.memory import check_memory

Progress = Callable[[float, str], None]


def make(key: str, title: str, numbers: int, command: list[str], sentence: str, report: Progress) -> Path:
    """The folder ``made/key`` of the cache; where it is not there or not whole, a process of its own makes it, and what
    was made before gives way where there is too much of it (`dashboard.models.bounded`).

    That process is ``python -m`` *command* with the path of a folder to write at the end. It is stopped where `report`
    raises; the finished folder is moved into place in one step. `numbers`: how many numbers its weights are.

    Raises UserError where the process says so, or the memory or the disk has no room for it.
    """
    target = bounded.root() / key
    if is_sealed(target):
        bounded.touch(target)
        return target
    needed = 4 * numbers + 50_000_000  # bytes on the disk
    check_memory(8 * numbers, title)  # the weights, and what they are made from
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone(target, f"{title} is being made ready already. Waiting for it.", report):
            if not is_sealed(target):
                bounded.free_space(needed, keep=target)
                check_disk(target.parent, needed, title)
                with workplace(target) as work:
                    folder = written(command, work, lambda share: report(0.95 * share, sentence))
                    seal(folder)
                    put(folder, target, work)
    except OSError as error:
        raise UserError(disk_sentence(target.parent, needed, error)) from error
    except NotWritten as wrong:
        raise UserError(
            str(wrong) if wrong.explained else f"“{title}” cannot be opened: {wrong} Choose another model."
        ) from wrong
    return target


MESSAGE, FAILURE = "two-heads says: ", "two-heads failed: "
"""Before a sentence that a process of ours has for a person; before what a library said."""
DONE = "done"
"""The file that it writes last, next to its folder."""


def as_process(work: Callable[..., None], *arguments: str) -> None:
    """What such a process does: `work`, with paths and strings, the folder last; a UserError is said."""
    try:
        work(*arguments)
        (Path(arguments[-1]).parent / DONE).touch()
    except UserError as wrong:
        sys.exit(f"{MESSAGE}{wrong}")
    except Exception as error:  # whatever a damaged file makes a library raise
        sys.exit(f"{FAILURE}{reason(error)}")


class NotWritten(UserError):
    """Why such a process wrote no folder, as a sentence. explained: whether the process itself wrote it."""

    def __init__(self, sentence: str, explained: bool) -> None:
        super().__init__(sentence)
        self.explained = explained


def written(command: list[str], work: Path, report: Callable[[float], None]) -> Path:
    """The folder that such a process writes: ``python -m`` *command* with the path of a folder in `work` at the end.

    How far it has come is not known: half of what is left is taken to pass every 15 s. report: called with that share.

    Raises NotWritten, and OSError where the disk is full.
    """
    folder = work / "model"
    full_command, env = child_process(*command, str(folder))
    output = run(full_command, work, lambda seconds: report(1 - 0.5 ** (seconds / 15)), env)
    if (work / DONE).is_file():
        return folder
    if "No space left" in output:
        raise OSError(errno.ENOSPC, "")
    lines = output.splitlines()
    message = next((line.removeprefix(MESSAGE) for line in lines if line.startswith(MESSAGE)), None)
    why = next((line.removeprefix(FAILURE) for line in lines if line.startswith(FAILURE)), None)
    why = why or "the process that made it ready was stopped, as happens where memory runs out."
    raise NotWritten(message or why, message is not None)


def seal(folder: Path, **more: str) -> None:
    """Notes the hash of every file next to them, and the weights' hash and size; `more` is noted too."""
    weights = folder / "model.safetensors"
    files = [path for path in sorted(folder.iterdir()) if not path.name.startswith(RECORD)]
    noted = {
        "sha256": weights_sha256([weights]),
        "size": weights.stat().st_size,
        "files": {path.name: weights_sha256([path]) for path in files},
    } | more
    new = folder / f"{RECORD}.new"
    new.write_text(json.dumps(noted, indent=1), encoding="utf-8")
    new.replace(folder / RECORD)


def is_sealed(folder: Path) -> bool:
    """True where all files of a folder that was made here are there, as they were made."""
    noted = record(folder)
    if noted is None or not noted["files"]:
        return False
    try:
        return all(weights_sha256([folder / name]) == digest for name, digest in noted["files"].items())
    except OSError:
        return False


@contextmanager
def alone(target: Path, sentence: str, report: Progress) -> Iterator[None]:
    """Holds the lock of what is made at `target`. The system lets go of it when a process dies."""
    from filelock import FileLock, Timeout

    lock = FileLock(target.parent / f".{target.name}.lock")
    while True:
        try:
            lock.acquire(timeout=1)
            break
        except Timeout:
            report(0.0, sentence)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """A folder next to `target` to work in, gone afterwards; so is what a process that was killed has left."""
    prefix = f".{target.name}-"
    for left in target.parent.glob(f"{prefix}*"):  # we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent, ignore_cleanup_errors=True) as work:
        yield Path(work)


def put(made: Path, target: Path, work: Path) -> None:
    """Moves a finished folder to its place in one step; what was there before goes with the workplace."""
    if target.exists():
        target.rename(work / "old")
    made.rename(target)


def check_disk(folder: Path, needed: int, title: str) -> None:
    """Raises UserError where less than `needed` bytes are free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UserError(
            f"{title} needs {megabytes(needed)} in {folder}, and {megabytes(free)} are free. "
            "Free some space, or set TWO_HEADS_CACHE to a folder elsewhere."
        )


def disk_sentence(folder: Path, needed: int, error: OSError) -> str:
    """What an error of the disk means."""
    elsewhere = "set TWO_HEADS_CACHE to a folder"
    if error.errno == errno.ENOSPC:
        return f"The disk is full. Free {megabytes(needed)}, or {elsewhere} elsewhere."
    return f"{folder} cannot be written ({error.strerror}). Change that, or {elsewhere} where you may write."


def run(command: list[str], work: Path, tick: Callable[[float], None], env: dict | None = None) -> str:
    """Runs a command to its end, calling `tick(seconds)` meanwhile. Returns what it said."""
    with (
        (work / "said.txt").open("w+", encoding="utf-8", errors="replace") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | (env or {}),
        ) as process,
    ):
        begun = time.monotonic()
        try:
            while process.poll() is None:
                tick(time.monotonic() - begun)
                time.sleep(0.2)
        finally:
            process.kill()  # where `tick` raised: the person left
        log.seek(0)
        return log.read()


def looks_whole(folder: Path, layers: int, heads: int) -> bool:
    """For a folder made before every file was sealed: its configuration and tokenizer can be read, and the
    configuration names no other number of layers and heads."""
    try:
        for path in folder.glob("*.json"):
            read_json(path, folder.name, largest=LARGEST_TEXT)
        config = read_json(folder / "config.json", folder.name)
        read_json(folder / "tokenizer.json", folder.name, largest=LARGEST_TEXT)
    except UserError:
        return False
    return (config.get("num_hidden_layers", layers), config.get("num_attention_heads", heads)) == (layers, heads)
