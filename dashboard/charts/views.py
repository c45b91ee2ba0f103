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
    View("heatmap", "Heatmap", "Each row is a word that looks, each column a word looked at.", heatmap, 512),
    View("lines", "Lines", "Words on the left look at words on the right; point at one for its own lines.", lines, 96),
    View("arcs", "Arcs", "Arcs over the sentence, from each word to what it looks at.", arcs, 50),
    View("reading", "On the text", "The text itself; point at a word and the ink shows where it looks.", reading, 512),
)

VIEWS: dict[str, View] = {view.name: view for view in _ALL}
