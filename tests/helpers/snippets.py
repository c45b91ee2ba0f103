"""Runs the lines that an export gives, as a person would."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import traceback
from functools import cache
from importlib import import_module
from typing import Any

from dashboard.export import Provenance, snippet
from tools.server import ROOT

ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
IMPORTED = "torch", "transformers.models.bert.modeling_bert", "transformers.models.llama.modeling_llama"


def run(code: str, folder) -> None:
    """In a process of its own, in this folder; fails with what it wrote to stderr.

    Where a process can fork, it is forked from one that has imported the libraries and nothing else.
    """
    if not hasattr(os, "fork") or sys.platform == "darwin":
        run_alone(code, folder)
        return
    starter = _starter()
    starter.stdin.write(json.dumps([code, str(folder)]) + "\n")
    starter.stdin.flush()
    ended, said = json.loads(starter.stdout.readline())
    assert ended == 0, said


def run_alone(code: str, folder) -> None:
    """The same in a Python that has imported nothing before."""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr


def thing_of(provenance: Provenance | dict, folder, monkeypatch) -> Any:
    """What the lines of this provenance make, run here; the file that they save is written to this folder."""
    record = provenance if isinstance(provenance, Provenance) else Provenance.from_dict(provenance)
    names: dict[str, Any] = {}
    monkeypatch.chdir(folder)
    exec(snippet(record), names)
    return names["thing"]


@cache
def _starter() -> subprocess.Popen[str]:
    command = [sys.executable, "-c", f"from {__name__} import _start_each; _start_each()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    starter = subprocess.Popen(command, cwd=ROOT, text=True, env=ENVIRONMENT, **pipes)
    atexit.register(starter.communicate)  # it ends where nothing more is asked
    return starter


def _start_each() -> None:
    """For each line of stdin a process that runs its code; to stdout its exit status and what it wrote to stderr."""
    for name in IMPORTED:
        import_module(name)
    dashboard = import_module("dashboard")
    for name in dashboard.__all__:
        getattr(dashboard, name)
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            os._exit(_ran(*json.loads(line)))
        os.close(writing)
        with open(reading, errors="replace") as heard:
            said = heard.read()
        print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said]), flush=True)


def _ran(code: str, folder: str) -> int:
    """0, or 1 where it raised an error, which is written to stderr."""
    try:
        os.chdir(folder)
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0
