"""`make pairs`: what heads carry over in the ready sets of pairs, as it comes with the dashboard, made again.

A run that was stopped goes on where it was.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from dashboard.analyses.patching.set_job import MEASUREMENT, Request
from dashboard.analyses.patching.sets import pair_sets
from dashboard.capture import open_model
from dashboard.errors import UserError
from tools.effects import show_progress

MODELS = ("smollm2",)  # of those that come with the dashboard the one that predicts a next word


def main(sets: Sequence[str] = ()) -> int:
    """sets: their names; none for all"""
    try:
        for name in MODELS:
            model = open_model(name, fetch_missing=True, progress=show_progress)
            for one in sets or pair_sets():
                begun, request = time.perf_counter(), Request.of(model, one)
                found = MEASUREMENT.measure(request, model, progress=show_progress)
                file = MEASUREMENT.keep(found, request, MEASUREMENT.shipped_file(request))
                took, size = time.perf_counter() - begun, file.stat().st_size / 1e3
                print(f"{file.name}: {len(found.places)} of {found.total} pairs, {took:.0f} s, {size:.0f} kB")
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
