"""What is measured of a model in the background: a process of its own, and a small file that says how far it is.

    job = start("minilm", "corpus.conllu", place_for("My texts"))
    job.progress        # Progress(fraction=0.4, sentence="512 of 1,280 sentences, about 20 s left", state="going")
    job.stop()

The file, ``job.json`` in the folder that is written to, is written by the job every second, so that whoever looks into
the folder finds it again. The process ends with the one that started it, however that went. What is done is named by
the module that defines it, ``dashboard.analyses.<topic>.<module>``, as ``MEASUREMENT``.
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

from dashboard.errors import UserError
from dashboard.files import atomically
from dashboard.installed import child_process

JOB, STOP, LOCK = "job.json", "job.stop", "job.lock"
BEAT = 1.0  # seconds between two signs of life
SILENT = 20.0  # seconds without one, after which a job is taken for dead

PROFILE = "dashboard.analyses.profile.job"
"""What the first version's jobs do, which name no work."""
EARLIER = {
    "dashboard.corpus.jobwork": PROFILE,
    "dashboard.without": "dashboard.analyses.ablation.results",
    "dashboard.headmaps": "dashboard.analyses.similarity.map_job",
    "dashboard.headpairs": "dashboard.analyses.similarity.pair_job",
    "dashboard.analyses.ablation.draw": "dashboard.analyses.ablation.results",
}
"""Work by the names that earlier versions wrote into ``job.json``."""
WORK = re.compile(r"dashboard\.analyses\.\w+\.\w+", re.ASCII)
"""The modules that a ``job.json`` may name: only these are ever imported."""
ALWAYS = {"model", "path", "limit", "work"}
"""What every job is told; what else, `Job.how`, is its work's own."""
STATES = ("going", "done", "failed", "stopped")
# The processes that this one started: their standard input is held open for as long as it lives.
_started: dict[Path, subprocess.Popen] = {}


OnProgress = Callable[[float, str], None]
"""What work calls to say how far it is: with a fraction and a sentence."""


class Work(Protocol):
    """What a job does: a `dashboard.jobs.measurement.Measurement`, or a profile."""

    resumes: bool
    """Whether it goes on where it was when it is started again."""

    def make(self, out: Path, settings: Mapping[str, Any], progress: OnProgress) -> None:
        """Does the work in the job's process: writes into `out` and reports how far it is."""


@dataclass(frozen=True)
class Progress:
    """How far a job is: the fraction done (0 to 1), a sentence, and whether it is going, done, failed or stopped.

    Of a failed job the sentence says why. A stopped one goes on where it was when it is started again.
    """

    fraction: float
    sentence: str
    state: Literal["going", "done", "failed", "stopped"]


@dataclass(frozen=True)
class Job:
    """Work that was asked for.

    Attributes
    ----------
    out: the folder that is written to
    model: by name; path: the corpus; limit: how many of its sentences, None for all
    how: what else the work is told, plain values by name
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
        """Whether it can go on where it was; not where this version does not know it."""
        return resumes(self.work)

    @property
    def progress(self) -> Progress:
        """As the job said it last; of one that says nothing any more, that it was stopped."""
        record = read(self.out)
        if record is None:
            return Progress(0.0, "It was removed.", "stopped")
        found = Progress(*(record[name] for name in ("fraction", "sentence", "state")))
        if found.state == "going" and not _lives(self.out, record):
            return Progress(found.fraction, stopped(self.work), "stopped")
        return found

    def stop(self, seconds: float = 10) -> None:
        """Ends it and waits for that. Nothing where it has ended. Raises UserError where it does not end."""
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
        else:  # another dashboard's: it looks for this file
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
    """Begins work in a process of its own, or goes on with the profile that was stopped there.

    Parameters
    ----------
    model: its name, as `dashboard.open_model` takes it; it must be installed
    path, out, limit: as `dashboard.corpus.profile` takes them. A profile's file within `out` is removed when it is done
    work, how: what is done, see `load`, and what else it is told: of a profile `workers` and `parser`

    Raises UserError where the folder cannot be written to, or a job is going in it.
    """
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
    """The job of a folder, whoever started it; None where there was none."""
    out = Path(out).absolute()
    record = read(out)
    if record is None:
        return None
    request = record["asked"]
    how = {name: value for name, value in request.items() if name not in ALWAYS}
    return Job(out, request["model"], Path(request["path"]), request["limit"], how, work_of(request))


def work_of(request: Mapping[str, object]) -> str:
    """The module that defines what a job was asked for, as it is called today."""
    work = str(request.get("work", PROFILE))
    return EARLIER.get(work, work)


def load(work: str) -> Work:
    """What a module defines as ``MEASUREMENT``. Raises UserError where this version has no such module."""
    found = None
    if WORK.fullmatch(work):
        try:
            found = getattr(import_module(work), "MEASUREMENT", None)
        except ModuleNotFoundError as error:
            if not f"{work}.".startswith(f"{error.name}."):  # it is there, and lacks a library
                raise
    if found is not None:
        return found
    raise UserError("This version of the dashboard does not know how to do this work. Begin it again from its page.")


def resumes(work: str) -> bool:
    """Whether work goes on where it was; not where this version does not know it, or cannot do it."""
    try:
        return load(work).resumes
    except (UserError, ImportError):
        return False


def again(job: Job) -> Job:
    """Begins it again, or goes on with it. Raises UserError as `start` does."""
    return start(job.model, job.path, job.out, limit=job.limit, work=job.work, **job.how)


def jobs(place: Path) -> list[Job]:
    """The jobs of all folders in this one, by name."""
    try:
        return [job for out in sorted(place.iterdir()) if (job := find(out)) is not None]
    except OSError:
        return []


def forget(out: Path) -> None:
    """Removes what a job leaves beside its result."""
    with suppress(OSError):
        for name in (JOB, STOP, LOCK):
            (out / name).unlink(missing_ok=True)


def write(out: Path, record: dict) -> None:
    """Writes the file. A full disk keeps nobody from going on."""
    with suppress(OSError):
        atomically(out / JOB, json.dumps(record).encode())


def read(out: Path) -> dict | None:
    """What the file says; None where there is none, or it is none of ours."""
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
    """What is said of work that was stopped."""
    return "It was stopped and can go on where it was." if resumes(work) else "It was stopped."


def _lives(out: Path, record: dict) -> bool:
    if (process := _started.get(out)) is not None:
        return process.poll() is None
    if record["pid"] is not None and os.name == "posix":
        try:
            os.kill(record["pid"], 0)  # asks only
        except ProcessLookupError:
            return False
        except (OSError, OverflowError):
            pass  # another user's, or no number of a process: then its signs of life decide
    return abs(time.time() - record["beat"]) < SILENT
