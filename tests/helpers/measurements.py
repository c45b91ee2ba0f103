"""A measurement of which nothing is there yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.jobs import job, measurement
from dashboard.jobs.measurement import Measurement


def nothing_measured(monkeypatch: pytest.MonkeyPatch, of: Measurement, folder: Path) -> None:
    """Nothing ships in ``folder/along``, and the cache folder is `folder`."""
    monkeypatch.setattr(measurement, "cache_dir", lambda: folder)
    monkeypatch.setitem(of.__dict__, "shipped", folder / "along")


def jobs_begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, object]]]:
    """The jobs that are begun from now on, model and what it is told; none of them really."""
    begun = []
    monkeypatch.setattr(job, "start", lambda model, path, out, **how: begun.append((model, how)))
    return begun
