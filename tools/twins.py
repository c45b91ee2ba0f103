"""`make twins`: what comes with the dashboard of the untrained twins, made again: their scores, bits and effects.

TREEBANK=FILE.conllu: also the bits over that treebank, for the profiles that come with the dashboard. A new version of
transformers may draw other weights, so its twins have another revision: run this after each.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dashboard.analyses.card.measured import TEXT
from dashboard.analyses.profile import twin as bits
from dashboard.analyses.profile.run import profile
from dashboard.analyses.scores import twin as scores
from dashboard.capture import AttentionModel, untrained_twin
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from tools import effects
from tools.profiles import show_progress

MODELS, PARTS = ("minilm", "smollm2"), ("scores", "bits", "effects")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.twins", description=__doc__.partition("\n")[0])
    parser.add_argument("treebank", nargs="?", type=Path)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    args = parser.parse_args(arguments)
    try:
        for name in args.models:
            twin = untrained_twin(name)
            if "scores" in args.only:
                _scores(twin)
            if "bits" in args.only:
                for path in filter(None, (builtin_corpus(), args.treebank)):
                    _bits(twin, path)
            if "effects" in args.only:
                effects.measure(twin)
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    return 0


def _scores(twin: AttentionModel) -> None:
    """Over the text that a first visit shows."""
    request = scores.Request.reads(twin, twin.encode(TEXT))
    found = scores.MEASUREMENT.measure(request, twin)
    print(scores.MEASUREMENT.keep(found, request, scores.MEASUREMENT.shipped_file(request)).name)


def _bits(twin: AttentionModel, path: Path) -> None:
    begun = time.perf_counter()
    request = replace(bits.Request.of(twin), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with tempfile.TemporaryDirectory() as folder:
        found = profile(twin, path, folder, texts=False, progress=show_progress).heads
    file = bits.MEASUREMENT.keep(found, request, bits.MEASUREMENT.shipped_file(request))
    print(f"{file.name}: {path.name}, {time.perf_counter() - begun:.0f} s, {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
