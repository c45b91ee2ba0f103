"""How well the dashboard's detectors find heads whose job is known, and how well its intervals hold a true value.

Models with hand-written heads (`dashboard/builtin/known_truth/`) are written, opened and measured. The figures go to
build/truth.json and, as a document, to docs/known-truth.md.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.truth.detectors import BAR, BAR_FROM, DETECTORS, found
from bench.truth.document import document
from bench.truth.intervals import LEAST, MOST, OF_RANDOM, TOO_HIGH, coverages
from bench.truth.measure import measured

OUT, DOCUMENT = Path("build/truth.json"), Path("docs/known-truth.md")
STRENGTHS = (1.0, 2.0, 4.0, 8.0)
NOISE = 1.0
SEEDS = {"tokens": 10, "both_ways": 10, "partners": 10, "induction": 10, "aligner": 10, "parse": 5, "causal_parse": 5}


def main() -> None:
    """Prints every detector at each strength, then the coverage of intervals; writes both to `OUT` and `DOCUMENT`."""
    begun = time.perf_counter()
    print(f"AUROC of detectors for heads of known jobs, noise {NOISE:g} nat (at least {BAR} from {BAR_FROM:g} nats)")
    rows = [row for strength in STRENGTHS for row in detectors(strength)]
    print(f"Coverage of 95 % intervals ({LEAST:.0%} to {MOST:.0%})")
    held = intervals()
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"detectors": rows, "intervals": held}, indent=1) + "\n", encoding="utf-8")
    DOCUMENT.write_text(document(rows, held, NOISE), encoding="utf-8")
    print(f"{time.perf_counter() - begun:.0f} s → {OUT}, {DOCUMENT}")


def detectors(strength: float) -> list[dict[str, Any]]:
    """Every detector at a strength, printed: its place in `DETECTORS`, the strength, and the fields of `Found`."""
    tables = [measured(kind, seed, strength, NOISE) for kind, seeds in SEEDS.items() for seed in range(seeds)]
    rows = []
    for number, detector in enumerate(DETECTORS):
        one = found(detector, tables)
        rows.append({"detector": number, "strength": strength, **asdict(one)})
        verdict = "" if strength < BAR_FROM else "   holds" if one.auroc >= BAR else "   does not hold"
        sizes = f"{one.heads:3} of {one.heads + one.others} heads, {one.models} models"
        named = f"named {one.hits:.2f}, false alarms {one.alarms:.2f}, at q {one.hits_q:.2f}, {one.alarms_q:.2f}"
        ends = f"{one.auroc:.3f} ({one.low:.3f} to {one.high:.3f})"
        print(f"  {strength:g} nats  {detector.title:28} {ends}  {sizes}   {named}{verdict}", flush=True)
    return rows


def intervals() -> list[dict[str, Any]]:
    """Every figure's coverage, printed: the fields of `Coverage`, and the ends of its interval."""
    rows = []
    for one in coverages():
        low, high = one.interval
        rows.append(asdict(one) | {"low": low, "high": high})
        above = one.above / one.repetitions
        if OF_RANDOM in one.figure:
            verdict = "holds" if above <= TOO_HIGH else "does not hold"
        else:
            verdict = "holds" if LEAST <= one.share <= MOST else "does not hold"
        ends = f"{one.share:.1%} ({low:.1%} to {high:.1%}), {above:.1%} too high"
        print(f"  {one.figure:52} {ends}, of {one.repetitions}: {verdict}", flush=True)
    return rows
