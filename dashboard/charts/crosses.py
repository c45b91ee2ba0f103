"""The marks of an edited head: crosses over the links that are cut, dashes around the rows that are replaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from dashboard.charts.hover import Bound
from dashboard.charts.theme import Palette
from dashboard.heads.format import counted
from dashboard.heads.view import HeadView

CROSS = "M-1,-1L1,1M1,-1L-1,1"
DASHES = [4, 3]
SMALLEST = 4.0  # pixels of a cell that has room for a cross

Cell = tuple[int, int]


def marks_inside(view: HeadView, cut: Sequence[Cell], replaced: Sequence[int]) -> tuple[list[Cell], list[int]]:
    """The marks that lie in the view, by its own places, of places in the whole text."""
    down, across, (high, wide) = view.queries.start, view.keys.start, view.weights.shape
    moved = [(row - down, column - across) for row, column in cut]
    cells = [(row, column) for row, column in moved if 0 <= row < high and 0 <= column < wide]
    return cells, [row - down for row in replaced if 0 <= row - down < high]


def note(cut: Sequence[Cell], replaced: Sequence[int]) -> list[str]:
    """For a subtitle: what the marks mean; empty where there are none."""
    links, rows = (len(set(some)) for some in (cut, replaced))
    said = [
        f"crossed: {counted(links, 'links')} cut" if links else "",
        f"dashed: {counted(rows, 'rows')} replaced" if rows else "",
    ]
    return [" · ".join(filter(None, said))] if any(said) else []


def cell_layers(
    cut: Sequence[Cell], replaced: Sequence[tuple[int, int]], bound: Bound, step: float, palette: Palette
) -> list[dict]:
    """The layers over the cells of a matrix.

    cut: cells (row, column); replaced: rows, each with the number of its columns; step: pixels of a cell
    """
    layers: list[dict] = []
    crossed = step >= SMALLEST
    if cut:
        runs = [{"i": i, "j": first, "end": last, "below": i + 1} for i, first, last in _runs(cut)]
        over = palette.paper if crossed else palette.context
        where = bound({"field": "j"}, {"field": "end"}, {"field": "i"}, {"field": "below"})
        layers.append(
            {"data": {"values": runs}, "mark": {"type": "rect", "aria": False, "fill": over}, "encoding": where}
        )
    if cut and crossed:
        pad = min(4.0, step / 5)
        mark = {"type": "point", "shape": CROSS, "size": round((step - 2 * pad) ** 2, 2), "filled": False}
        mark |= {"stroke": palette.context, "strokeWidth": 1.0 if step < 8 else 1.5, "opacity": 1, "aria": False}
        middle = {"xOffset": step / 2, "yOffset": step / 2}
        cells = [{"i": i, "j": j} for i, j in sorted(set(cut))]
        where = bound({"field": "j"}, None, {"field": "i"}, None)
        layers.append({"data": {"values": cells}, "mark": mark | middle, "encoding": where})
    if replaced:
        rows = [{"i": i, "j": 0, "end": columns, "below": i + 1} for i, columns in replaced]
        where = bound({"field": "j"}, {"field": "end"}, {"field": "i"}, {"field": "below"})
        layers.append({"data": {"values": rows}, "mark": dashed(palette), "encoding": where})
    return layers


def dashed(palette: Palette) -> dict:
    """The mark around a row that is replaced, or its word."""
    outline = {"fill": None, "stroke": palette.context, "strokeWidth": 1.5, "strokeDash": DASHES}
    return {"type": "rect", "aria": False, **outline}


def _runs(cut: Sequence[Cell]) -> Iterator[tuple[int, int, int]]:
    """The cells as stretches of a row: row, first column, last column + 1."""
    for (row, _), run in groupby(enumerate(sorted(set(cut))), lambda one: (one[1][0], one[1][1] - one[0])):
        columns = [cell[1] for _, cell in run]
        yield row, columns[0], columns[-1] + 1
