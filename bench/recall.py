"""What “Why attention?” shows, run as the page runs it: the default configuration with its five seeds.

Fails when attention answers less than 99 % right at any distance.
"""

from __future__ import annotations

import sys

from dashboard.analyses.recall.experiment import RecallRun, run
from dashboard.analyses.recall.task import DEFAULT, NAMES, TITLES, Recall
from dashboard.analyses.recall.training import Result

LEAST = 0.99


def missed(result: Result) -> list[str]:
    """A sentence for each distance at which attention is under 99 %, in the mean over the seeds."""
    return [
        f"Attention is right in {100 * point.accuracy:.1f} % over {point.distance} distractors; 99 % were promised."
        for point in result.points
        if point.model == "attention" and point.accuracy < LEAST
    ]


def table(finished: RecallRun) -> str:
    """Accuracy in per cent with their 95 % interval, a row per model, a column per distance."""
    result = finished.result
    points = {(point.model, point.distance): point for point in result.points}
    lines = [f"{'':20}{'weights':>8}" + "".join(f"{d:>16}" for d in result.config.distances)]
    for name in NAMES:
        cells = []
        for distance in result.config.distances:
            point = points[name, distance]
            cells.append(f"{100 * point.accuracy:.1f} ({100 * point.low:.0f}–{100 * point.high:.0f})")
        lines.append(f"{TITLES[name]:20}{result.weights[name]:>8,}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def main(config: Recall = DEFAULT) -> None:
    """Print the table. Exit status 1 if attention is under 99 % anywhere."""
    print(f"\nRecall of the first symbol over d distractors: % right, {config.seeds} seeds, 95 % interval")
    print(f"guessing: {100 * config.chance:.1f} %", flush=True)
    *_, finished = run(config)
    print(table(finished))
    print(f"{finished.result.seconds:.0f} s of training")
    for row in finished.timings:
        if row.n == max(timing.n for timing in finished.timings):
            print(f"{TITLES[row.model]:20}{row.milliseconds:8.2f} ms to read {row.n} positions")
    if failures := missed(finished.result):
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
