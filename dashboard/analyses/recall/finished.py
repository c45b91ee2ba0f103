"""The run that comes with the package: measured once by the project, so that the page has curves to show at once.

    finished = finished_run()
    finished.study.result, finished.when

`make recall` measures it again. The file says what it is of: the settings, the seeds, the versions and the date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dashboard.analyses.recall.experiment import RecallRun
from dashboard.analyses.recall.job import run_of
from dashboard.analyses.recall.task import DEFAULT, Recall
from dashboard.errors import UserError
from dashboard.files import atomically

FILE = Path(__file__).parent / "shipped" / "usual.json"
FIELDS = ("distances", "seeds", "steps", "symbols")  # what a person can change of a run


@dataclass(frozen=True, eq=False)
class Finished:
    """A whole run, and where it comes from.

    Attributes
    ----------
    study: what it found
    when: the day it was measured, like 2026-11-28
    versions: of Python and of the packages that its numbers depend on
    cores: processor cores of the machine; training and timing take one at a time
    """

    study: RecallRun
    when: str
    versions: Mapping[str, str]
    cores: int


def keep(finished: Finished, file: Path = FILE) -> Path:
    """Writes it where `finished_run` reads it. Raises UserError for a run that is not whole."""
    if not finished.study.complete:
        raise UserError("This run was stopped before its end. Let it come to its end, then keep it.")
    about = {"when": finished.when, "cores": finished.cores, "versions": dict(finished.versions)}
    text = json.dumps(about | {"study": asdict(finished.study)}, indent=None, separators=(",", ":"))
    file.parent.mkdir(parents=True, exist_ok=True)
    atomically(file, (text + "\n").encode())
    return file


@lru_cache(maxsize=1)
def finished_run(file: Path = FILE) -> Finished | None:
    """The run that comes with the package; None where its file is not there or cannot be read: the page then offers to
    train, as for any other settings."""
    try:
        held = json.loads(file.read_bytes())
        return Finished(run_of(held["study"]), held["when"], held["versions"], held["cores"])
    except (OSError, ValueError, TypeError, KeyError, UserError):
        return None


def differing(config: Recall, usual: Recall = DEFAULT) -> dict[str, tuple[Any, Any]]:
    """The settings in which a run differs from the finished one: its name → (there, here)."""
    return {
        name: (getattr(usual, name), getattr(config, name))
        for name in FIELDS
        if getattr(config, name) != getattr(usual, name)
    }
