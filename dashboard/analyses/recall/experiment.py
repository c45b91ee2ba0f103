"""A whole run of “Why attention?”: first the reading speed of each model, then the training.

for study in run(DEFAULT):
    bar.progress(study.fraction, study.doing)
study.result, study.timings
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from dashboard.analyses.recall.gradient_reach import Timing, timings
from dashboard.analyses.recall.networks import count, new_network
from dashboard.analyses.recall.seeds import generators
from dashboard.analyses.recall.task import DEFAULT, NAMES, Recall
from dashboard.analyses.recall.threads import one_thread
from dashboard.analyses.recall.training import Result, train, training_steps

TIMED = (16, 32, 64, 128, 256)  # positions
FIRST = 0.02  # the timing's share of the progress


@dataclass(frozen=True)
class RecallRun:
    """The results of a run so far.

    Attributes
    ----------
    fraction: the part that is done, 0 to 1; doing: the current step in words
    result: of the training; complete when fraction is 1
    timings: the reading time of each model, measured before the training
    """

    fraction: float
    doing: str
    result: Result = field(repr=False)
    timings: tuple[Timing, ...] = ()

    @property
    def complete(self) -> bool:
        return len(self.result.points) == len(self.result.config.distances) * len(self.result.weights)


def run(config: Recall = DEFAULT) -> Iterator[RecallRun]:
    """Times and trains, and yields the results so far, several times a second. Stop iterating to stop the run."""
    nothing = Result(config, {name: count(name, config) for name in NAMES})
    yield RecallRun(0.0, "Timing", nothing)
    timed = timings(TIMED)
    for progress in train(config):
        # Sums of shares may miss 1 by a rounding.
        fraction = min(1.0, FIRST + (1 - FIRST) * progress.fraction)
        yield RecallRun(fraction, progress.doing, progress.result, timed)


def estimate(config: Recall) -> float:
    """Estimated seconds of a whole run on this machine if no network finishes early.

    Measures three steps of each model at the nearest and the farthest distance, in some tenths of a second.
    """
    with one_thread():  # as in training
        return config.steps * sum(_seconds_of_all(name, config) for name in NAMES)


def _seconds_of_all(name: str, config: Recall) -> float:
    """Seconds of one training step, summed over the distances. The time grows linearly with the distance."""
    near, far = (_seconds(name, config, distance) for distance in (config.distances[0], config.farthest))
    slope = max(0.0, far - near) / max(1, config.farthest - config.distances[0])
    return sum(near + slope * (distance - config.distances[0]) for distance in config.distances)


def _seconds(name: str, config: Recall, distance: int) -> float:
    """Seconds of one training step: the fastest of three."""
    network = new_network(name, config, generators(config.seeds, distance, "weights"))
    took = []
    began = time.perf_counter()
    for _ in islice(training_steps(network, config, distance), 3):
        took.append(time.perf_counter() - began)
        began = time.perf_counter()
    return min(took)
