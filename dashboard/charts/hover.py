"""Hover over a matrix: which cell, and what it has to say.

Clear bars, one a row, tell which row is pointed at, and that row's values are unpacked into clear cells which know
their pair of words. So it costs r + c marks, not r × c.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import labels as lettering
from dashboard.charts.selections import entered, pointed
from dashboard.charts.theme import PALETTES, Theme
from dashboard.charts.vega_arrays import pack, split_expr, value_expr

if TYPE_CHECKING:
    from dashboard.charts.matrix import Matrix

# (x, x2, y, y2) → an encoding on the panel's scales; without x2 and y2 the mark has a size of its own.
Bound = Callable[[dict, dict | None, dict, dict | None], dict]

FEW = 32  # cells a side that can all answer the pointer, in several panels at once


def params(matrices: Sequence[Matrix]) -> list[dict]:
    """Top-level parameters of a chart of these panels, named "0", "1" …: their words, and the place pointed at.

    Declared once for all panels, so that a word pointed at in one lights in every one.
    """
    bars = [f"bars{k}" for k in range(len(matrices))]
    return [
        *({"name": f"words{k}", "value": matrix.rows} for k, matrix in enumerate(matrices)),
        *(
            {"name": f"columns{k}", "value": matrix.columns}
            for k, matrix in enumerate(matrices)
            if matrix.columns != matrix.rows
        ),
        pointed(["i", "j"], bars),
        *([entered(bars)] if len(matrices) == 1 else []),
        {"name": "row", "expr": "isValid(pointed.i) ? pointed.i[0] : -1"},
        {"name": "col", "expr": "isValid(pointed.j) ? pointed.j[0] : -1"},
    ]


def words_named(matrix: Matrix, name: str, *, across: bool) -> str:
    """The parameter that has the words along the top (across) or along the left; one where they are the same."""
    return f"columns{name}" if across and matrix.columns != matrix.rows else f"words{name}"


def column_expr(matrix: Matrix, step: float, *, alone: bool) -> str:
    """Vega expression: the column pointed at, -1 for none."""
    return f"(col >= 0 ? col : row >= 0 ? {_hole(matrix, step, alone=alone)} : -1)"


def hover_layers(matrix: Matrix, theme: Theme, bound: Bound, step: float, name: str, *, alone: bool) -> dict:
    """Clear bars that say which row is pointed at, and over them that row's cells with what they have to say.

    Beside other panels all rows have their cells from the start where they are few (see `_hole`).
    """
    n, across = matrix.values.shape
    packed = pack(matrix.values, signed=matrix.signed)
    empty = np.zeros(n, bool) if matrix.signed else ~np.any(matrix.values, axis=1)
    hole = _hole(matrix, step, alone=alone)
    at_once = not alone and len(matrix) <= FEW
    rows = [{"i": i, "left": 0, "v": "" if empty[i] else packed[i]} for i in range(n)]
    below = {"calculate": "datum.i + 1", "as": "i1"}

    def tip_expr(i: str, j: str, code: str) -> str:
        """Vega expression: "from → to, 31.4 %"."""
        looks, looked_at = (
            lettering.apart_expr(f"{words_named(matrix, name, across=side)}[{k}]", words)
            for side, words, k in ((False, matrix.rows, i), (True, matrix.columns, j))
        )
        value = value_expr(code, signed=matrix.signed)
        return f"{looks} + ' → ' + {looked_at} + ', ' + {_value_expr(value, matrix)}"

    nothing = lettering.apart_expr(f"words{name}[datum.i]", matrix.rows) + f" + ': {matrix.nothing}'"
    pointed = tip_expr("datum.i", hole, f"{split_expr('datum.v')}[{hole}]")
    tip = f"datum.v == '' ? datum.nothing : datum.i === row && {hole} >= 0 ? {pointed} : null"
    bars = {
        "name": f"bars{name}",
        "transform": [below, {"calculate": nothing, "as": "nothing"}],
        "mark": {"type": "rect", "opacity": 0, "aria": False},
        "encoding": bound({"field": "left"}, {"datum": across}, {"field": "i"}, {"field": "i1"})
        | {"tooltip": {"value": {"expr": tip}}},
    }
    cells = {
        "transform": [
            {"filter": "datum.v != ''" + ("" if at_once else " && datum.i === row")},
            {"calculate": split_expr("datum.v"), "as": "piece"},
            {"flatten": ["piece"]},
            {"window": [{"op": "row_number", "as": "j1"}], "groupby": ["i"]},
            {"calculate": "datum.j1 - 1", "as": "j"},
            below,
            {"calculate": tip_expr("datum.i", "datum.j", "datum.piece"), "as": "tip"},
        ],
        "mark": {"type": "rect", "aria": False, "opacity": 0},
        "encoding": bound({"field": "j"}, {"field": "j1"}, {"field": "i"}, {"field": "i1"})
        | {
            "tooltip": {"field": "tip", "type": "nominal"},
            "color": {"condition": {"test": f"datum.j === {hole}", "value": None}, "value": "black"},
        },
    }
    # A mark of its own: as the cells' stroke it would reach over their neighbours and take the pointer there.
    column = column_expr(matrix, step, alone=alone)
    frame = {
        "data": {"values": [{}]},
        "mark": {
            "type": "rect",
            "aria": False,
            "fillOpacity": 0,
            "stroke": PALETTES[theme].text,
            "strokeWidth": 1.5,
            "width": step,
            "height": step,
            "xOffset": step / 2,
            "yOffset": step / 2,
        },
        "encoding": {
            "x": {"value": {"expr": f"{column} * {step}"}},
            "y": {"value": {"expr": f"row * {step}"}},
            "strokeOpacity": {"value": {"expr": f"row >= 0 && {column} >= 0 ? 1 : 0"}},
        },
    }
    return {"data": {"values": rows}, "layer": [bars, cells, frame]}


def _hole(matrix: Matrix, step: float, *, alone: bool) -> str:
    """Vega expression: the column at which the pointer came into its row, -1 where that is not known.

    A tip is shown with the very movement that enters a row, when its cells are not there yet. So the row's bar
    says it too, for this column, and the cell there stays open, or the pointer would come to lie on a new
    mark, which takes the tip away until the next movement. Beside other panels Vega takes the place from the
    wrong one's edge at first.
    """
    return f"min({len(matrix.columns) - 1}, floor(entered_x[0] / {step}))" if alone else "-1"


def _value_expr(value: str, matrix: Matrix) -> str:
    """Vega expression: a value (an expression) as "31.4 %", a difference as "+31.4 %"."""
    number = matrix.ink_scale.expr(f"abs({value})", ".1f")
    return f"({value} > 0 ? '+' : {value} < 0 ? '−' : '±') + {number}" if matrix.signed else number
