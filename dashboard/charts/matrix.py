"""The layers that draw a matrix and answer the pointer: shared by heatmap, difference and side by side.

Up to 96 × 96 cells are rectangles, above that one image bound to the same scales. Pointing works alike for
both: n clear bars, one a row, tell which row is pointed at, and that row's values are unpacked into n clear
cells which know their pair of words. So it costs n marks, not n².
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.charts import labels as lettering
from dashboard.charts.packing import pack, split_expr, value_expr
from dashboard.charts.pointing import entered, pointed
from dashboard.charts.raster import png_uri
from dashboard.charts.theme import PALETTES, Theme, gradient, ink, scale, signed

RECTS = 96  # cells a side that are still rectangles
FEW = 32  # cells a side that can all answer the pointer, in several panels at once
LARGEST_CELL = 38.0  # pixels


@dataclass(frozen=True)
class Matrix:
    """What is drawn.

    Attributes
    ----------
    values: (n, n), row i looks at column j; signed where low < 0
    labels: the words along both sides, passed through `shown` (n)
    special: which of them are special tokens (n)
    mono: whether they are pieces, set in the monospaced face
    low, high: the ends of the colour scale
    nothing: why a row of zeros is empty, in words
    """

    values: np.ndarray
    labels: list[str]
    special: Sequence[bool]
    mono: bool
    low: float
    high: float
    nothing: str = ""

    @property
    def signed(self) -> bool:
        return self.low < 0


def side_of(n: int, room: float) -> float:
    """Pixels of a square of n cells that fills `room`, each a whole number of half pixels, at most 38.

    A cell is never less than a pixel while n ≤ 720, whatever the room: smaller ones can neither be seen nor
    pointed at.
    """
    step = int(2 * room / n) / 2
    return n * min(LARGEST_CELL, step) if step >= 1 else float(min(n, 720))


def margin(matrix: Matrix, room: float) -> float:
    """Pixels beside a map in a drawing of `room` pixels: labels of the rows, leaning labels that reach beyond the
    last column, and padding."""
    widths = [min(lettering.LONGEST, lettering.width_of(x, 12.5, mono=matrix.mono)) for x in matrix.labels]
    left = max(widths) + 22
    step = min(LARGEST_CELL, (room - left) / len(widths))
    beyond = 0.0
    if lettering.stand(matrix.labels, step, mono=matrix.mono, across=True).angle == -45:
        lean = 0.71
        beyond = max((k + 0.5 - len(widths)) * step + lean * (width + 8) for k, width in enumerate(widths))
    return left + max(0.0, beyond)


def panel(matrix: Matrix, theme: Theme, side: float, *, name: str = "0", alone: bool = True) -> dict:
    """A layered view of `matrix`, `side` pixels square; `name` tells the panels of one chart apart.

    alone: it is the only one. Of several, the first has the legend.
    """
    colours = signed(theme) if matrix.signed else ink(theme)
    colour = {
        "field": "w",
        "type": "quantitative",
        "scale": scale(colours, matrix.low, matrix.high),
        "legend": gradient(_ticks(matrix), _percent_expr(matrix)) if alone or name == "0" else None,
    }
    bound = _bound(matrix, theme, side, name, alone=alone)
    base = _rects(matrix, side, bound, colour) if _small(matrix) else _image(matrix, colours, bound, colour)
    return {"width": side, "height": side, "layer": [*base, _pointing(matrix, theme, bound, side, name, alone=alone)]}


def params(matrices: Sequence[Matrix]) -> list[dict]:
    """Top-level parameters of a chart of these panels, named "0", "1" …: their words, and the place pointed at.

    Declared once for all panels, so that a word pointed at in one lights in every one.
    """
    bars = [f"bars{k}" for k in range(len(matrices))]
    return [
        *({"name": f"words{k}", "value": matrix.labels} for k, matrix in enumerate(matrices)),
        pointed(["i", "j"], bars),
        *([entered(bars)] if len(matrices) == 1 else []),
        {"name": "row", "expr": "isValid(pointed.i) ? pointed.i[0] : -1"},
        {"name": "col", "expr": "isValid(pointed.j) ? pointed.j[0] : -1"},
    ]


# (x, x2, y, y2) → an encoding on the panel's scales; without x2 and y2 the mark has a size of its own.
Bound = Callable[[dict, dict | None, dict, dict | None], dict]


def _small(matrix: Matrix) -> bool:
    return len(matrix.labels) <= RECTS


def _bound(matrix: Matrix, theme: Theme, side: float, name: str, *, alone: bool) -> Bound:
    """Everything is bound to the same scales, 0 to n: rectangles, image and hover cannot drift apart."""
    n = len(matrix.labels)
    span = {"type": "linear", "domain": [0, n], "nice": False, "zero": False}
    step = side / n
    x = {"type": "quantitative", "scale": span, "axis": _axis(matrix, theme, step, name, across=True, alone=alone)}
    y = {
        "type": "quantitative",
        "scale": span | {"reverse": True},
        "axis": _axis(matrix, theme, step, name, across=False, alone=alone),
    }

    def bound(x_: dict, x2: dict | None, y_: dict, y2: dict | None) -> dict:
        ends = {"x2": x2, "y2": y2} if x2 and y2 else {}
        return {"x": x | x_, "y": y | y_} | ends

    return bound


def _rects(matrix: Matrix, side: float, bound: Bound, colour: dict) -> list[dict]:
    """A rectangle for each cell that can be seen. What has no ink is not drawn, which saves most of them."""
    n = len(matrix.labels)
    step = side / n
    visible = np.abs(matrix.values) * 512 >= matrix.high
    rows = []
    for i in range(n):
        j = np.flatnonzero(visible[i])
        w = matrix.values[i, j].astype(float).round(4)  # finer than the hover says: colours must not step
        rows.append({"i": i, "j": j.tolist(), "w": w.tolist()})
    # A cell stands at its column and row, shifted by half its size: nothing to compute in the browser.
    mark = {"type": "rect", "aria": False, "width": step, "height": step, "xOffset": step / 2, "yOffset": step / 2}
    encoding = bound({"field": "j"}, None, {"field": "i"}, None) | {"color": colour}
    return [{"data": {"values": rows}, "transform": [{"flatten": ["j", "w"]}], "mark": mark, "encoding": encoding}]


def _image(matrix: Matrix, colours: list[str], bound: Bound, colour: dict) -> list[dict]:
    """The same as one image, and a layer without data that brings the legend."""
    n = len(matrix.labels)
    uri = png_uri(matrix.values, colours, matrix.low, matrix.high)
    mark = {"type": "image", "url": uri, "aspect": False, "smooth": False, "aria": False}
    whole = bound({"datum": 0}, {"datum": n}, {"datum": 0}, {"datum": n})
    legend = {"data": {"values": []}, "mark": {"type": "rect", "aria": False}, "encoding": whole | {"color": colour}}
    return [{"data": {"values": [{}]}, "mark": mark, "encoding": whole}, legend]


def _pointing(matrix: Matrix, theme: Theme, bound: Bound, side: float, name: str, *, alone: bool) -> dict:
    """Clear bars that say which row is pointed at, and over them that row's cells with what they have to say.

    Beside other panels all rows have their cells from the start where they are few (see `_hole`).
    """
    n = len(matrix.labels)
    packed = pack(matrix.values, signed=matrix.signed)
    empty = np.zeros(n, bool) if matrix.signed else ~matrix.values.any(axis=1)
    step = side / n
    hole = _hole(matrix, step, alone=alone)
    at_once = not alone and n <= FEW
    rows = [{"i": i, "left": 0, "v": "" if empty[i] else packed[i]} for i in range(n)]
    below = {"calculate": "datum.i + 1", "as": "i1"}

    def says(i: str, j: str, piece: str) -> str:
        """Vega expression: "from → to, 31.4 %"."""
        looks, looked_at = (lettering.apart_expr(f"words{name}[{k}]", matrix.labels) for k in (i, j))
        value = value_expr(piece, signed=matrix.signed)
        return f"{looks} + ' → ' + {looked_at} + ', ' + {_percent(value, matrix.signed)}"

    nothing = lettering.apart_expr(f"words{name}[datum.i]", matrix.labels) + f" + ': {matrix.nothing}'"
    said = says("datum.i", hole, f"{split_expr('datum.v')}[{hole}]")
    bars = {
        "name": f"bars{name}",
        "transform": [below, {"calculate": nothing, "as": "nothing"}],
        "mark": {"type": "rect", "opacity": 0, "aria": False},
        "encoding": bound({"field": "left"}, {"datum": n}, {"field": "i"}, {"field": "i1"})
        | {
            "tooltip": {
                "value": {
                    "expr": f"datum.v == '' ? datum.nothing : datum.i === row && {hole} >= 0 ? {said} : null"
                }
            }
        },
    }
    cells = {
        "transform": [
            {"filter": "datum.v != ''" + ("" if at_once else " && datum.i === row")},
            {"calculate": split_expr("datum.v"), "as": "piece"},
            {"flatten": ["piece"]},
            {"window": [{"op": "row_number", "as": "j1"}], "groupby": ["i"]},
            {"calculate": "datum.j1 - 1", "as": "j"},
            below,
            {"calculate": says("datum.i", "datum.j", "datum.piece"), "as": "tip"},
        ],
        "mark": {"type": "rect", "aria": False, "opacity": 0},
        "encoding": bound({"field": "j"}, {"field": "j1"}, {"field": "i"}, {"field": "i1"})
        | {
            "tooltip": {"field": "tip", "type": "nominal"},
            "color": {"condition": {"test": f"datum.j === {hole}", "value": None}, "value": "black"},
        },
    }
    # A mark of its own: as the cells' stroke it would reach over their neighbours and take the pointer there.
    column = _column(hole)
    frame = {
        "data": {"values": [{}]},
        "mark": {
            "type": "rect", "aria": False, "fillOpacity": 0, "stroke": PALETTES[theme].text, "strokeWidth": 1.5,
            "width": step, "height": step, "xOffset": step / 2, "yOffset": step / 2,
        },
        "encoding": {
            "x": {"value": {"expr": f"{column} * {step}"}},
            "y": {"value": {"expr": f"row * {step}"}},
            "strokeOpacity": {"value": {"expr": f"row >= 0 && {column} >= 0 ? 1 : 0"}},
        },
    }  # fmt: skip
    return {"data": {"values": rows}, "layer": [bars, cells, frame]}


def _hole(matrix: Matrix, step: float, *, alone: bool) -> str:
    """Vega expression: the column at which the pointer came into its row, -1 where that is not known.

    A tip is shown with the very movement that enters a row, when its cells are not there yet. So the row's bar
    says it too, for this column, and the cell there stays open, or the pointer would come to lie on a new
    mark, which takes the tip away until the next movement. Beside other panels Vega takes the place from the
    wrong one's edge at first.
    """
    return f"min({len(matrix.labels) - 1}, floor(entered_x[0] / {step}))" if alone else "-1"


def _column(hole: str) -> str:
    """Vega expression: the column pointed at."""
    return f"(col >= 0 ? col : row >= 0 ? {hole} : -1)"


def _axis(matrix: Matrix, theme: Theme, step: float, name: str, *, across: bool, alone: bool) -> dict:
    """Words along a side; the one pointed at is bold, special tokens recede."""
    p = PALETTES[theme]
    standing = lettering.stand(matrix.labels, step, mono=matrix.mono, across=across)
    special = [k for k, is_special in enumerate(matrix.special) if is_special]
    here = "floor(datum.value)"
    level = standing.angle == 0
    lit = _column(_hole(matrix, step, alone=alone)) if across else "row"
    return {
        "orient": "top" if across else "left",
        "title": None,
        "values": [k + 0.5 for k in range(0, len(matrix.labels), standing.every)],
        "labelExpr": f"words{name}[{here}]",
        "labelFont": lettering.font_of(mono=matrix.mono),
        "labelFontSize": standing.size,
        "labelAngle": standing.angle,
        "labelAlign": ("center" if level else "left") if across else "right",
        "labelBaseline": "bottom" if across and level else "middle",
        "labelLimit": lettering.LONGEST,
        "labelOverlap": False,
        "labelFontWeight": {
            "condition": {"test": f"{lit} === {here}", "value": 700}, "value": 400,
        },
        "labelColor": {
            "condition": {"test": f"indexof({special}, {here}) >= 0", "value": p.quiet}, "value": p.text,
        } if special else p.text,
    }  # fmt: skip


def _ticks(matrix: Matrix) -> list[float]:
    return [matrix.low, 0, matrix.high] if matrix.signed else [0, matrix.high / 2, matrix.high]


def _percent_expr(matrix: Matrix) -> str:
    """A tick of the legend: "20 % +" where more than that is full ink as well."""
    number = "format(abs(datum.value) * 100, '.3~r') + ' %'"
    if matrix.signed:
        return f"(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + {number}"
    return number if matrix.high >= 1 else f"{number} + (datum.value >= {matrix.high} ? ' +' : '')"


def _percent(value: str, signed: bool) -> str:
    """Vega expression: a value (an expression) as "31.4 %", a difference as "+31.4 %"."""
    number = f"format(abs({value}) * 100, '.1f') + ' %'"
    return f"({value} > 0 ? '+' : {value} < 0 ? '−' : '±') + {number}" if signed else number
