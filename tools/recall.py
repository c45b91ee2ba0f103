"""`make recall`: the run that “Why attention?” opens with, measured again on this machine. Takes about a minute."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime

from dashboard.analyses.recall.experiment import run
from dashboard.analyses.recall.finished import Finished, keep
from dashboard.analyses.recall.task import DEFAULT
from dashboard.analyses.recall.text import claim
from dashboard.export.provenance import versions

NEEDED = ("python", "torch", "numpy")  # what the numbers of a run depend on


def main() -> int:
    begun, study, said = time.perf_counter(), None, ""
    for study in run(DEFAULT):
        if study.doing != said:
            said = study.doing
            print(f"{study.fraction:4.0%}  {said}", file=sys.stderr)
    assert study is not None  # `run` yields before it trains
    there = versions()
    today = datetime.now(UTC).date().isoformat()
    finished = Finished(study, today, {name: there[name] for name in NEEDED if name in there}, os.cpu_count() or 1)
    file = keep(finished)
    print(claim(study.result))
    print(f"{file.name}: {time.perf_counter() - begun:.0f} s, {file.stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
