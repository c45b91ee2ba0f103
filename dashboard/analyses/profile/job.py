"""The process of a job that makes a profile: what ``job.json`` in the folder asks for."""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from pathlib import Path

from dashboard.jobs.runner import Progress, main


def _profile(out: Path, asked: dict, progress: Progress) -> None:
    from dashboard.analyses.profile.run import profile
    from dashboard.capture import open_model

    progress(0.0, "Opening the model")
    path = Path(asked["path"])
    profile(
        open_model(asked["model"]),
        path,
        out,
        limit=asked["limit"],
        workers=asked.get("workers", 1),
        parser=asked.get("parser"),
        progress=progress,
    )
    if path.is_relative_to(out):
        with suppress(OSError):
            shutil.rmtree(path.parent) if path.parent != out else path.unlink()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), _profile))
