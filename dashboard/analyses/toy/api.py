"""Attention over a small table that you edit, step by step.

toy = toy_example("identity", words="Ramen is food")
save(draw_toy(toy, "weights"), "weights.svg")
"""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd

from dashboard.analyses.toy.example import TABLES, Example
from dashboard.analyses.toy.example import example as toy_example
from dashboard.analyses.toy.sharpness import Sharpness, sharpness
from dashboard.analyses.toy.sharpness_chart import entropy
from dashboard.analyses.toy.steps_chart import worked
from dashboard.analyses.toy.vectors_chart import plane
from dashboard.analyses.toy.worked_steps import STEPS, table, work_through
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, given
from dashboard.export.provenance import origin

__all__ = [
    "draw_sharpness",
    "draw_toy",
    "sharpness_provenance",
    "sharpness_table",
    "toy_example",
    "toy_provenance",
    "toy_table",
]

KEYS = 16  # in the measurement behind `draw_sharpness`
_TOY = Model("toy", title="Attention by hand")


def draw_toy(
    toy: Example,
    picture: str = "all",
    *,
    word: int = 0,
    head: int = 0,
    axes: tuple[int, int] = (0, 1),
    theme: Theme = "light",
    width: float | None = None,
) -> Drawing:
    """The toy's attention step by step.

    Parameters
    ----------
    toy: of `toy_example`
    picture: "all" steps; one of "x", "q", "k", "v", "scores", "scaled", "masked", "weights", "mixed", "joined" with
        its inputs; or "plane", the vectors as arrows
    word, head: the framed word and the head, from 0
    axes: which two numbers of the vectors "plane" draws, from 0
    width: pixels for the whole drawing

    Raises UserError for a picture that does not exist or a cell that is no number.
    """
    if picture not in ("all", "plane", *STEPS):
        raise UserError(f"There is no picture “{picture}” of the toy. Choose one of all, plane, {', '.join(STEPS)}.")
    parts = work_through(toy, head)
    word = min(max(word, 0), len(toy.words) - 1)
    if picture == "plane":
        chart = plane(parts, word, Look(theme, width), axes=axes)
    elif picture == "joined" and toy.heads == 1:
        raise UserError("With one head there is nothing to join. Choose two heads.")
    else:
        chart = worked(parts, picture, word, Look(theme, width))
    return chart.made_of(toy_provenance(toy, picture, word=word, head=head, axes=axes, theme=theme, width=width))


def toy_table(toy: Example, picture: str = "all", *, head: int = 0) -> pd.DataFrame:
    """The numbers behind `draw_toy`: columns step, head, row, column, value; of "plane" those of the vectors."""
    parts = work_through(toy, head)
    if picture == "plane":
        return pd.concat([table(parts, step) for step in ("x", "q", "k", "v", "mixed")], ignore_index=True)
    return table(parts, picture)


def toy_provenance(toy: Example, picture: str, **options: object) -> Provenance:
    """The provenance of a toy's picture: its tables, and the lines that draw it again."""
    look = given(**options)
    if picture != "plane":
        look.pop("axes", None)
    how = {name: getattr(toy, name) for name in (*TABLES, "heads", "causal", "scaled")}
    made = Call("toy_example", (toy.preset, toy.words), how, to="toy")
    call = Call("draw_toy", (made, picture), look, makes="figure")
    return origin(_TOY, " ".join(toy.words), picture, call, options=asdict(toy) | look)


def draw_sharpness(
    measured: tuple[Sharpness, ...] | None = None, *, theme: Theme = "light", width: float | None = None
) -> Drawing:
    """The entropy of the softmax against d, with and without the factor 1/√d. Default: measures it now."""
    measured = sharpness(keys=KEYS) if measured is None else measured
    chart = entropy(measured, KEYS, Look(theme, width))
    return chart.made_of(sharpness_provenance(theme=theme, width=width))


def sharpness_provenance(**options: object) -> Provenance:
    """The provenance of the entropy's picture, and the lines that draw it again."""
    look = given(**options)
    return origin(_TOY, "", "entropy", Call("draw_sharpness", (), look, makes="figure"), options=look)


def sharpness_table(measured: tuple[Sharpness, ...]) -> pd.DataFrame:
    """Columns d, scaled, unscaled (bits), and half the width of their 95 % intervals."""
    return pd.DataFrame([asdict(point) for point in measured])
