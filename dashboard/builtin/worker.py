"""A run in a process of its own: `python -m dashboard.builtin.worker` reads a configuration and writes what it finds.

Training is thousands of small steps in Python. In the server's process it and the pages would wait for each other at
every one of them.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dashboard.builtin.recall import Recall
from dashboard.builtin.study import Study, run

ROOT = Path(__file__).resolve().parents[2]


def run_apart(config: Recall) -> Iterator[Study]:
    """As `study.run`, in a process of its own, which ends when nobody asks for more.

    Raises RuntimeError where it breaks off.
    """
    command = [sys.executable, "-m", "dashboard.builtin.worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            pickle.dump(config, process.stdin)
            process.stdin.flush()
            while True:
                try:
                    yield pickle.load(process.stdout)  # from a program of ours, never from outside
                except EOFError:
                    break
            if process.wait():
                raise RuntimeError(f"The run broke off with status {process.returncode}.")
        finally:
            process.kill()


def main() -> None:
    config = pickle.load(sys.stdin.buffer)
    for study in run(config):
        pickle.dump(study, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
