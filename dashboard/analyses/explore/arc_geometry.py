"""The positions of the words in an arc diagram, and the shape of an arc from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.analyses.explore.link_strokes import FAINTEST, Links
from dashboard.charts import labels as lettering
from dashboard.heads.view import HeadView

HIGHEST = 210.0  # pixels: height of an arc over the whole row
ROUND = 120.0  # pixels: the widest arc that is a half circle
LONGEST = 120.0  # pixels: the longest label
LOW = 14.0  # pixels: height on a side without arcs at rest


@dataclass(frozen=True)
class Row:
    """The positions of the words: set as a sentence if they fit, else upright at even steps.

    x: the middle of each word (n); width, band: pixels of the row's width and of the height of its words; size, font:
    of the type; upright: whether the words run from bottom to top
    """

    x: np.ndarray
    width: float
    band: float
    size: float
    font: str
    upright: bool

    @classmethod
    def of(cls, view: HeadView, names: list[str], available: float) -> Row:
        mono = view.unit == "tokens"
        font = lettering.font_of(mono=mono)
        backwards = lettering.right_to_left(view.text)
        for size in (15.0, 13.0):
            widths = np.array([max(10.0, lettering.width_of(name, size, mono=mono)) for name in names])
            gap = min(26.0, (available - widths.sum()) / len(names))
            if gap >= 8:
                ends = np.cumsum(widths + gap)
                x = ends - (widths + gap) / 2
                return cls(ends[-1] - x if backwards else x, float(ends[-1]), 34.0, size, font, upright=False)
        size = 13.0 if len(names) <= 40 else 11.5
        step = max(11.5, min(30.0, available / len(names)))
        longest = min(LONGEST, max(lettering.width_of(name, size, mono=mono) for name in names))
        x = (np.arange(len(names)) + 0.5) * step
        width = len(names) * step
        return cls(width - x if backwards else x, width, longest + 26, size, font, upright=True)

    @property
    def edges(self) -> np.ndarray:
        """Half-way between neighbours, from left to right, with both ends (n + 1)."""
        x = np.sort(self.x)
        return np.concatenate([[0], (x[1:] + x[:-1]) / 2, [self.width]]).round(1)

    def heights(
        self, view: HeadView, links: Links, lit: Sequence[tuple], parse: Sequence[tuple]
    ) -> tuple[float, float]:
        """Pixels above and below the words: enough for the arcs at rest, or a strip if only a hovered word has arcs."""
        any_link = links.ink >= FAINTEST
        at_rest = links.ink >= links.threshold
        for a, b in lit:
            at_rest[a, b] = any_link[a, b]
        i, j = np.nonzero(at_rest)
        span = np.abs(self.x[i] - self.x[j])
        back, ahead = np.tril(any_link, -1).any(), np.triu(any_link, 1).any()

        def enough(spans: np.ndarray) -> float:
            return max(56.0 if spans.size else LOW, arch(float(spans.max(initial=0)), self.width)) + 10

        above = np.array([*span[j < i], *(abs(self.x[a] - self.x[b]) for a, b, _ in parse)])
        return enough(above) if back or parse else 12.0, enough(span[j > i]) if ahead else 12.0


def arch(span: float, width: float) -> float:
    """The height of an arc over `span` pixels: a half circle if it is short, flatter if it is long."""
    return span / 2 if span <= ROUND else ROUND / 2 + (HIGHEST - ROUND / 2) * (span - ROUND) / (width - ROUND)


def bent(row: Row, up: float, down: float) -> list[dict]:
    """Transforms from links (i, j) to the points of their arcs: above the words if j is before i, else below."""
    flat = f"{ROUND / 2} + {HIGHEST - ROUND / 2} * (datum.span - {ROUND}) / {max(1.0, row.width - ROUND)}"
    height = f"(datum.span <= {ROUND} ? datum.span / 2 : {flat})"  # `arch`
    return [
        {"calculate": "datum.i + '-' + datum.j", "as": "link"},
        {"calculate": "abs(xs[datum.i] - xs[datum.j])", "as": "span"},
        # A faint link of a hovered word may be longer than any at rest: it is drawn flatter, not cut.
        {"calculate": f"datum.j < datum.i ? -min({height}, {up - 6}) : min({height}, {down - 6})", "as": "h"},
        {"calculate": "ts", "as": "t"},
        {"flatten": ["t"]},
        {"calculate": "(xs[datum.i] + xs[datum.j] + (xs[datum.i] - xs[datum.j]) * cos(PI * datum.t)) / 2", "as": "x"},
        {"calculate": f"(datum.h < 0 ? {up} : {up + row.band}) + datum.h * sin(PI * datum.t)", "as": "y"},
    ]


def along(scales: dict) -> dict:
    """The encoding of a line through the points of `bent`."""
    return {
        "x": scales["x"] | {"field": "x"},
        "y": scales["y"] | {"field": "y"},
        "order": {"field": "t", "type": "quantitative"},
    }
