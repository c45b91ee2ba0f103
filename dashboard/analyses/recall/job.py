"""A run in its own process, which reads a configuration and writes its results.

Training is thousands of small steps in Python. In the server's process, training and pages would wait for each other at
every step. Both sides write lines of JSON, which keep every number exact.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from dashboard.analyses.recall.experiment import RecallRun, run
from dashboard.analyses.recall.gradient_reach import Gradient, Timing
from dashboard.analyses.recall.task import Recall
from dashboard.analyses.recall.training import Point, Result
from dashboard.installed import child_process


def run_apart(config: Recall) -> Iterator[RecallRun]:
    """As `experiment.run`, in its own process, which ends when you stop iterating.

    Raises RuntimeError where the process fails.
    """
    command, env = child_process("dashboard.analyses.recall.job")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdin is not None and process.stdout is not None  # both are asked for
        try:
            process.stdin.write(json.dumps(asdict(config)).encode() + b"\n")
            process.stdin.flush()
            for line in process.stdout:
                yield _run_of(json.loads(line))
            if process.wait():
                raise RuntimeError(f"The run broke off with status {process.returncode}.")
        finally:
            process.kill()


def _run_of(found: dict) -> RecallRun:
    """The `RecallRun` from its `asdict`."""
    result = found["result"]
    return RecallRun(
        found["fraction"],
        found["doing"],
        Result(
            _recall(result["config"]),
            result["weights"],
            tuple(Point(**row | {"by_seed": tuple(row["by_seed"])}) for row in result["points"]),
            tuple(Gradient(**row) for row in result["gradients"]),
            result["seconds"],
        ),
        tuple(Timing(**row) for row in found["timings"]),
    )


def _recall(config: dict[str, Any]) -> Recall:
    return replace(Recall(**config), distances=tuple(config["distances"]))


def main() -> None:
    config = _recall(json.loads(sys.stdin.readline()))
    for study in run(config):
        print(json.dumps(asdict(study)), flush=True)


if __name__ == "__main__":
    main()
