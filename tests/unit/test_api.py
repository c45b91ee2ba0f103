"""The public API: every name is there, has a type for an editor, and earlier names still work and say the new one."""

import importlib
import subprocess
import sys

import pytest

import dashboard
from tools.server import ROOT


def test_every_name_is_there():
    for name in dashboard.__all__:
        assert getattr(dashboard, name) is not None and name in dir(dashboard)
    with pytest.raises(AttributeError, match="no_such_name"):
        dashboard.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", dashboard._EARLIER)
def test_an_earlier_name_works_and_says_the_new_one(name):
    now = dashboard._EARLIER[name]
    with pytest.warns(DeprecationWarning, match=f"dashboard.{name} is called dashboard.{now} now"):
        assert getattr(dashboard, name) is getattr(dashboard, now)
    assert name not in dashboard.__all__ and now in dashboard.__all__


def test_importing_it_costs_nothing():
    code = "import sys, dashboard; print({'torch', 'pandas', 'altair', 'streamlit', 'numpy'} & set(sys.modules))"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "set()"


def test_what_torch_reads_when_it_is_imported_is_set_before(monkeypatch):
    """How its threads wait: a click took 100 ms more where a module imported torch first."""
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    code = "import os, sys, dashboard; print(os.environ['GOMP_SPINCOUNT'], 'torch' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.split() == ["3000", "False"]


def test_every_analysis_offers_what_it_makes():
    """What a person calls of an analysis is public: no door offers a name that is not there."""
    for folder in sorted((ROOT / "dashboard" / "analyses").glob("*/api.py")):
        door = importlib.import_module(f"dashboard.analyses.{folder.parent.name}.api")
        assert all(hasattr(door, name) for name in getattr(door, "__all__", ()))
