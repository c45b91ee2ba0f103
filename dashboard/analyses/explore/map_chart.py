"""A part of the map of a head over a long text, in squares."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from dashboard.analyses.explore.heatmap_chart import LEAST, shade, sheet_of, strong
from dashboard.analyses.explore.map_tiles import OVERVIEW, region
from dashboard.charts import matrix
from dashboard.charts.drawing import Drawing
from dashboard.charts.ink import SHARE, round_up
from dashboard.charts.labels import labels_of
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.stretches import Stretch, divided, stretches_of
from dashboard.errors import UserError
from dashboard.heads.head_rows import HeadRows

Span = tuple[int, int]


class Part:
    """A part of the map of a head: the squares of rows[0] … rows[1] - 1 by keys[0] … keys[1] - 1.

    Attributes
    ----------
    source: the head
    level: a square holds 2^level × 2^level positions
    asked: the rows and the keys as they were asked for, None for all
    rows, keys: as asked for, or wider: they begin and end where squares do
    """

    def __init__(self, source: HeadRows, rows: Span | None = None, keys: Span | None = None):
        m = len(source)
        self.asked = rows, keys
        asked = [(0, m) if one is None else one for one in self.asked]
        for first, last in asked:
            if not 0 <= first < last <= m:
                raise UserError(
                    f"{first} to {last} is no part of a text of {m:,} {source.unit}. Choose two numbers between 0 and "
                    f"{m:,}, the smaller first."
                )
        self.source, self.level = source, 0
        while max(-(-(last - first) // 2**self.level) for first, last in asked) > OVERVIEW:
            self.level += 1
        side = 2**self.level
        self.rows, self.keys = ((first // side * side, min(m, -(-last // side) * side)) for first, last in asked)

    @cached_property
    def values(self) -> np.ndarray:
        """The largest weight of each square: float32 (r, c)."""
        return region(self.source, self.rows, self.keys, self.level)

    @property
    def side(self) -> int:
        """How many positions a square has along each side."""
        return 2**self.level

    def labels(self, span: Span) -> list[str]:
        """What stands at each square: the word, or the number of its first position, from 1."""
        if self.level == 0:
            return labels_of(self.source.axis.drawn[slice(*span)])
        return [f"{first + 1:,}" for first in range(*span, self.side)]

    def stretches(self, span: Span) -> list[Stretch]:
        """The stretches of a side, in squares."""
        found = stretches_of(self.source.axis.stretches[slice(*span)])
        return [Stretch(one.name, one.first / self.side, one.last / self.side) for one in found]

    def table(self) -> pd.DataFrame:
        """A row per square with a weight of at least 1 / 65,535: from_position, to_position (the first of the square,
        from 0), positions (along each of its sides), from, to (what stands there), weight (the largest of the square).
        """
        rows, columns = np.nonzero(self.values >= 1 / 65535)
        looks, seen = rows * self.side + self.rows[0], columns * self.side + self.keys[0]
        labels = pd.array(list(self.source.axis.labels), dtype="str")
        return pd.DataFrame(
            {
                "from_position": looks,
                "to_position": seen,
                "positions": self.side,
                "from": labels.take(looks),
                "to": labels.take(seen),
                "weight": self.values[rows, columns],
            }
        )


def top_of(strong: float) -> float:
    """The weight that is full ink, for a high weight of a map: at least 2 %, rounded up."""
    return round_up(max(strong, LEAST))


def head_map(part: Part, look: Look) -> Drawing:
    """Row i is a query, column j a key, and ink the largest attention weight of the square.

    Full ink is `heatmap_chart.strong` of the squares, rounded up. look: 600 pixels wide by default
    """
    source, special = part.source, np.asarray(part.source.axis.special, bool)
    sides = [
        special[slice(*span)] if part.level == 0 else np.zeros(len(part.labels(span)), bool)
        for span in (part.rows, part.keys)
    ]
    top = top_of(strong(part.values, sides[1].tolist()))
    drawn = matrix.Matrix(
        values=part.values,
        rows=part.labels(part.rows),
        columns=part.labels(part.keys),
        special=(sides[0].tolist(), sides[1].tolist()),
        mono=part.level == 0 and source.unit == "tokens",
        low=0.0,
        high=top,
        nothing="no attention that is drawn",
        ink_scale=SHARE,
        stretches=(part.stretches(part.rows), part.stretches(part.keys)),
    )
    return sheet_of(
        drawn,
        look,
        title=f"{source.head} · {drawable(source.model)}",
        subtitle=[
            " · ".join(filter(None, [_what(part), divided(source.axis.stretches[slice(*part.keys)])])),
            shade(_weights(part), top),
        ],
        description=f"Map of {source.head}, {source.model}. {_what(part)}.",
    )


def _what(part: Part) -> str:
    m, unit = len(part.source), part.source.unit
    hidden = "special tokens shown" if part.source.hidden == "show" else "special tokens hidden and rows renormalised"
    if part.rows == part.keys == (0, m):
        return f"{m:,} {unit}, {hidden}"
    rows, keys = (f"{first + 1:,} to {last:,}" for first, last in (part.rows, part.keys))
    seen = f"{unit} {rows}" if part.rows == part.keys else f"from {unit} {rows} to {unit} {keys}"
    return f"{seen} of {m:,}, {hidden}"


def _weights(part: Part) -> str:
    if part.level == 0:
        return "attention weight"
    return f"largest weight of each {part.side} × {part.side} {part.source.unit}"
