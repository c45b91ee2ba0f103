"""The layers that draw a matrix: shared by heatmap, difference and side by side.

Up to 48 × 48 cells are rectangles, above that one image bound to the same scales. `hover` has the layers that
answer the pointer, the same for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.charts import labels as lettering
from dashboard.charts.crosses import Cell, cell_layers
from dashboard.charts.hover import Bound, column_expr, hover_layers, words_named
from dashboard.charts.ink import SHARE, InkScale
from dashboard.charts.raster import png_uri
from dashboard.charts.stretches import BAND, Stretch, named_layers, placed
from dashboard.charts.theme import PALETTES, Theme, gradient, ink, scale, signed

RECTS = 48  # cells a side that are still rectangles; as an image a map of 64 is drawn 50 ms sooner
EVEN = 96  # cells a side that all get the same number of half pixels
LARGEST_CELL = 38.0  # pixels


@dataclass(frozen=True)
class Matrix:
    """What is drawn.

    Attributes
    ----------
    values: (r, c), row i looks at column j; signed where low < 0
    rows, columns: the words along the left side (r) and along the top (c), passed through `drawable`
    special: which of the rows (r) and which of the columns (c) are special tokens
    mono: whether they are tokens, set in the monospaced face
    low, high: the ends of the colour scale
    nothing: why a row of zeros is empty, in words
    ink_scale: how a value is said
    stretches: those of the rows and those of the columns, in cells
    cut: cells that are crossed out; replaced: rows that are framed, each with the number of its columns
    """

    values: np.ndarray
    rows: list[str]
    columns: list[str]
    special: tuple[Sequence[bool], Sequence[bool]]
    mono: bool
    low: float
    high: float
    nothing: str = ""
    ink_scale: InkScale = SHARE
    stretches: tuple[Sequence[Stretch], Sequence[Stretch]] = ((), ())
    cut: Sequence[Cell] = ()
    replaced: Sequence[tuple[int, int]] = ()

    @property
    def signed(self) -> bool:
        return self.low < 0

    def __len__(self) -> int:
        """Cells along the longer side."""
        return max(self.values.shape)


def side_of(n: int, width: float) -> float:
    """Pixels of a square of n cells that fills `width`.

    A cell is at most 38 pixels, and up to 96 of them a whole number of half pixels, so that all look the same. It is
    never less than a pixel while n ≤ 720, whatever the room: smaller ones can neither be seen nor pointed at.
    """
    if n <= EVEN:
        return n * min(LARGEST_CELL, max(1.0, int(2 * width / n) / 2))
    return float(max(int(width), min(n, 720)))


def margin(matrix: Matrix, available: float) -> float:
    """Pixels next to a map in a drawing of `available` pixels: labels of the rows, leaning labels that reach beyond the
    last column, names of the rows' stretches, and padding."""
    beside, widths = (
        [min(lettering.LONGEST, lettering.width_of(x, 12.5, mono=matrix.mono)) for x in words]
        for words in (matrix.rows, matrix.columns)
    )
    left = max(beside) + 22
    step = min(LARGEST_CELL, (available - left) / len(matrix))
    beyond = 0.0
    if lettering.lay_out(matrix.columns, step, mono=matrix.mono, across=True).angle == -45:
        lean = 0.71
        beyond = max((k + 0.5 - len(widths)) * step + lean * (width + 8) for k, width in enumerate(widths))
    return left + max(0.0, beyond, BAND * bool(matrix.stretches[0]))


def panel(
    matrix: Matrix, theme: Theme, side: float, *, name: str = "0", alone: bool = True, legend: bool = True
) -> dict:
    """A layered view of `matrix`, its longer side `side` pixels; `name` tells the panels of one chart apart.

    alone: it is the only one; legend: it bears the legend.
    """
    colours = signed(theme) if matrix.signed else ink(theme)
    colour = {
        "field": "w",
        "type": "quantitative",
        "scale": scale(colours, matrix.low, matrix.high),
        "legend": gradient(_ticks(matrix), _tick_expr(matrix), BAND if matrix.stretches[1] else 0) if legend else None,
    }
    step = side / len(matrix)
    bound = _bound(matrix, theme, step, name, alone=alone)
    base = _rects(matrix, step, bound, colour) if _small(matrix) else _image(matrix, colours, bound, colour)
    edits = cell_layers(matrix.cut, matrix.replaced, bound, step, PALETTES[theme])
    hover = hover_layers(matrix, theme, bound, step, name, alone=alone)
    height, width = (side if cells == len(matrix) else cells * step for cells in matrix.values.shape)
    # A map of few and faint cells would stand there without an edge.
    edge = {} if height == width else {"view": {"stroke": PALETTES[theme].hair}}
    return {
        "width": width,
        "height": height,
        "layer": [*base, *edits, *_stretches(matrix, theme, step, width, height), hover],
        **edge,
    }


