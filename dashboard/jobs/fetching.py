"""Fetching a model as the work of a job: it goes on when the tab is closed, and a stopped one resumes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.files import cache_dir
from dashboard.jobs.job import Job, start
from dashboard.jobs.work import OnProgress
from dashboard.models import fetch


@dataclass(frozen=True)
class FetchWork:
    """Fetches the model that a job's file names: a `dashboard.jobs.job.Work`. What is there already is not fetched a
    second time, half a file included."""

    resumes: bool = True

    def make(self, out: Path, settings: Mapping[str, Any], progress: OnProgress) -> None:
        """Fetches the model; the folder `out` holds the job alone."""
        fetch(settings["model"], progress)


MEASUREMENT = FetchWork()


def place() -> Path:
    """The folder of all such jobs. Raises UserError if no cache folder is known."""
    return cache_dir() / "fetching"


def begin(hub_id: str) -> Job:
    """Start to fetch a model of the hub in the background. Raises UserError as `dashboard.jobs.job.start` does."""
    out = place() / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', hub_id)[:60]}-{hashlib.sha256(hub_id.encode()).hexdigest()[:12]}"
    return start(hub_id, out, out, work=__name__)
