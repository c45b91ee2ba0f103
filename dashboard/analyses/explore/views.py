"""The views of one head, by name.

A new view needs an entry in `VIEWS` and a function that draws it: “All heads”, ``dashboard.draw``, addresses and the
command line read `VIEWS`. The function is imported on its first call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dashboard.registry import later

if TYPE_CHECKING:
    from dashboard.charts.drawing import Drawing
    from dashboard.heads.view import Measure


@dataclass(frozen=True)
class View:
    """One way of drawing a head.

    title: for a menu; help: one sentence
    draw: (HeadView, Look, marks) → chart
    max_positions: of a longer text, draw a window of this many positions
    of_contribution: like `help`, for contributions
    widest: in pixels; wider is no easier to read
    marks: the keyword arguments of `draw` for what it can show besides the weights
    fit: the `width` to give `st.altair_chart`
    step: pixels that a position takes at least; 0: a narrow drawing holds as many as a wide one
    beside: pixels at the sides of all positions
    fewest: positions that are drawn however narrow it is
    two_texts: whether it can draw cross attention, whose rows and columns are of two texts
    """

    title: str
    help: str
    draw: Callable[..., Drawing]
    max_positions: int
    of_contribution: str
    widest: float
    marks: frozenset[str] = frozenset()
    fit: Literal["content", "stretch"] = "content"
    step: float = 0.0
    beside: float = 0.0
    fewest: int = 0
    two_texts: bool = False

    def most(self, width: float) -> int:
        """How many positions a drawing of this width holds."""
        if not self.step:
            return self.max_positions
        return min(self.max_positions, max(self.fewest, int((min(width, self.widest) - self.beside) / self.step)))


def help_of(name: str, measure: Measure) -> str:
    """The help of the view with this name."""
    return VIEWS[name].of_contribution if measure == "contribution" else VIEWS[name].help


VIEWS: dict[str, View] = {
    "heatmap": View(
        "Heatmap",
        "Rows are queries, columns are keys. Hover over a cell for its weight.",
        later("dashboard.analyses.explore.heatmap_chart", "heatmap"),
        512,
        "Rows are queries, columns are keys. Hover over a cell for its value-weighted norm.",
        620,
        step=1,  # a cell is at least a pixel, or no pointer finds it
        beside=90,  # the labels of the rows
        fewest=64,
        two_texts=True,
        marks=frozenset({"cut", "replaced"}),
    ),
    "lines": View(
        "Lines",
        "Queries on the left, keys on the right. Hover over a word for all its lines, from 0.5 %.",
        later("dashboard.analyses.explore.lines_chart", "lines"),
        96,
        "Queries on the left, keys on the right. Hover over a word for all its lines and their norms.",
        640,
        two_texts=True,
    ),
    "arcs": View(
        "Arcs",
        "Arcs lead from each query to its keys. Hover over a word for all its arcs, from 0.5 %.",
        later("dashboard.analyses.explore.arcs_chart", "arcs"),
        50,
        "Arcs lead from each query to its keys. Hover over a word for all its arcs and their norms.",
        980,
        marks=frozenset({"lit", "parse", "role", "heights", "cut", "replaced"}),
        step=15,  # an upright word
        beside=12,
        fewest=12,
    ),
    "reading": View(
        "On the text",
        "The shade is the attention that a word receives. Hover over a word for the keys it attends to.",
        later("dashboard.analyses.explore.text_chart", "reading"),
        512,
        "The shade is the mean norm that a word contributes. Hover over a word for what contributes to it.",
        780,
    ),
}
