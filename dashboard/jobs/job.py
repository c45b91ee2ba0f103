"""Background jobs: each is a process of its own, with a small file that holds its progress.

    job = start("minilm", "corpus.conllu", place_for("My texts"))
    job.progress        # Progress(fraction=0.4, sentence="512 of 1,280 sentences, about 20 s left", state="going")
    job.stop()

The job writes the file (`record`) every second, so that any process can find the job. The process ends with the one
that started it, however that ended. On a server for others a job belongs to the visitor who began it, and waits in a
queue (`queue`) until its turn comes.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from dashboard import serving
from dashboard.errors import UserError
from dashboard.files import atomically
from dashboard.jobs import queue
from dashboard.jobs.record import ALWAYS, JOB, LOCK, STOP, read, write
from dashboard.jobs.work import PROFILE, resumes, stopped, work_of
from dashboard.serving import visitor

SILENT = 20.0  # seconds without a sign of life, after which a job counts as dead
# The processes that this one started. It holds their standard input open as long as it lives.
_started: dict[Path, subprocess.Popen] = {}


@dataclass(frozen=True)
class Progress:
    """The progress of a job: the fraction done (0 to 1), a sentence, and its state.

    The sentence of a failed job says why. A stopped job can be started again. One that waits is in a server's queue.
    """

    fraction: float
    sentence: str
    state: Literal["waiting", "going", "done", "failed", "stopped"]

    @property
    def active(self) -> bool:
        """Whether it goes, or will by itself."""
        return self.state in ("waiting", "going")


@dataclass(frozen=True)
class Job:
    """A background job.

    Attributes
    ----------
    out: the folder for its files
    model: by name; path: the corpus; limit: how many of its sentences, None for all
    how: the other settings of the work, plain values by name
    work: the module that defines it, see `load`
    """

    out: Path
    model: str
    path: Path
    limit: int | None = None
    how: Mapping[str, object] = field(default_factory=dict)
    work: str = PROFILE

    @property
    def resumes(self) -> bool:
        """Whether a restart continues where it stopped; False for work that this version does not know."""
        return resumes(self.work)

    @property
    def progress(self) -> Progress:
        """The last progress that the job wrote; “stopped” if it no longer writes."""
        record = read(self.out)
        if record is None:
            return Progress(0.0, "It was removed.", "stopped")
        found = Progress(*(record[name] for name in ("fraction", "sentence", "state")))
        if not found.active or (found.state == "going" and _lives(self.out, record)):
            return found
        if turn := queue.turn(self.out):
            return Progress(found.fraction, turn, "waiting")
        return Progress(found.fraction, stopped(self.work), "stopped")

    @property
    def own(self) -> bool:
        """Whether it may be stopped and removed here: every job on one's own machine, on a server the visitor's."""
        record = read(self.out)
        return record is None or _own(record)

    def stop(self, seconds: float = 10) -> None:
        """End the job and wait for that; nothing if it has ended. Raises UserError if it does not end, or on a server
        where another visitor began it."""
        _check_own(self.out)
        if not self.progress.active:
            return
        process = _started.pop(self.out, None)
        if process is not None:
            queue.end(process, seconds)
        elif self.progress.state == "going":  # another process started it; the job looks for this file
            with suppress(OSError):
                (self.out / STOP).touch()
            until = time.monotonic() + seconds
            while self.progress.state == "going" and time.monotonic() < until:
                time.sleep(0.1)
            with suppress(OSError):
                (self.out / STOP).unlink(missing_ok=True)
            if self.progress.state == "going":
                raise UserError("The work does not stop. Close the dashboard that started it.")
        queue.leave(self.out)
        record = read(self.out)
        if record is not None and record["state"] in ("waiting", "going"):
            write(self.out, record | {"state": "stopped", "sentence": stopped(self.work)})


def start(
    model: str, path: str | Path, out: str | Path, *, limit: int | None = None, work: str = PROFILE, **how: object
) -> Job:
    """Start work in a process of its own, or continue the profile that was stopped there.

    Parameters
    ----------
    model: its name, as `dashboard.open_model` takes it; it must be installed
    path, out, limit: as `dashboard.corpus.profile` takes them. A profile's corpus inside `out` is removed at the end
    work, how: the work, see `load`, and its other settings: for a profile `workers` and `parser`

    Raises UserError if the folder cannot be written to, or a job is going in it.
    """
    owner, rules = visitor.owner(), serving.rules()
    serving.check_model(model)
    visitor.check_space()
    job = Job(Path(out).absolute(), model, Path(path).absolute(), limit, how, work)
    if rules is not None:
        queue.check_share(job.out, owner, rules.jobs.each)  # before anything is written

    def kept() -> None:
        atomically(job.out / JOB, json.dumps(record).encode())

    try:
        job.out.mkdir(parents=True, exist_ok=True)
        with FileLock(job.out / LOCK).acquire(timeout=2):
            if (there := find(job.out)) is not None and there.progress.active:
                raise UserError(f"Work is going on in “{job.out}” already. Stop it, or choose another name.")
            (job.out / STOP).unlink(missing_ok=True)
            request = dict(how) | {"model": model, "path": str(job.path), "limit": limit, "work": work}
            record = {
                "asked": request,
                "owner": owner,
                "pid": None,
                "beat": time.time(),
                "fraction": 0.0,
                "sentence": "Starting",
                "state": "going" if rules is None else "waiting",
            }
            if rules is None:
                kept()
                _started[job.out] = queue.process_of(job.out)
            else:
                queue.line_up(job.out, owner, rules.jobs.each, kept)
    except Timeout:
        raise UserError(f"Work is being started in “{job.out}” already. Wait a moment.") from None
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"The folder “{job.out}” cannot be written to: {reason}. Choose another.") from error
    return job


def find(out: str | Path) -> Job | None:
    """The job of a folder, from any process; None if there is none."""
    out = Path(out).absolute()
    record = read(out)
    if record is None:
        return None
    request = record["asked"]
    how = {name: value for name, value in request.items() if name not in ALWAYS}
    return Job(out, request["model"], Path(request["path"]), request["limit"], how, work_of(request))


def again(job: Job) -> Job:
    """Start a job again, or continue it. Raises UserError as `start` does."""
    return start(job.model, job.path, job.out, limit=job.limit, work=job.work, **job.how)


def jobs(place: Path) -> list[Job]:
    """The jobs of all folders in this one, by name."""
    try:
        return [job for out in sorted(place.iterdir()) if (job := find(out)) is not None]
    except OSError:
        return []


def forget(out: Path) -> None:
    """Remove a job's own files; its result stays. Raises UserError on a server where another visitor began it."""
    _check_own(out)
    with suppress(OSError):
        for name in (JOB, STOP, LOCK):
            (out / name).unlink(missing_ok=True)


def _own(record: dict) -> bool:
    return not serving.for_others() or (record["owner"] != "" and record["owner"] == visitor.name())


def _check_own(out: Path) -> None:
    """Raises UserError for a job that another visitor of this server began."""
    record = read(out)
    if record is not None and not _own(record):
        raise UserError("Another visitor of this server began this work. It can be stopped and removed by them alone.")


def _lives(out: Path, record: dict) -> bool:
    if (process := _started.get(out)) is not None:
        return process.poll() is None
    if record["pid"] is not None and os.name == "posix":
        try:
            os.kill(record["pid"], 0)  # sends no signal
        except ProcessLookupError:
            return False
        except (OSError, OverflowError):
            pass  # another user's process, or not a process id: its signs of life decide
    return abs(time.time() - record["beat"]) < SILENT
