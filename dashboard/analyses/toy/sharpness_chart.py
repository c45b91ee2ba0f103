"""The purpose of the factor 1/√d: the sharpness of the softmax against d, with and without it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboard.analyses.toy.sharpness import Sharpness
from dashboard.analyses.toy.text import entropy_finding
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.look import Look
from dashboard.charts.series import Axis, Series, panel, width_of_names


def entropy(measured: Sequence[Sharpness], keys: int, look: Look) -> Drawing:
    """The mean entropy of attention rows over random queries and keys against d, in bits, with 95 % intervals.

    measured: of `sharpness.sharpness` over `keys` keys; look: 600 pixels wide by default
    """
    width, top = look.width_or(600.0), math.log2(keys)
    dims = [point.d for point in measured]
    series = [
        _series("with 1/√d", "ink", (), dims, [(p.scaled, p.scaled_margin) for p in measured], bold=True),
        _series("without", "purple", (8, 4), dims, [(p.unscaled, p.unscaled_margin) for p in measured]),
    ]
    across = width - 60 - width_of_names(series)
    x = Axis("d, numbers in a query and a key", min(dims) * 0.92, max(dims) * 1.05, dims, kind="log", base=2)
    y = Axis("entropy of a row, bits", 0, top * 1.04, list(range(int(top) + 1)))
    return sheet(
        panel(series, look.theme, x, y, across, 240, rule=(top, "all keys equal")),
        look.theme,
        title="What 1/√d is for",
        subtitle=[f"random queries and {keys} random keys · mean over rows, shaded: 95 % interval"],
        description=entropy_finding(measured),
        width=width,
    )


def _series(
    name: str,
    hue: str,
    dash: tuple[int, ...],
    x: Sequence[int],
    values: Sequence[tuple[float, float]],
    *,
    bold: bool = False,
) -> Series:
    return Series(
        name,
        hue,
        dash,
        x,
        [v for v, _ in values],
        [v - m for v, m in values],
        [v + m for v, m in values],
        [f"{v:.2f} ± {m:.2f} bits at d = {d}" for d, (v, m) in zip(x, values, strict=True)],
        bold,
    )
