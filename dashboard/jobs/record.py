"""The file of a job, ``job.json`` in its output folder: what was asked for, and how far it is."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from dashboard.files import atomically
from dashboard.jobs.work import WORK, work_of

JOB, STOP, LOCK = "job.json", "job.stop", "job.lock"
BEAT = 1.0  # seconds between two signs of life
ALWAYS = {"model", "path", "limit", "work"}
"""The settings that every job has; the others, `Job.how`, depend on the work."""
STATES = ("waiting", "going", "done", "failed", "stopped")


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
            (record.setdefault("owner", ""), str),
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
