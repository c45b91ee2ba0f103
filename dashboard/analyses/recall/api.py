"""How far back recurrent networks and attention reach: train both on one task, and draw the results.

study = recall(distances=(1, 4, 16), seeds=3)
save(draw_recall(study, "accuracy"), "recall.svg")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields, replace

import pandas as pd

from dashboard.analyses.recall import charts as pictures
from dashboard.analyses.recall.experiment import RecallRun, run
from dashboard.analyses.recall.gradient_reach import path_length
from dashboard.analyses.recall.networks import count
from dashboard.analyses.recall.seeds import generators
from dashboard.analyses.recall.task import DEFAULT, NAMES, TITLES, Recall, sequences
from dashboard.analyses.recall.task_chart import MOST_SYMBOLS, letters, task
from dashboard.analyses.recall.training import Point, Result
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, given
from dashboard.export.provenance import origin

RECALL_PICTURES: tuple[str, ...] = ("accuracy", "gradients", "paths", "times", "task")
OPTIONS_OF_A_RUN = ("distances", "seeds", "steps", "symbols")


def recall(config: Recall = DEFAULT, **changed: object) -> RecallRun:
    """Times and trains all four networks; takes as long as on the page. changed: fields of `Recall`.

    Raises UserError for values out of range.
    """
    known = {field.name for field in fields(Recall)}
    if unknown := [name for name in changed if name not in known]:
        raise UserError(f"A run has no “{unknown[0]}”. It has {', '.join(sorted(known))}.")
    *_, study = run(replace(config, **changed))
    return study


def nothing_yet(config: Recall) -> RecallRun:
    """A run that has not begun: only its task and its paths can be drawn."""
    return RecallRun(0.0, "", Result(config, {name: count(name, config) for name in NAMES}))


def draw_recall(
    study: RecallRun, picture: str = "accuracy", *, theme: Theme = "light", width: float | None = None
) -> Drawing:
    """One of `RECALL_PICTURES`: "accuracy", "gradients", "paths", "times", "task". Raises UserError for another."""
    config = study.result.config
    draw: dict[str, Callable[[], Drawing]] = {
        "accuracy": lambda: pictures.accuracy(study.result, Look(theme, width)),
        "gradients": lambda: pictures.gradients(study.result, Look(theme, width)),
        "paths": lambda: pictures.paths(config, Look(theme, width)),
        "times": lambda: pictures.times(study.timings, Look(theme, width)),
        "task": lambda: task(example_sequence(config), config.symbols, Look(theme, width)),
    }
    if picture not in draw:
        raise UserError(f"There is no picture “{picture}” of a run. Choose one of {', '.join(RECALL_PICTURES)}.")
    return draw[picture]().made_of(recall_provenance(config, picture, theme=theme, width=width))


def recall_provenance(config: Recall, picture: str, **options: object) -> Provenance:
    """The provenance of a run's picture: its configuration, and the lines that run and draw it again."""
    look, changed = given(**options), {name: getattr(config, name) for name in OPTIONS_OF_A_RUN}
    study = Call("recall", (), changed, to="study", note="Trains again, as long as on the page.")
    call = Call("draw_recall", (study, picture), look, makes="figure")
    return origin(Model("recall", title="Why attention?"), "", picture, call, options=asdict(config) | look)


def recall_table(study: RecallRun, picture: str = "accuracy") -> pd.DataFrame:
    """The numbers behind `draw_recall`, a row per point.

    accuracy: model, distance, accuracy, low, high, weights, steps, seconds and a column for each seed; gradients:
    model, when, back, norm, low, high; paths: model, distance, steps; times: model, n, milliseconds, microseconds_each;
    task: place, symbol.
    """
    config = study.result.config
    if picture == "accuracy":
        rows = [_row(point, study.result.weights[point.model]) for point in study.result.points]
        columns = list(_row(_NO_POINT, 0)) if not rows else None
        return pd.DataFrame(rows, columns=columns)
    if picture == "paths":
        distances = sorted({1, *(d + 1 for d in config.distances)})
        return pd.DataFrame([{"model": m, "distance": d, "steps": path_length(m, d)} for m in NAMES for d in distances])
    if picture == "task":
        signs = letters(example_sequence(config), config.symbols)
        return pd.DataFrame({"place": range(len(signs)), "symbol": signs})
    rows = study.result.gradients if picture == "gradients" else study.timings
    return pd.DataFrame([asdict(row) for row in rows])


def example_sequence(config: Recall) -> list[int]:
    """One test sequence of seed 0, at a distance that fits into the picture."""
    fitting = [distance for distance in config.distances if distance + 2 <= MOST_SYMBOLS]
    distance = fitting[-1] if fitting else MOST_SYMBOLS - 2
    return sequences(distance, 1, config.symbols, generators(1, distance, "test"))[0, 0].tolist()


_NO_POINT = Point("", 0, 0.0, 0.0, 0.0, (), 0, 0.0)


def _row(point: Point, weights: int) -> dict[str, object]:
    seeds = {f"seed_{seed}": share for seed, share in enumerate(point.by_seed)}
    return {
        "model": TITLES.get(point.model, ""),
        "distance": point.distance,
        "accuracy": point.accuracy,
        "low": point.low,
        "high": point.high,
        "weights": weights,
        "steps": point.steps,
        "seconds": point.seconds,
        **seeds,
    }
