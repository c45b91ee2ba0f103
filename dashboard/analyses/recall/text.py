"""The sentences about a run's results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dashboard.analyses.recall.gradient_reach import Timing, path_length
from dashboard.analyses.recall.task import CALLED, NAMES, Recall
from dashboard.analyses.recall.training import Point, Result
from dashboard.heads.format import percent

if TYPE_CHECKING:
    from dashboard.analyses.recall.finished import Finished

SHORT = {"rnn": "Plain RNN", "gru": "GRU", "lstm": "LSTM", "attention": "Attention"}


def chance(config: Recall) -> str:
    """The accuracy of guessing, with three digits: "12.5 %"."""
    return f"{100 * config.chance:.3g}\u00a0%"


def seeds_of(config: Recall) -> str:
    return f"mean of {config.seeds} seeds, shaded: 95 % interval"


def claim(result: Result) -> str:
    """What a whole run shows, in one sentence: attention and the best recurrent network at the farthest distance."""
    far = result.config.farthest
    here = {point.model: point for point in result.points if point.distance == far}
    if set(here) != set(NAMES):
        return accuracy_finding(result)
    best = max((point for name, point in here.items() if name != "attention"), key=lambda point: point.accuracy)
    between = f"{far} distractor{'s' if far > 1 else ''}"
    return (
        f"Across {between}, one attention layer recalls the first symbol {percent(here['attention'].accuracy)} of the "
        f"time; the best recurrent network, {CALLED[best.model]}, {percent(best.accuracy)} "
        f"(guessing: {chance(result.config)})."
    )


SETTINGS = {"distances": "distractors", "seeds": "seeds", "steps": "training steps", "symbols": "symbols"}


def measured_when(finished: Finished) -> str:
    """Where the run that comes with the package is from, in a sentence."""
    config, versions = finished.study.result.config, finished.versions
    packages = ", ".join(f"{'Python' if name == 'python' else name} {version}" for name, version in versions.items())
    return (
        f"A finished run, measured for this package on {finished.when} ({packages}): {config.seeds} seeds, at most "
        f"{config.steps} training steps, {finished.study.result.seconds:.0f} seconds."
    )


def differs_in(differing: Mapping[str, tuple[Any, Any]]) -> str:
    """That a run of these settings has not been measured, and in what they differ from the finished one."""
    changes = [f"{SETTINGS[name]} {_setting(there)} → {_setting(here)}" for name, (there, here) in differing.items()]
    return (
        f"Your settings differ from the finished run: {'; '.join(changes)}. The pictures show the finished run until "
        "you train."
    )


def _setting(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value:,}"


def accuracy_finding(result: Result) -> str:
    """The accuracies at the farthest distance that was measured for all models, in a sentence."""
    if not result.points:
        return "Nothing has been measured yet."
    models_at = [{point.model for point in result.points if point.distance == d} for d in result.config.distances]
    most = max(map(len, models_at))  # in a stopped run: the farthest distance measured for all models, or for most
    farthest = max(d for d, models in zip(result.config.distances, models_at, strict=True) if len(models) == most)
    shares = [f"{CALLED[p.model]} {percent(p.accuracy)}" for p in _ranked(result.points, farthest)]
    between = f"{farthest} distractor{'s' if farthest > 1 else ''}"
    return f"Right answers over {between}: {', '.join(shares)}; guessing gives {chance(result.config)}."


def _ranked(points: Sequence[Point], distance: int) -> list[Point]:
    here = [point for point in points if point.distance == distance]
    return sorted(here, key=lambda point: -point.accuracy)


UNSURE = 100.0  # an interval over seeds whose ends differ by a larger factor is written out


def gradient_finding(result: Result) -> str:
    """The gradient at the first symbol relative to that at the question mark, before and after training. A 95 %
    interval over seeds is written out where it spans more than a factor of 100."""
    sentences = []
    for when in ("before", "after"):
        parts = []
        for model in NAMES:
            own = {row.back: row for row in result.gradients if row.model == model and row.when == when}
            if own and own[0].norm > 0:
                first, nearest = own[max(own)], own[0].norm
                low, high = first.low / nearest, first.high / nearest
                unsure = f" (interval over seeds {times_of(low)} to {times_of(high)})" if high > UNSURE * low else ""
                parts.append(f"{CALLED[model]} {times_of(first.norm / nearest)}{unsure}")
        if parts:
            sentences.append(f"{when.capitalize()} training: {', '.join(parts)}.")
    if not sentences:
        return "The gradient is measured at the farthest distance, and the run did not get that far."
    return (
        "Gradient at the first symbol (how much the answer depends on it), as a multiple of that at the question "
        "mark: above ×1 the answer depends on it more. " + " ".join(sentences)
    )


def path_finding(config: Recall) -> str:
    """The path across the farthest distance, in a sentence."""
    far = config.farthest + 1
    return (
        f"The first symbol is {far} places before the question. The way back takes "
        f"{steps_of(path_length('rnn', far))} in a recurrent network and "
        f"{steps_of(path_length('attention', far))} with attention."
    )


def time_finding(rows: Sequence[Timing]) -> str:
    """The reading times of the longest sequence, in a sentence."""
    if not rows:
        return "Nothing has been timed yet."
    n = max(row.n for row in rows)
    durations = [f"{CALLED[row.model]} {row.milliseconds:.1f} ms" for row in rows if row.n == n]
    return f"Time to read {n} positions: {', '.join(durations)}. Only attention computes all positions at once."


def steps_of(count: int) -> str:
    return f"{count} step{'s' if count != 1 else ''}"


def times_of(share: float) -> str:
    """A share that may be tiny: 0.3 → "0.30", 3e-9 → "3·10⁻⁹"."""
    if 10 <= share < 1e4:
        return f"{share:,.0f}"
    if 0.01 <= share < 10:
        return f"{share:.2f}"
    mantissa, power = f"{share:.0e}".split("e")
    return f"{mantissa}·10" + str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
