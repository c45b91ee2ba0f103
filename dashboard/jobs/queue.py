"""The queue of a server for others: which jobs wait, in which order, and the one who starts them.

Each job that waits or goes has a ticket, an empty file whose name says when it came, whose it is, and where its folder
is. All processes of a server read the same tickets; one of them, the `Foreman`, starts the jobs. A job whose process
ended without a result, because the server was stopped or the machine went down, still has its ticket and begins again.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from dashboard import serving
from dashboard.errors import UserError
from dashboard.files import atomically, cache_dir
from dashboard.installed import child_process
from dashboard.jobs.record import STOP, read, write

MOST_WAITING = 50  # jobs of all visitors
MOST_TRIES = 3  # how often a job is begun that ends without a result and without a word
PATIENCE = 15.0  # seconds that a job has to end by itself
_TICKET = re.compile(r"(\d{20})-([0-9a-f]{32})-[0-9a-f]{8}\.json", re.ASCII)


@dataclass(frozen=True)
class Ticket:
    """A job that waits or goes. file: of the ticket; owner: the visitor's name; out: the job's folder"""

    file: Path
    owner: str
    out: Path


def place() -> Path:
    """The folder of the tickets."""
    return cache_dir() / "queue"


def tickets() -> list[Ticket]:
    """All tickets, the oldest first."""
    found = []
    with suppress(OSError):
        for file in sorted(place().iterdir()):
            if form := _TICKET.fullmatch(file.name):
                with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
                    found.append(Ticket(file, form[2], Path(json.loads(file.read_bytes())["out"])))
    return found


def ticket_of(out: Path) -> Ticket | None:
    """The ticket of the job in a folder; None if it neither waits nor goes."""
    return next((one for one in tickets() if one.out == out), None)


def check_share(out: Path, owner: str, most: int) -> None:
    """Raises UserError for a job in this folder if its owner has `most` others that wait or go."""
    theirs = [one for one in tickets() if one.owner == owner and one.out != out]
    if len(theirs) >= most:
        some = "one job" if most == 1 else f"{most} jobs"
        raise UserError(f"You have {some} on this server already. Wait until one is done, or stop one.")


def line_up(out: Path, owner: str, most: int, record: Callable[[], None]) -> None:
    """Let the job of a folder wait. record: writes its file, once it is sure that it may

    Raises UserError if its owner has `most` jobs that wait or go.
    """
    place().mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place() / "lock").acquire(timeout=5):
            check_share(out, owner, most)
            if len(tickets()) >= MOST_WAITING:
                raise UserError("Many jobs wait on this server already. Try again later.")
            leave(out)
            record()
            name = f"{time.time_ns():020}-{owner}-{secrets.token_hex(4)}.json"
            atomically(place() / name, json.dumps({"out": str(out)}).encode())
    except Timeout:
        raise UserError("Others are starting work at this moment. Try again.") from None


def leave(out: Path) -> None:
    """Take the job of a folder out of the queue."""
    for one in tickets():
        if one.out == out:
            one.file.unlink(missing_ok=True)


def turn(out: Path) -> str:
    """How long the job of a folder still waits, as a sentence; "" if it is not in the queue."""
    waiting = [one.out for one in tickets() if (record := read(one.out)) and record["state"] == "waiting"]
    if out not in waiting:
        return "It begins in a moment" if ticket_of(out) else ""
    first = waiting.index(out)
    return "Waiting: it comes next" if not first else f"Waiting: {first} come{'s' if first == 1 else ''} first"


class Foreman:
    """Starts the jobs of the queue, so many at a time, and ends those that take too long.

    One per queue: while another process is it, `step` does nothing. Its jobs end with this process.
    """

    def __init__(self, rules: serving.Rules):
        self._rules = rules.jobs
        self._going: dict[Path, tuple[subprocess.Popen, float]] = {}  # the process, and when it began
        self._tries: dict[Path, int] = {}
        place().mkdir(parents=True, exist_ok=True)
        self._only = FileLock(place() / "foreman.lock")

    def step(self) -> None:
        """Look at all tickets once."""
        if not self._only.is_locked:
            try:
                self._only.acquire(timeout=0)
            except Timeout:
                return
        there = tickets()
        for out in set(self._going) - {one.out for one in there}:  # its folder or its ticket was removed
            self._end(out)
        for out in set(self._tries) - {one.out for one in there}:
            del self._tries[out]
        for one in there:
            self._look(one)

    def close(self) -> None:
        """End all jobs. They have their tickets still, and begin again with the next server."""
        for out in list(self._going):
            self._end(out)
        self._only.release()

    @property
    def going(self) -> int:
        """How many jobs go."""
        return len(self._going)

    def _look(self, one: Ticket) -> None:
        if one.out in self._going and not self._ended(one.out):
            return
        record = read(one.out)
        if record is None or record["state"] not in ("waiting", "going"):
            one.file.unlink(missing_ok=True)
        elif len(self._going) < self._rules.at_once:
            self._begin(one.out, record)

    def _ended(self, out: Path) -> bool:
        """Whether the process of a job has ended. One that takes too long is asked to, and some seconds later made
        to; one that takes too much memory is made to at once."""
        process, begun = self._going[out]
        late = time.monotonic() - begun - 60 * self._rules.minutes
        large = process.poll() is None and _memory(process) > self._rules.memory_gigabytes * 1e9
        if process.poll() is None and late <= PATIENCE and not large:
            if late > 0:
                with suppress(OSError):
                    (out / STOP).touch()
            return False
        self._end(out)
        record = read(out)
        if large and record is not None:
            most = self._rules.memory_gigabytes
            why = f"It was ended: a job on this server takes {most:,} GB of memory at most. Give it less to read."
            write(out, record | {"state": "failed", "sentence": why})
        elif late > 0 and record is not None and record["state"] in ("going", "stopped"):
            minutes = self._rules.minutes
            most = f"{minutes:,} minute{'s'[: minutes != 1]}"
            why = f"It was stopped: a job on this server takes {most} at most."
            write(out, record | {"state": "stopped", "sentence": why})
        return True

    def _begin(self, out: Path, record: dict) -> None:
        tries = self._tries[out] = self._tries.get(out, 0) + 1
        if tries > MOST_TRIES:
            why = f"It broke off {MOST_TRIES} times without a word. Tell the one who runs this server."
            write(out, record | {"state": "failed", "sentence": why})
            return
        write(out, record | {"state": "going", "sentence": "Starting", "pid": None, "beat": time.time()})
        with suppress(OSError):
            (out / STOP).unlink(missing_ok=True)
        try:
            self._going[out] = process_of(out), time.monotonic()
        except OSError:  # no process can be started now
            write(out, record | {"state": "waiting"})
            raise

    def _end(self, out: Path) -> None:
        process, _ = self._going.pop(out)
        end(process)


def _memory(process: subprocess.Popen) -> int:
    """Bytes of memory that a process and those that it started take; 0 where it has just ended."""
    import psutil

    try:
        first = psutil.Process(process.pid)
        return sum(one.memory_info().rss for one in (first, *first.children(recursive=True)))
    except psutil.Error:
        return 0


def process_of(out: Path) -> subprocess.Popen:
    """The process that does the work of the job in a folder, just started. It ends with this one."""
    command, env = child_process("dashboard.jobs.runner", str(out))
    return subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=os.name == "posix"
    )


def end(process: subprocess.Popen, seconds: float = 10) -> None:
    """End the process of a job, and wait for that."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
