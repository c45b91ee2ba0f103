"""What “Before attention” measured: accuracy, gradient, path and time, each against the distance."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboard.analyses.recall.gradient_reach import Gradient, Timing, path_length
from dashboard.analyses.recall.task import CALLED, NAMES, Recall
from dashboard.analyses.recall.training import Point, Result
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.series import Axis, Series, panel, room_for_names
from dashboard.charts.theme import Theme
from dashboard.heads.format import percent

LOOKS: dict[str, tuple[str, tuple[int, ...]]] = {
    "rnn": ("purple", (2, 3)),
    "gru": ("green", (9, 3, 2, 3)),
    "lstm": ("yellow", (8, 4)),
    "attention": ("ink", ()),
}
HEIGHT, LEFT = 260.0, 64.0  # pixels of a panel, and of what stands left of it
SHORT = {"rnn": "Plain RNN", "gru": "GRU", "lstm": "LSTM", "attention": "Attention"}


def chance(config: Recall) -> str:
    """What guessing gives, exactly enough to be told from what a network gives: "12.5 %"."""
    return f"{100 * config.chance:.3g}\u00a0%"


def _seeds(config: Recall) -> str:
    return f"mean of {config.seeds} seeds, shaded: 95 % interval"


def accuracy(result: Result, theme: Theme, *, width: float | None = None) -> Drawing:
    """The share of right answers against the number of distractors, a line for each model, and what guessing gives."""
    config, room = result.config, width or 600.0
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
    across = room - LEFT - room_for_names(series)
    return sheet(
        panel(series, theme, x, y, across, HEIGHT, rule=rule),
        theme,
        title="Who remembers the first symbol?",
        subtitle=[f"share of right answers · {_seeds(config)}"],
        description=accuracy_finding(result),
        width=room,
    )


def accuracy_finding(result: Result) -> str:
    """Who still answers right at the farthest distance that was measured of all models, in a sentence."""
    if not result.points:
        return "Nothing has been measured yet."
    measured = [{point.model for point in result.points if point.distance == d} for d in result.config.distances]
    most = max(map(len, measured))  # of a run that was stopped: the farthest that was measured of all, or of most
    farthest = max(d for d, models in zip(result.config.distances, measured, strict=True) if len(models) == most)
    said = [f"{CALLED[p.model]} {percent(p.accuracy)}" for p in _ranked(result.points, farthest)]
    between = f"{farthest} distractor{'s' if farthest > 1 else ''}"
    return f"Right answers over {between}: {', '.join(said)}; guessing gives {chance(result.config)}."


def _ranked(points: Sequence[Point], distance: int) -> list[Point]:
    here = [point for point in points if point.distance == distance]
    return sorted(here, key=lambda point: -point.accuracy)


UNSURE = 100.0  # times: an interval over seeds that spans more leaves a figure open


def gradients(result: Result, theme: Theme, *, width: float | None = None) -> Drawing:
    """How much the answer moves when an input moves, against how far back the input stands: before and after training.

    Both panels have one logarithmic scale, so a straight fall is a gradient that vanishes step by step.
    """
    room, rows = width or 980.0, result.gradients
    names = room_for_names([_empty(model) for model in NAMES])
    beside = room >= 700
    across = (room - 2 * LEFT - names - 30) / 2 if beside else room - LEFT - names
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
        one = panel(series, theme, x, y, across, HEIGHT, names=named, points=False)
        panels.append(one | {"title": {"text": title, "fontSize": 13.5, "offset": 8, "frame": "group"}})
    return sheet(
        {"concat": panels, "columns": 2 if beside else 1, "spacing": 30},
        theme,
        title="What reaches the last output",
        subtitle=[
            f"size of ∂ answer / ∂ input · trained over {result.config.farthest} distractors · "
            f"geometric {_seeds(result.config)}"
        ],
        description=gradient_finding(result),
        width=room,
    )


def gradient_finding(result: Result) -> str:
    """How large the gradient at the first symbol is beside that at the question mark, before and after training; where
    the 95 % interval over seeds spans more than a hundredfold, it is said."""
    said = []
    for when in ("before", "after"):
        parts = []
        for model in NAMES:
            own = {row.back: row for row in result.gradients if row.model == model and row.when == when}
            if own and own[0].norm > 0:
                first, nearest = own[max(own)], own[0].norm
                low, high = first.low / nearest, first.high / nearest
                unsure = f" (seeds leave open {_times(low)} to {_times(high)})" if high > UNSURE * low else ""
                parts.append(f"{CALLED[model]} {_times(first.norm / nearest)}{unsure}")
        if parts:
            said.append(f"{when.capitalize()} training: {', '.join(parts)}.")
    if not said:
        return "The gradient is measured at the farthest distance, and the run has not come so far."
    return "The gradient at the first symbol, as a multiple of that at the question mark. " + " ".join(said)


def paths(config: Recall, theme: Theme, *, width: float | None = None) -> Drawing:
    """How many steps of computing lie between two words, against their distance."""
    room = width or 480.0
    far = config.farthest + 1
    distances = sorted({1, *(d + 1 for d in config.distances)})
    series = [
        Series(
            "RNN, GRU, LSTM",
            "purple",
            (2, 3),
            distances,
            [path_length("rnn", d) for d in distances],
            tips=[_steps(path_length("rnn", d)) for d in distances],
        ),
        Series(
            "Attention",
            "ink",
            (),
            distances,
            [path_length("attention", d) for d in distances],
            tips=[_steps(path_length("attention", d)) for d in distances],
            bold=True,
        ),
    ]
    ticks = _round_ticks(far)
    across = room - LEFT - room_for_names(series)
    return sheet(
        panel(
            series,
            theme,
            Axis("places from one word to the other", 0, far, ticks),
            Axis("steps", 0, far * 1.04, ticks),
            across,
            HEIGHT,
        ),
        theme,
        title="Steps on the path between two words",
        subtitle=["a recurrent network hands on its state place by place · attention looks at once"],
        description=path_finding(config),
        width=room,
    )


def path_finding(config: Recall) -> str:
    """The path across the farthest distance, in a sentence."""
    far = config.farthest + 1
    return (
        f"From the question back to the first symbol, {far} places away, it is {_steps(path_length('rnn', far))} in a "
        f"recurrent network and {_steps(path_length('attention', far))} with attention."
    )


def times(rows: Sequence[Timing], theme: Theme, *, width: float | None = None) -> Drawing:
    """How long each model takes for one position of a sequence, against the sequence's length."""
    room = width or 480.0
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
    across = room - LEFT - room_for_names(series)
    return sheet(
        panel(
            series,
            theme,
            _distances(lengths, "positions in the sequence"),
            Axis("microseconds for each position", 0, top, _round_ticks(top)),
            across,
            HEIGHT,
        ),
        theme,
        title="In sequence against in parallel",
        subtitle=["reading one sequence, forward only, 64 numbers wide · the fastest of several on one core here"],
        description=time_finding(rows),
        width=room,
    )


def time_finding(rows: Sequence[Timing]) -> str:
    """What the longest sequence took, in a sentence."""
    if not rows:
        return "Nothing has been timed yet."
    n = max(row.n for row in rows)
    said = [f"{CALLED[row.model]} {row.milliseconds:.1f} ms" for row in rows if row.n == n]
    return f"To read {n} positions took: {', '.join(said)}. Only attention computes all positions at once."


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
    """Distances that double stand evenly apart."""
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


def _steps(count: int) -> str:
    return f"{count} step{'s' if count != 1 else ''}"


def _times(share: float) -> str:
    """A share that may be tiny: 0.3 → "0.30", 3e-9 → "3·10⁻⁹"."""
    if 10 <= share < 1e4:
        return f"{share:,.0f}"
    if 0.01 <= share < 10:
        return f"{share:.2f}"
    mantissa, power = f"{share:.0e}".split("e")
    return f"{mantissa}·10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
