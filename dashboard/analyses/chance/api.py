"""See how likely the best of many heads is by luck: for the page and a notebook.

found = random_heads(270, pairs=3)                      # nothing to find, and yet there is a best one
save(draw_luck(found), "luck.svg")
save(draw_luck(luck_of_pairs(model, text, "says > chef, her > chef")), "mine.svg")
"""

from __future__ import annotations

import numpy as np

from dashboard.analyses.chance.luck_chart import luck_chart
from dashboard.analyses.chance.random_heads import PLANTED, random_heads
from dashboard.analyses.chance.text import luck_finding
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text, given
from dashboard.export.provenance import origin
from dashboard.heads.chance_words import HOLLOW
from dashboard.heads.luck import Luck

__all__ = ["draw_luck", "luck_table", "random_heads"]


def draw_luck(found: Luck, *, theme: Theme = "light", width: float | None = None) -> Drawing:
    """Draw a list of heads over the band that random pairs fill: of `random_heads`, or of `luck_of_pairs`."""
    chart = luck_chart(
        found.table,
        found.limit if found.told_apart else np.nan,
        Look(theme, width),
        title=found.title,
        subtitle=[
            f"dot: a head, from the best to the last ({HOLLOW}) · band: 95\u00a0% of lists with random pairs",
            found.over,
        ],
        description=luck_finding(found),
        band="by luck, the best head stays below in 95\u00a0% of lists",
        ring=PLANTED,
    )
    return chart.made_of(origin_of_luck(found, theme=theme, width=width))


def luck_table(found: Luck) -> Luck:
    """The same list, its table with where it comes from, for `save`."""
    found.table.attrs["provenance"] = origin_of_luck(found).to_dict()
    return found


def origin_of_luck(found: Luck, **drawing: object) -> Provenance:
    """The provenance of the table, or (`drawing`: the arguments of `draw_luck`) of its picture."""
    look, how = given(**drawing), dict(found.origin)
    if "model" in how:
        model, text, read = how["model"], how["text"], how["reading"]
        made = Call("luck_of_pairs", (model, Text(text), how["pairs"]), read, to="found")
        options = {"pairs": [f"{i}>{j}" for i, j in how["pairs"]], **read}
    else:
        model, text, options = Model("random", title="Random heads"), "", how
        made = Call("random_heads", (), how, to="found")
    call = Call("draw_luck", (made,), look, makes="figure") if look else Part(made, "table", makes="table")
    return origin(model, text, "luck", call, special="hide", options=options | look)
