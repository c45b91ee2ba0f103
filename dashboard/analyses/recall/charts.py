"""The charts of “Why attention?”: accuracy, gradient, path and time, each against the distance."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboard.analyses.recall.gradient_reach import Gradient, Timing, path_length
from dashboard.analyses.recall.task import NAMES, Recall
from dashboard.analyses.recall.text import (
    SHORT,
    accuracy_finding,
    chance,
    gradient_finding,
    path_finding,
    seeds_of,
    steps_of,
    time_finding,
)
from dashboard.analyses.recall.training import Point, Result
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.look import Look
from dashboard.charts.series import Axis, Series, panel, width_of_names
from dashboard.heads.format import percent

LOOKS: dict[str, tuple[str, tuple[int, ...]]] = {
    "rnn": ("purple", (2, 3)),
    "gru": ("green", (9, 3, 2, 3)),
    "lstm": ("yellow", (8, 4)),
    "attention": ("ink", ()),
}
HEIGHT, LEFT = 260.0, 64.0  # pixels of a panel, and to its left


def accuracy(result: Result, look: Look) -> Drawing:
    """The share of right answers against the number of distractors, a line per model, and the chance level."""
    config, width = result.config, look.width_or(600.0)
    series = [
        _series(
            model,
            [point.distance for point in points],
            points,
            [percent(point.accuracy) for point in points],
            "accuracy",
        )
        for model in NAMES
        if (points := [point for point in result.points if point.model == model])
    ]
    x = _distances(config.distances, "distractors between the symbol and the question")
    y = Axis("right answers", 0, 1.03, [0, 0.25, 0.5, 0.75, 1], "format(datum.value * 100, '~r') + ' %'")
    rule = (config.chance, f"guessing: {chance(config)}")
    across = width - LEFT - width_of_names(series)
    return sheet(
        panel(series, look.theme, x, y, across, HEIGHT, rule=rule),
        look.theme,
        title="Who remembers the first symbol?",
        subtitle=[f"share of right answers · {seeds_of(config)}"],
        description=accuracy_finding(result),
        width=width,
    )


def gradients(result: Result, look: Look) -> Drawing:
    """The gradient of the answer with respect to an input, against the input's distance: before and after training.

    Both panels share a logarithmic scale, so a gradient that vanishes by a constant factor falls in a straight line.
    """
    width, rows = look.width_or(980.0), result.gradients
    names = width_of_names([_empty(model) for model in NAMES])
    beside = width >= 700
    across = (width - 2 * LEFT - names - 30) / 2 if beside else width - LEFT - names
    norms = [value for row in rows for value in (row.low, row.high)] or [1e-3, 1.0]
    low, high = 10.0 ** math.floor(math.log10(max(min(norms), 1e-30))), 10.0 ** math.ceil(math.log10(max(norms)))
    every = max(1, round(math.log10(high / low) / 6))
    ticks = [10.0**power for power in range(round(math.log10(low)), round(math.log10(high)) + 1, every)]
    y = Axis("size of the gradient", low, high, ticks, _POWER, "log")
    farthest = max((row.back for row in rows), default=result.config.farthest + 1)
    x = Axis("places before the question", 0, farthest, _round_ticks(farthest))
    panels = []
    for when, title in (("before", "Before training"), ("after", "After training")):
        series = [
            _of_gradients(model, own)
            for model in NAMES
            if (own := [row for row in rows if row.model == model and row.when == when])
        ]
        named = when == "after" or not beside
        one = panel(series, look.theme, x, y, across, HEIGHT, names=named, points=False)
        panels.append(one | {"title": {"text": title, "fontSize": 13.5, "offset": 8, "frame": "group"}})
    return sheet(
        {"concat": panels, "columns": 2 if beside else 1, "spacing": 30},
        look.theme,
        title="How much the answer depends on each place",
        subtitle=[
            f"size of ∂ answer / ∂ input · trained over {result.config.farthest} distractors · "
            f"geometric {seeds_of(result.config)}"
        ],
        description=gradient_finding(result),
        width=width,
    )


def paths(config: Recall, look: Look) -> Drawing:
    """The number of computing steps between two words, against their distance."""
    width = look.width_or(480.0)
    far = config.farthest + 1
    distances = sorted({1, *(d + 1 for d in config.distances)})
    series = [
        Series(
            "RNN, GRU, LSTM",
            "purple",
            (2, 3),
            distances,
            [path_length("rnn", d) for d in distances],
            tips=[steps_of(path_length("rnn", d)) for d in distances],
        ),
        Series(
            "Attention",
            "ink",
            (),
            distances,
            [path_length("attention", d) for d in distances],
            tips=[steps_of(path_length("attention", d)) for d in distances],
            bold=True,
        ),
    ]
    ticks = _round_ticks(far)
    across = width - LEFT - width_of_names(series)
    return sheet(
        panel(
            series,
            look.theme,
            Axis("places from one word to the other", 0, far, ticks),
            Axis("steps", 0, far * 1.04, ticks),
            across,
            HEIGHT,
        ),
        look.theme,
        title="Steps on the path between two words",
        subtitle=["a recurrent network hands on its state place by place · attention looks at once"],
        description=path_finding(config),
        width=width,
    )


def times(rows: Sequence[Timing], look: Look) -> Drawing:
    """The time of each model per position, against the length of the sequence."""
    width = look.width_or(480.0)
    series = [
        Series(
            SHORT[model],
            *LOOKS[model],
            [row.n for row in own],
            [row.microseconds_each for row in own],
            tips=[f"{row.microseconds_each:.1f} µs a position, {row.milliseconds:.2f} ms in all" for row in own],
            bold=model == "attention",
        )
        for model in NAMES
        if (own := [row for row in rows if row.model == model])
    ]
    lengths = sorted({row.n for row in rows})
    top = max((row.microseconds_each for row in rows), default=1.0) * 1.08
    across = width - LEFT - width_of_names(series)
    return sheet(
        panel(
            series,
            look.theme,
            _distances(lengths, "positions in the sequence"),
            Axis("microseconds for each position", 0, top, _round_ticks(top)),
            across,
            HEIGHT,
        ),
        look.theme,
        title="One after the other, or all at once",
        subtitle=[
            "reading one sequence, forward only, vectors of 64 numbers · the fastest of several, on one core here"
        ],
        description=time_finding(rows),
        width=width,
    )


def _series(model: str, x: Sequence[float], points: Sequence[Point], tips: Sequence[str], field: str) -> Series:
    ranges = [f"{tip}, {percent(point.low)} to {percent(point.high)}" for tip, point in zip(tips, points, strict=True)]
    hue, dash = LOOKS[model]
    return Series(
        SHORT[model],
        hue,
        dash,
        x,
        [getattr(point, field) for point in points],
        [point.low for point in points],
        [point.high for point in points],
        ranges,
        bold=model == "attention",
    )


def _of_gradients(model: str, rows: Sequence[Gradient]) -> Series:
    hue, dash = LOOKS[model]
    floor = 1e-30
    tips = [f"{row.norm:.2g} ({row.low:.2g} to {row.high:.2g}), {row.back} places back" for row in rows]
    return Series(
        SHORT[model],
        hue,
        dash,
        [row.back for row in rows],
        [max(row.norm, floor) for row in rows],
        [max(row.low, floor) for row in rows],
        [max(row.high, floor) for row in rows],
        tips,
        bold=model == "attention",
    )


def _empty(model: str) -> Series:
    hue, dash = LOOKS[model]
    return Series(SHORT[model], hue, dash, (), (), bold=model == "attention")


def _distances(values: Sequence[int], title: str) -> Axis:
    """A logarithmic axis with base 2, for distances that double."""
    low, high = (values[0], values[-1]) if values else (1, 2)
    return Axis(title, low * 0.92, max(high * 1.04, low * 1.2), list(values), kind="log", base=2)


def _round_ticks(high: float) -> list[float]:
    """A few round numbers from 0 to at most `high`."""
    step = 10 ** math.floor(math.log10(max(high, 1e-9) / 3))
    step = next(step * m for m in (1, 2, 5, 10) if high / (step * m) <= 6)
    return [round(k * step, 9) for k in range(int(high / step + 1e-9) + 1)]


_POWER = "'10' + replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(\
'' + round(log(datum.value) / LN10), /-/g, '⁻'), /0/g, '⁰'), /1/g, '¹'), /2/g, '²'), /3/g, '³'), /4/g, '⁴'), \
/5/g, '⁵'), /6/g, '⁶'), /7/g, '⁷'), /8/g, '⁸'), /9/g, '⁹')"
