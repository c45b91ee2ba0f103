"""The ways of drawing one head, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dashboard.charts.arcs import arcs
from dashboard.charts.drawing import Drawing
from dashboard.charts.heatmap import heatmap
from dashboard.charts.lines import lines
from dashboard.charts.reading import reading


@dataclass(frozen=True)
class View:
    """One way of drawing a head.

    name, title, help: for the command line, for a menu, in a sentence
    draw: (HeadView, theme) → chart
    max_positions: of a longer text, draw a window of this many positions
    fit: the `width` to give `st.altair_chart`
    """

    name: str
    title: str
    help: str
    draw: Callable[..., Drawing]
    max_positions: int
    fit: Literal["content", "stretch"] = "content"


_ALL = (
    View(
        "heatmap",
        "Heatmap",
        "Each row is a word that looks, each column a word looked at. Point at a cell for its share.",
        heatmap,
        512,
    ),
    View(
        "lines",
        "Lines",
        "Words on the left look at words on the right. Point at one for all its own lines, from 0.5 %.",
        lines,
        96,
    ),
    View(
        "arcs",
        "Arcs",
        "Arcs from each word to what it looks at. Point at a word for all its own, from 0.5 %.",
        arcs,
        50,
    ),
    View(
        "reading",
        "On the text",
        "The shade is the attention that a word receives. Point at a word to see where it looks itself.",
        reading,
        512,
    ),
)

VIEWS: dict[str, View] = {view.name: view for view in _ALL}
