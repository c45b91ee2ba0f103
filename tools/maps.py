"""`make maps`: the maps of heads that come with the dashboard, and the distances between its models, made again."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from itertools import combinations

from dashboard.analyses.similarity import map_job, pair_job
from dashboard.capture import AttentionModel, open_model
from dashboard.errors import UserError
from dashboard.jobs.measurement import Measurement
from dashboard.models import CATALOGUE


def main(names: Sequence[str] = ()) -> int:
    try:
        models = [open_model(name, fetch_missing=True) for name in names or list(CATALOGUE)]
        for model in models:
            _made(map_job.MEASUREMENT, model)
        for pair in combinations(sorted(models, key=lambda model: model.name), 2):
            _made(pair_job.MEASUREMENT, *pair)
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    return 0


def _made(measurement: Measurement, *models: AttentionModel) -> None:
    begun, request = time.perf_counter(), measurement.request(*models)
    file = measurement.keep(measurement.measure(request, *models), request, measurement.shipped_file(request))
    print(f"{file.name}: {time.perf_counter() - begun:.0f} s, {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
