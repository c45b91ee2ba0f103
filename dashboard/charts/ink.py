"""What ink stands for in the picture of a view, and how it is said: a share in per cent, or a norm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.heads.view import HeadView

_WHAT = {
    "weight": "attention weight",
    "contribution": "norm of the contribution",
    "rollout": "rollout share over these layers",
    "mean_weight": "mean of the heads’ attention weights",
    "summed_weight": "sum of the heads’ attention weights",
    "largest_weight": "largest attention weight of any of the heads",
}
_SHARES = {"weight", "mean_weight", "largest_weight"}  # of a head and of several together: one scale holds both
_MORE = {
    "contribution": "a larger contribution (its norm)",
    "summed_weight": "more attention of all heads",
    "largest_weight": "more attention of the head that gives it most",
}


@dataclass(frozen=True)
class InkScale:
    """Everything is drawn as a part of full ink, [0, 1]; `full` is the number that 1 stands for.

    what: what the number is, in words; more: what more of it is; number: whether it is written as a number, as a norm
    and a sum are, and not as a share
    """

    what: str = _WHAT["weight"]
    full: float = 1.0
    number: bool = False
    more: str = "more attention"

    @classmethod
    def of(cls, *views: HeadView) -> InkScale:
        """Of several views together: the largest `full`. Raises UserError where they do not measure the same."""
        measures = {view.measure for view in views}
        if not cls.holds(*views):
            kinds = " and ".join(sorted(_WHAT[measure] for measure in measures))
            instead = "Take the mean or the maximum" if "summed_weight" in measures else "Draw each by itself"
            raise UserError(f"These have no scale in common: {kinds}. {instead}.")
        measure = views[0].measure if len(measures) == 1 else "weight"
        full = max(view.full for view in views)
        number = measure in ("contribution", "summed_weight")
        return cls(_WHAT[measure], full, number, _MORE.get(measure, "more attention"))

    @staticmethod
    def holds(*views: HeadView) -> bool:
        """Whether one scale is for all of these: they measure the same, or all are shares."""
        measures = {view.measure for view in views}
        return len(measures) == 1 or measures <= _SHARES

    @staticmethod
    def part(*views: HeadView) -> bool:
        """Whether these are shares and a sum of heads, which have a scale each."""
        return {view.measure for view in views} <= {*_SHARES, "summed_weight"} and not InkScale.holds(*views)

    def inked(self, view: HeadView) -> np.ndarray:
        """The view's numbers as parts of full ink: float (m, m) in [0, 1]."""
        return view.weights if self.full == 1 else view.weights / np.float32(self.full)

    def label(self, part: float) -> str:
        """In a sentence: "31 %", "1.83"."""
        return f"{part * self.full:.3g}" if self.number else percent(part)

    def exact(self, part: float) -> str:
        """At a scale: "20 %", "0.5"."""
        return f"{part * self.full:.3g}" if self.number else f"{part * 100:.3g}\u00a0%"

    def up_to(self, top: float) -> str:
        """``100 %``, ``20 % and more``."""
        return self.exact(top) + ("" if top >= 1 else " and more")

    def expr(self, part: str, digits: str = ".3~r", sign: str = " %") -> str:
        """Vega expression: a part (an expression) as it is written; `digits` and `sign` are for shares."""
        if self.number:
            return f"format({part} * {self.full!r}, '.3~r')"
        return f"format({part} * 100, '{digits}')" + (f" + '{sign}'" if sign else "")


SHARE = InkScale()


def inked(views: Sequence[HeadView]) -> list[np.ndarray]:
    """Several views on one scale, see `InkScale.inked`."""
    return [InkScale.of(*views).inked(view) for view in views]


def next_round(value: float, powers: Iterable[int], leading: Sequence[float] = (1, 2, 5)) -> float | None:
    """The first of leading × 10^k that is not below a value, k in rising order; None where all are."""
    steps = (m * 10.0**e for e in powers for m in leading)
    return next((step for step in steps if step >= value), None)


def round_figure(value: float) -> float:
    """The next of 1, 2 and 5 × 10^k, from 1e-6 on."""
    return float(f"{next_round(value * (1 - 1e-9), range(-6, 6)) or value:.6g}")


def round_up(value: float) -> float:
    """The next of 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50 and 100 per cent."""
    return round(next_round(value * (1 - 1e-6), (-3, -2, -1)) or 1.0, 6)  # the float32 of 0.1 is above it
