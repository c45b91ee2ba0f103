"""The work of jobs: by its name, the module that defines it as ``MEASUREMENT``.

The name is ``dashboard.analyses.<topic>.<module>``; fetching a model is `dashboard.jobs.fetching`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from dashboard.errors import UserError

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


OnProgress = Callable[[float, str], None]
"""The callback for progress: a fraction (0 to 1) and a sentence."""


class Work(Protocol):
    """The work of a job: a `dashboard.jobs.measurement.Measurement`, or a profile."""

    resumes: bool
    """Whether a restart continues where it stopped."""

    def make(self, out: Path, settings: Mapping[str, Any], progress: OnProgress) -> None:
        """Does the work in the job's process: writes into `out` and reports how far it is."""


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


def stopped(work: str) -> str:
    """The sentence for stopped work."""
    return "It was stopped and can go on where it was." if resumes(work) else "It was stopped."
