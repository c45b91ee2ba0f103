"""A profile as the work of a job.

It is not a `dashboard.jobs.measurement.Measurement`: you name its folder and may bring the corpus, and it writes a
folder of tables with its own store of chunks, from which it resumes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard import serving
from dashboard.jobs.work import OnProgress


@dataclass(frozen=True)
class ProfileWork:
    """Makes the profile that a job's file asks for: a `dashboard.jobs.job.Work`."""

    resumes: bool = True

    def make(self, out: Path, settings: Mapping[str, Any], progress: OnProgress) -> None:
        """Makes the profile in the folder `out`, and removes the corpus if it lies inside."""
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
            scheduler=rules.jobs.scheduler or None if (rules := serving.rules()) else None,
            parser=settings.get("parser"),
            progress=progress,
        )
        if path.is_relative_to(out):
            with suppress(OSError):
                shutil.rmtree(path.parent) if path.parent != out else path.unlink()


MEASUREMENT = ProfileWork()
