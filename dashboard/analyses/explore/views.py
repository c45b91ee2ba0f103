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
    fewer_where_narrow: whether a narrow drawing holds fewer positions
    """

    title: str
    help: str
    draw: Callable[..., Drawing]
    max_positions: int
    of_contribution: str
    widest: float
    marks: frozenset[str] = frozenset()
    fit: Literal["content", "stretch"] = "content"
    fewer_where_narrow: bool = False


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
        fewer_where_narrow=True,
    ),
    "lines": View(
        "Lines",
        "Queries on the left, keys on the right. Hover over a word for all its own lines, from 0.5 %.",
        later("dashboard.analyses.explore.lines_chart", "lines"),
        96,
        "Queries on the left, keys on the right. Hover over a word for all its own lines and their norms.",
        640,
    ),
    "arcs": View(
        "Arcs",
        "Arcs lead from each query to its keys. Hover over a word for all its own, from 0.5 %.",
        later("dashboard.analyses.explore.arcs_chart", "arcs"),
        50,
        "Arcs lead from each query to its keys. Hover over a word for all its own and their norms.",
        980,
        marks=frozenset({"lit", "parse", "role", "heights"}),
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
