"""The ways of drawing one head, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dashboard.analyses.explore.arcs_chart import arcs
from dashboard.analyses.explore.heatmap_chart import heatmap
from dashboard.analyses.explore.lines_chart import lines
from dashboard.analyses.explore.text_chart import reading
from dashboard.charts.drawing import Drawing
from dashboard.heads.view import Measure


@dataclass(frozen=True)
class View:
    """One way of drawing a head.

    name, title, help: for the command line, for a menu, in a sentence
    draw: (HeadView, theme) → chart
    max_positions: of a longer text, draw a window of this many positions
    of_contribution: as `help`, where contributions are drawn
    fit: the `width` to give `st.altair_chart`
    """

    name: str
    title: str
    help: str
    draw: Callable[..., Drawing]
    max_positions: int
    of_contribution: str
    fit: Literal["content", "stretch"] = "content"


def help_of(name: str, measure: Measure) -> str:
    """What there is to know beside a picture of this name."""
    return VIEWS[name].of_contribution if measure == "contribution" else VIEWS[name].help


_ALL = (
    View(
        "heatmap",
        "Heatmap",
        "Each row is a word that looks, each column a word looked at. Point at a cell for its share.",
        heatmap,
        512,
        "Each row is a word that takes, each column a word that hands over. Point at a cell for its norm.",
    ),
    View(
        "lines",
        "Lines",
        "Words on the left look at words on the right. Point at one for all its own lines, from 0.5 %.",
        lines,
        96,
        "Words on the left take from words on the right. Point at one for all its own lines and their norms.",
    ),
    View(
        "arcs",
        "Arcs",
        "Arcs from each word to what it looks at. Point at a word for all its own, from 0.5 %.",
        arcs,
        50,
        "Arcs from each word to what it takes from. Point at a word for all its own and their norms.",
    ),
    View(
        "reading",
        "On the text",
        "The shade is the attention that a word receives. Point at a word to see where it looks itself.",
        reading,
        512,
        "The shade is the norm of what a word hands over, on average. Point at a word to see what it takes itself.",
    ),
)

VIEWS: dict[str, View] = {view.name: view for view in _ALL}
