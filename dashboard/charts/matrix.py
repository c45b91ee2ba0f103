"""The layers that draw a matrix and answer the pointer: shared by heatmap, difference and side by side.

Up to 96 × 96 cells are rectangles, above that one image bound to the same scales. Hovering is the same for
both: n transparent bars, one a row, tell which row is pointed at, and that row's values are unpacked into
n transparent cells which know their word pair. So hover costs n marks, not n².
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.charts import labels as lettering
from dashboard.charts.packing import pack, split_expr, value_expr
from dashboard.charts.pointing import pointed
from dashboard.charts.raster import png_uri
from dashboard.charts.theme import PALETTES, Theme, ink, scale, signed

Bound = Callable[[dict, dict | None, dict, dict | None], dict]

RECTS = 96  # cells a side that are still rectangles


@dataclass(frozen=True)
class Matrix:
    """What is drawn: values (n, n), the words along both sides (passed through `shown`), and the colour scale."""

    values: np.ndarray
    labels: list[str]
    special: Sequence[bool]
    mono: bool
    low: float
    high: float

    @property
    def signed(self) -> bool:
        return self.low < 0


def side_of(n: int, room: float) -> float:
    """Pixels of a square of n cells that fills `room`: in steps of half a pixel a cell (whole pixels in a file of
    double size) of at most 38; a cell is never less than a pixel while n ≤ 720, whatever the room, for what is
    smaller can neither be seen nor pointed at."""
    step = int(2 * room / n) / 2
    if step >= 1:
        return n * min(38.0, step)
    return float(min(n, 720))


def margin(matrix: Matrix) -> float:
    """Pixels that the labels of the rows take, and the padding."""
    widest = max((lettering.width_of(x, 12.5, mono=matrix.mono) for x in matrix.labels), default=0)
    return min(lettering.LONGEST, widest) + 24


def panel(matrix: Matrix, theme: Theme, side: float, *, name: str = "0", rows: bool = True,
          legend: bool = True, x: int | None = None) -> dict:
    """A layered view of `matrix`, `side` pixels square. `name` tells several panels of one chart apart.

    rows: draw the labels of the rows.
    """
    n = len(matrix.labels)
    p = PALETTES[theme]
    colours = signed(theme) if matrix.signed else ink(theme)
    span = {"type": "linear", "domain": [0, n], "nice": False, "zero": False}
    words = f"words{name}"
    column = _axis(matrix, theme, side / n, words, "col", across=True)
    row = _axis(matrix, theme, side / n, words, "row", across=False) if rows else None
    where = {
        "x": {"scale": span, "axis": column},
        "y": {"scale": span | {"reverse": True}, "axis": row},
    }

    def bound(x: dict, x2: dict | None, y: dict, y2: dict | None) -> dict:
        kind = {"type": "quantitative"}
        ends = {"x2": x2, "y2": y2} if x2 and y2 else {}
        return {"x": kind | where["x"] | x, "y": kind | where["y"] | y} | ends

    key = {
        "orient": "bottom", "direction": "horizontal", "title": None, "gradientLength": 150,
        "gradientThickness": 9, "offset": 14, "values": _ticks(matrix), "labelExpr": _percent_expr(matrix),
        "labelFontSize": 11.5, "tickCount": 2,
    }  # fmt: skip
    colour = {"field": "w", "type": "quantitative",
              "scale": scale(colours, matrix.low, matrix.high), "legend": key if legend else None}  # fmt: skip

    packed = pack(matrix.values, signed=matrix.signed)
    empty = ~matrix.values.any(axis=1) if not matrix.signed else np.zeros(n, bool)
    data = [{"i": i, "v": "" if empty[i] else packed[i]} for i in range(n)]
    layers = _rects(matrix, side, bound, colour) if n <= RECTS else _image(matrix, colours, bound, colour)
    nothing = f"{words}[datum.i] + ': nothing is left when special tokens are hidden'"
    bars = {
        "transform": [
            {"calculate": "datum.i + 1", "as": "i1"},
            {"calculate": nothing, "as": "tip"},
        ],
        "mark": {"type": "rect", "opacity": 0, "aria": False},
        "name": f"bars{name}",
        "encoding": bound({"datum": 0}, {"datum": n}, {"field": "i"}, {"field": "i1"})
        | {"tooltip": {"condition": {"test": "datum.v == ''", "field": "tip", "type": "nominal"}, "value": None}},
    }
    says = f"{words}[datum.i] + ' → ' + {words}[datum.j] + ', ' + "
    cells = {
        "transform": [
            {"filter": "datum.i === row && datum.v != ''"},
            {"calculate": split_expr("datum.v"), "as": "piece"},
            {"flatten": ["piece"]},
            {"window": [{"op": "row_number", "as": "j1"}]},
            {"calculate": "datum.j1 - 1", "as": "j"},
            {"calculate": "datum.i + 1", "as": "i1"},
            {"calculate": value_expr("datum.piece", signed=matrix.signed), "as": "value"},
            {"calculate": says + _says_expr(matrix), "as": "tip"},
        ],
        "mark": {"type": "rect", "aria": False, "fillOpacity": 0, "stroke": p.text, "strokeWidth": 1.5},
        "encoding": bound({"field": "j"}, {"field": "j1"}, {"field": "i"}, {"field": "i1"})
        | {
            "tooltip": {"field": "tip", "type": "nominal"},
            "strokeOpacity": {"condition": {"test": "datum.j === col", "value": 1}, "value": 0},
        },
    }
    hover = {"data": {"values": data}, "layer": [bars, cells]}
    return {"width": side, "height": side, "layer": [*layers, hover]}


def _rects(matrix: Matrix, side: float, bound: Bound, colour: dict) -> list[dict]:
    """A rectangle for each cell that can be seen. What has no ink is not drawn, which saves most of them.

    Places and sizes need no computing in the browser: a cell stands at its column, shifted by half its size.
    """
    n = len(matrix.labels)
    step = side / n
    visible = np.abs(matrix.values) * 512 >= matrix.high
    rows = []
    for i in range(n):
        j = np.flatnonzero(visible[i])
        w = matrix.values[i, j].astype(float).round(4)  # finer than the hover says: colours must not step
        rows.append({"i": i, "j": j.tolist(), "w": w.tolist()})
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


def params(matrices: Sequence[Matrix]) -> list[dict]:
    """Top-level parameters of a chart of these panels, named "0", "1" …: their words, and the shared hover.

    Declared once for all panels, so that a word pointed at in one lights in every one.
    """
    words = [
        {"name": f"words{k}", "value": matrix.labels} for k, matrix in enumerate(matrices)
    ]
    return [
        *words,
        pointed(["i", "j"], [f"bars{k}" for k in range(len(matrices))]),
        {"name": "row", "expr": "isValid(pointed.i) ? pointed.i[0] : -1"},
        {"name": "col", "expr": "isValid(pointed.j) ? pointed.j[0] : -1"},
    ]


def _axis(matrix: Matrix, theme: Theme, step: float, words: str, signal: str, *, across: bool) -> dict:
    p = PALETTES[theme]
    standing = lettering.stand(matrix.labels, step, mono=matrix.mono, across=across)
    specials = [k for k, is_special in enumerate(matrix.special) if is_special]
    here = "floor(datum.value)"
    lit = f"{signal} === {here}"
    plain = [{"test": f"indexof({specials}, {here}) >= 0", "value": p.quiet}] if specials else []
    return {
        "orient": "top" if across else "left",
        "title": None,
        "values": [k + 0.5 for k in range(0, len(matrix.labels), standing.every)],
        "labelExpr": f"{words}[{here}]",
        "labelFont": lettering.font_of("tokens" if matrix.mono else "words"),
        "labelFontSize": standing.size,
        "labelAngle": standing.angle,
        "labelAlign": ("center" if standing.angle == 0 else "left") if across else "right",
        "labelBaseline": ("bottom" if standing.angle == 0 else "middle") if across else "middle",
        "labelLimit": lettering.LONGEST,
        "labelOverlap": False,
        "labelPadding": 6,
        "labelFontWeight": {"condition": {"test": lit, "value": 700}, "value": 400},
        "labelColor": {"condition": plain, "value": p.text} if plain else p.text,
    }


def _ticks(matrix: Matrix) -> list[float]:
    return [matrix.low, 0, matrix.high] if matrix.signed else [0, matrix.high / 2, matrix.high]


def _percent_expr(matrix: Matrix) -> str:
    number = "format(abs(datum.value) * 100, '.3~r')"
    if matrix.signed:
        return f"(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + {number} + ' %'"
    if matrix.high >= 1:
        return f"{number} + ' %'"
    return f"{number} + (datum.value >= {matrix.high} ? ' % +' : ' %')"


def _says_expr(matrix: Matrix) -> str:
    number = "format(abs(datum.value) * 100, '.1f') + ' %'"
    if not matrix.signed:
        return number
    return f"(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '±') + {number}"
