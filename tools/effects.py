"""`make effects`: what the absence of each head changes, as it comes with the dashboard, made again."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import get_args

from dashboard.analyses.ablation.api import ablate_in
from dashboard.analyses.ablation.results import SENTENCES, Asked, keep_measured, shipped_file
from dashboard.capture import open_model
from dashboard.capture.ablate import By
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError

SHIPPED = ("minilm", "smollm2")


def main(models: Sequence[str] = ()) -> int:
    try:
        for name in models or SHIPPED:
            model = open_model(name, fetch_missing=True, progress=_say)
            for by in get_args(By):
                begun = time.perf_counter()
                effect = ablate_in(model, builtin_corpus(), by=by, sentences=SENTENCES, progress=_say)
                file = keep_measured(effect.table, Asked.of(model, by), shipped_file(name, by))
                took = time.perf_counter() - begun
                print(f"{file.name}: {len(effect.table)} heads, {took:.0f} s, {file.stat().st_size / 1e3:.0f} kB")
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    return 0


def _say(fraction: float, sentence: str) -> None:
    print(f"{fraction:4.0%}  {sentence}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
