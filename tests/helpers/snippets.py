"""Runs the lines that an export gives, as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from dashboard.export import Provenance, snippet
from tools.server import ROOT


def run(code: str, folder) -> None:
    """In a Python of its own, in this folder; fails with what it wrote to stderr."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


def thing_of(provenance: Provenance | dict, folder, monkeypatch) -> Any:
    """What the lines of this provenance make, run here; the file that they save is written to this folder."""
    record = provenance if isinstance(provenance, Provenance) else Provenance.from_dict(provenance)
    names: dict[str, Any] = {}
    monkeypatch.chdir(folder)
    exec(snippet(record), names)
    return names["thing"]
