"""A profile as the work of a job.

It is no `dashboard.jobs.measurement.Measurement`: a person names its folder and may bring the corpus, and it is a
folder of tables with a store of chunks of its own, from which it goes on where it was stopped.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.jobs.job import OnProgress


@dataclass(frozen=True)
class ProfileWork:
    """Makes the profile that a job's file asks for: a `dashboard.jobs.job.Work`."""

    resumes: bool = True

    def make(self, out: Path, settings: Mapping[str, Any], progress: OnProgress) -> None:
        """Makes it in the folder, and removes the corpus where that lies within."""
        from dashboard.analyses.profile.run import profile
        from dashboard.capture import open_model

        progress(0.0, "Opening the model")
        path = Path(settings["path"])
        profile(
            open_model(settings["model"]),
            path,
            out,
            limit=settings["limit"],
            workers=settings.get("workers", 1),
            parser=settings.get("parser"),
            progress=progress,
        )
        if path.is_relative_to(out):
            with suppress(OSError):
                shutil.rmtree(path.parent) if path.parent != out else path.unlink()


MEASUREMENT = ProfileWork()
