"""`make maps`: the maps of heads that come with the dashboard, and the distances between its models, made again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

from dashboard.analyses.similarity import map_job, pair_job
from dashboard.analyses.similarity.api import distances_between, map_heads
from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.models import CATALOGUE


def main(names: Sequence[str] = ()) -> int:
    try:
        models = [open_model(name, fetch_missing=True) for name in names or list(CATALOGUE)]
        for model in models:
            asked = map_job.Asked.of(model)
            _made(lambda m=model, a=asked: map_job.keep_map(map_heads(m), a, map_job.shipped_file(a.model)))
        for pair in combinations(sorted(models, key=lambda model: model.name), 2):
            asked = pair_job.Asked.of(*(model.source for model in pair))
            _made(lambda p=pair, a=asked: pair_job.keep_pair(distances_between(*p), a, pair_job.shipped_file(a)))
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    return 0


def _made(make: Callable[[], Path]) -> None:
    begun = time.perf_counter()
    file = make()
    print(f"{file.name}: {time.perf_counter() - begun:.0f} s, {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