def _stretches(matrix: Matrix, theme: Theme, step: float, width: float, height: float) -> list[dict]:
    """What tells the stretches of rows and of columns apart: their names to the right of the map and below it."""
    layers: list[dict] = []
    for across, end in ((False, width), (True, height)):
        sides = placed(matrix.stretches[across], lambda cells: cells * step)
        layers += named_layers(sides, PALETTES[theme], across=across, at=end + 7, through=(0, end + 7))
    return layers


def _small(matrix: Matrix) -> bool:
    return len(matrix) <= RECTS


def _bound(matrix: Matrix, theme: Theme, step: float, name: str, *, alone: bool) -> Bound:
    """Everything is bound to the same scales, 0 to r and 0 to c: rectangles, image and hover cannot drift apart."""
    y, x = (
        {
            "type": "quantitative",
            "scale": {"type": "linear", "domain": [0, cells], "nice": False, "zero": False}
            | ({} if across else {"reverse": True}),
            "axis": _axis(matrix, theme, step, name, across=across, alone=alone),
        }
        for cells, across in zip(matrix.values.shape, (False, True), strict=True)
    )

    def bound(x_: dict, x2: dict | None, y_: dict, y2: dict | None) -> dict:
        ends = {"x2": x2, "y2": y2} if x2 and y2 else {}
        return {"x": x | x_, "y": y | y_} | ends

    return bound


def _rects(matrix: Matrix, step: float, bound: Bound, colour: dict) -> list[dict]:
    """A rectangle for each cell that can be seen. What has no ink is not drawn, which saves most of them."""
    visible = np.abs(matrix.values) >= matrix.high / 256  # less than one step of a screen's colours
    rows = []
    for i in range(len(visible)):
        j = np.flatnonzero(visible[i])
        w = matrix.values[i, j].astype(float).round(4)  # finer than the hover says: colours must not step
        rows.append({"i": i, "j": j.tolist(), "w": w.tolist()})
    # A cell stands at its column and row, shifted by half its size: nothing to compute in the browser.
    mark = {"type": "rect", "aria": False, "width": step, "height": step, "xOffset": step / 2, "yOffset": step / 2}
    encoding = bound({"field": "j"}, None, {"field": "i"}, None) | {"color": colour}
    return [{"data": {"values": rows}, "transform": [{"flatten": ["j", "w"]}], "mark": mark, "encoding": encoding}]


def _image(matrix: Matrix, colours: list[str], bound: Bound, colour: dict) -> list[dict]:
    """The same as one image, and a layer without data that brings the legend."""
    rows, columns = matrix.values.shape
    uri = png_uri(matrix.values, colours, matrix.low, matrix.high)
    mark = {"type": "image", "url": uri, "aspect": False, "smooth": False, "aria": False}
    whole = bound({"datum": 0}, {"datum": columns}, {"datum": 0}, {"datum": rows})
    legend = {"data": {"values": []}, "mark": {"type": "rect", "aria": False}, "encoding": whole | {"color": colour}}
    return [{"data": {"values": [{}]}, "mark": mark, "encoding": whole}, legend]


def _axis(matrix: Matrix, theme: Theme, step: float, name: str, *, across: bool, alone: bool) -> dict:
    """Words along a side; the one pointed at is bold, special tokens recede."""
    p = PALETTES[theme]
    words = matrix.columns if across else matrix.rows
    layout = lettering.lay_out(words, step, mono=matrix.mono, across=across)
    special = [k for k, is_special in enumerate(matrix.special[across]) if is_special]
    here = "floor(datum.value)"
    level = layout.angle == 0
    lit = column_expr(matrix, step, alone=alone) if across else "row"
    return {
        "orient": "top" if across else "left",
        "title": None,
        "values": [k + 0.5 for k in range(0, len(words), layout.every)],
        "labelExpr": f"{words_named(matrix, name, across=across)}[{here}]",
        "labelFont": lettering.font_of(mono=matrix.mono),
        "labelFontSize": layout.size,
        "labelAngle": layout.angle,
        "labelAlign": ("center" if level else "left") if across else "right",
        "labelBaseline": "bottom" if across and level else "middle",
        "labelLimit": lettering.LONGEST,
        "labelOverlap": False,
        "labelFontWeight": {
            "condition": {"test": f"{lit} === {here}", "value": 700},
            "value": 400,
        },
        "labelColor": {
            "condition": {"test": f"indexof({special}, {here}) >= 0", "value": p.quiet},
            "value": p.text,
        }
        if special
        else p.text,
    }


def _ticks(matrix: Matrix) -> list[float]:
    return [matrix.low, 0, matrix.high] if matrix.signed else [0, matrix.high / 2, matrix.high]


def _tick_expr(matrix: Matrix) -> str:
    """A tick of the legend: "20 % +" where more than that is full ink as well."""
    number = matrix.ink_scale.expr("abs(datum.value)")
    if matrix.signed:
        return f"(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + {number}"
    return number if matrix.high >= 1 else f"{number} + (datum.value >= {matrix.high} ? ' +' : '')"
