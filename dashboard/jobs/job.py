"""Background jobs: each is a process of its own, with a small file that holds its progress.

    job = start("minilm", "corpus.conllu", place_for("My texts"))
    job.progress        # Progress(fraction=0.4, sentence="512 of 1,280 sentences, about 20 s left", state="going")
    job.stop()

The job writes the file, ``job.json`` in its output folder, every second, so that any process can find the job. The
process ends with the one that started it, however that ended. The file names the work by the module that defines it as
``MEASUREMENT``, ``dashboard.analyses.<topic>.<module>``; fetching a model is `dashboard.jobs.fetching`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol

from filelock import FileLock, Timeout

from dashboard import serving
from dashboard.errors import UserError
from dashboard.files import atomically
from dashboard.installed import child_process

JOB, STOP, LOCK = "job.json", "job.stop", "job.lock"
BEAT = 1.0  # seconds between two signs of life
SILENT = 20.0  # seconds without one, after which a job counts as dead

PROFILE = "dashboard.analyses.profile.job"
"""The work of jobs that name none, as in the first version."""
EARLIER = {
    "dashboard.corpus.jobwork": PROFILE,
    "dashboard.without": "dashboard.analyses.ablation.results",
    "dashboard.headmaps": "dashboard.analyses.similarity.map_job",
    "dashboard.headpairs": "dashboard.analyses.similarity.pair_job",
    "dashboard.analyses.ablation.draw": "dashboard.analyses.ablation.results",
}
"""Name of the work in earlier versions' ``job.json`` → its module today."""
WORK = re.compile(r"dashboard\.(analyses\.\w+\.\w+|jobs\.fetching)", re.ASCII)
"""The modules that a ``job.json`` may name: only these are ever imported."""
ALWAYS = {"model", "path", "limit", "work"}
"""The settings that every job has; the others, `Job.how`, depend on the work."""
STATES = ("going", "done", "failed", "stopped")
# The processes that this one started. It holds their standard input open as long as it lives.
_started: dict[Path, subprocess.Popen] = {}


OnProgress = Callable[[float, str], None]
"""The callback for progress: a fraction (0 to 1) and a sentence."""


class Work(Protocol):
    """The work of a job: a `dashboard.jobs.measurement.Measurement`, or a profile."""

    resumes: bool
    """Whether a restart continues where it stopped."""

    def make(self, out: Path, settings: Mapping[str, Any], progress: OnProgress) -> None:
        """Does the work in the job's process: writes into `out` and reports how far it is."""


@dataclass(frozen=True)
class Progress:
    """The progress of a job: the fraction done (0 to 1), a sentence, and its state.

    The sentence of a failed job says why. A stopped job can be started again.
    """

    fraction: float
    sentence: str
    state: Literal["going", "done", "failed", "stopped"]


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
        if found.state == "going" and not _lives(self.out, record):
            return Progress(found.fraction, stopped(self.work), "stopped")
        return found

    def stop(self, seconds: float = 10) -> None:
        """End the job and wait for that; nothing if it has ended. Raises UserError if it does not end."""
        serving.own_machine_only("Work is stopped")
        if self.progress.state != "going":
            return
        process = _started.pop(self.out, None)
        if process is not None and process.stdin is not None:
            process.stdin.close()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        else:  # another dashboard started it; the job looks for this file
            with suppress(OSError):
                (self.out / STOP).touch()
            until = time.monotonic() + seconds
            while self.progress.state == "going" and time.monotonic() < until:
                time.sleep(0.1)
            with suppress(OSError):
                (self.out / STOP).unlink(missing_ok=True)
            if self.progress.state == "going":
                raise UserError("The work does not stop. Close the dashboard that started it.")
        record = read(self.out)
        if record is not None and record["state"] == "going":
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
    serving.own_machine_only("Work runs in the background")
    job = Job(Path(out).absolute(), model, Path(path).absolute(), limit, how, work)
    try:
        job.out.mkdir(parents=True, exist_ok=True)
        with FileLock(job.out / LOCK).acquire(timeout=2):
            if (there := find(job.out)) is not None and there.progress.state == "going":
                raise UserError(f"Work is going on in “{job.out}” already. Stop it, or choose another name.")
            (job.out / STOP).unlink(missing_ok=True)
            request = dict(how) | {"model": model, "path": str(job.path), "limit": limit, "work": work}
            record = {
                "asked": request,
                "pid": None,
                "beat": time.time(),
                "fraction": 0.0,
                "sentence": "Starting",
                "state": "going",
            }
            atomically(job.out / JOB, json.dumps(record).encode())
            command, env = child_process("dashboard.jobs.runner", str(job.out))
            _started[job.out] = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
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


def work_of(request: Mapping[str, object]) -> str:
    """The module that defines a job's work, by today's name."""
    work = str(request.get("work", PROFILE))
    return EARLIER.get(work, work)


def load(work: str) -> Work:
    """The ``MEASUREMENT`` of a module. Raises UserError if this version has no such module."""
    found = None
    if WORK.fullmatch(work):
        try:
            found = getattr(import_module(work), "MEASUREMENT", None)
        except ModuleNotFoundError as error:
            if not f"{work}.".startswith(f"{error.name}."):  # it exists, but a library is missing
                raise
    if found is not None:
        return found
    raise UserError("This version of the dashboard does not know how to do this work. Begin it again from its page.")


def resumes(work: str) -> bool:
    """Whether a restart of work continues where it stopped; False if this version does not know it, or cannot do it."""
    try:
        return load(work).resumes
    except (UserError, ImportError):
        return False


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
    """Remove a job's own files; its result stays."""
    with suppress(OSError):
        for name in (JOB, STOP, LOCK):
            (out / name).unlink(missing_ok=True)


def write(out: Path, record: dict) -> None:
    """Write the job's file. A failed write, as on a full disk, is ignored."""
    with suppress(OSError):
        atomically(out / JOB, json.dumps(record).encode())


def read(out: Path) -> dict | None:
    """The content of the job's file; None if it is missing or not one of ours."""
    try:
        record = json.loads((out / JOB).read_bytes())
        request = record["asked"]
        kinds = (
            (record["fraction"], float | int),
            (record["sentence"], str),
            (record["beat"], float | int),
            (record["pid"], int | None),
            (request["model"], str),
            (request["path"], str),
            (request["limit"], int | None),
            *((value, str | int | float | None) for value in request.values()),
        )
        whole = all(isinstance(value, kind) for value, kind in kinds) and record["state"] in STATES
        whole &= "out" not in request and WORK.fullmatch(work_of(request)) is not None
        return record if whole and 0 <= record["fraction"] <= 1 else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def stopped(work: str) -> str:
    """The sentence for stopped work."""
    return "It was stopped and can go on where it was." if resumes(work) else "It was stopped."


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
