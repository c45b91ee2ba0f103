"""`make effects`: what the absence of each head changes, as it comes with the dashboard, made again."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import get_args

from dashboard.analyses.ablation.results import MEASUREMENT, Request
from dashboard.capture import AttentionModel, open_model
from dashboard.capture.ablate import By
from dashboard.errors import UserError

SHIPPED = ("minilm", "smollm2")


def main(models: Sequence[str] = ()) -> int:
    try:
        for name in models or SHIPPED:
            measure(open_model(name, fetch_missing=True, progress=show_progress))
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    return 0


def measure(model: AttentionModel) -> None:
    for by in get_args(By):
        begun = time.perf_counter()
        request = Request.of(model, by)
        found = MEASUREMENT.measure(request, model, progress=show_progress)
        file = MEASUREMENT.keep(found, request, MEASUREMENT.shipped_file(request))
        took = time.perf_counter() - begun
        print(f"{file.name}: {len(found.table)} heads, {took:.0f} s, {file.stat().st_size / 1e3:.0f} kB")


def show_progress(fraction: float, sentence: str) -> None:
    print(f"{fraction:4.0%}  {sentence}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
