"""All steps of a head as small maps, in order, like the figures of a paper."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dashboard.analyses.inside.steps import Inside, QueryRow, StepMap
from dashboard.analyses.inside.text import TITLES, finding, formula, range_of, sentence
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.ink import round_up
from dashboard.charts.look import Look
from dashboard.charts.raster import png_uri
from dashboard.charts.sanitize import drawable
from dashboard.charts.stretches import divided, stretches_of
from dashboard.charts.theme import PALETTES, Theme, ink, signed
from dashboard.charts.titles import wrap

WIDTH = 980.0
GAP = 26.0
SMALL, LINE, TITLE = 11.5, 14.5, 26.0  # pixels: small type, a line of it, a step's title with the space above it
BELOW = 4 * LINE  # below a map: three lines of its sentence


def steps(
    this: Inside,
    row: QueryRow,
    step: str = "",
    look: Look = Look(),
    *,
    epoch: int | None = None,
) -> Drawing:
    """Every step with its shape, formula and range; the query's row is framed in each, and `step` as a whole.

    Rows are tokens. Weights are ink; all other steps run from purple below 0 to green above it, each on its own scale;
    masked cells are grey. A matrix of more than 96 rows or columns is drawn as means over neighbours.

    Parameters
    ----------
    this, row: from `steps`
    step: one of its steps, or "" for none
    look: 980 pixels wide by default
    epoch: if given, a click on a map sets the point parameter "step", with the fields step and epoch
    """
    width = look.width_or(WIDTH) - 24
    columns = max(2, min(6, int((width + GAP) // (118 + GAP))))
    side = (width + GAP) / columns - GAP
    formulas = {name: wrap(formula(this, name), side + 14, SMALL) for name in this.maps}
    head = TITLE + (1 + max(map(len, formulas.values()))) * LINE  # above each map: the same number of lines for all
    tall = head + side + BELOW
    canvas = Canvas()
    for place, (name, lines) in enumerate(formulas.items()):
        line, column = divmod(place, columns)
        at = column * (side + GAP), line * tall + TITLE - 6, line * tall + head, side
        _add(canvas, this, row, name, lines, name == step, at, look.theme)
        place = column * (side + GAP), line * tall, side, tall - LINE
        canvas.place(*place, f"{TITLES[name]}: {range_of(name, this.maps[name])}", step=name, epoch=epoch)
    query = drawable(this.encoding.drawn[row.query])
    reduced = max(this.maps["scores"].shape) > max(this.maps["scores"].values.shape)
    whose = " of the target" if this.crosses else ""
    keys = f" · keys and values: the {len(this.seen):,} tokens of the source" if this.crosses else ""
    means = " · each cell is the mean over its neighbours" if reduced else ""
    return sheet(
        canvas.body(width, -(-len(formulas) // columns) * tall, None if epoch is None else "step"),
        look.theme,
        title=f"Inside {this.head} · {drawable(this.model)}",
        subtitle=[
            f"rows are the {len(this.encoding):,} tokens{whose}; the row of “{query}” is framed{keys}",
            f"purple below 0, green above · shade: attention weight · grey: hidden{means}",
            *filter(None, [divided(this.encoding.stretches)]),
        ],
        description=f"All {len(formulas)} steps of {this.head}, {this.model}. {finding(this, row)}",
        width=width,
    )


def _add(
    canvas: Canvas,
    this: Inside,
    row: QueryRow,
    name: str,
    lines: list[str],
    chosen: bool,
    place: tuple[float, float, float, float],
    theme: Theme,
) -> None:
    """Add one step: its title, its map, and a sentence below.

    place: left, baseline of the title, top of the map, side of the map
    """
    p, part, (left, over, top, side) = PALETTES[theme], this.maps[name], place
    n = len(this.encoding)
    across = _across(this, part, side)

    canvas.image(left, top, across, side, _picture(part, name, theme))
    canvas.frame(left, top, across, side, p.text if chosen else p.hair, 2.0 if chosen else 1.0)
    _divide(canvas, this, part, (left, top, across, side), p.quiet)
    if name not in ("k", "v"):
        half = max(side / n, 3.0) / 2  # a row of a long text is thinner than a pixel
        middle = top + min(max((row.query + 0.5) * side / n, half), side - half)
        canvas.frame(left, middle - half, across, 2 * half, p.text, 1.2)
    if name == "joined" and this.heads > 1:
        own = across / this.heads
        canvas.frame(left + own * this.head.head, top, own, side, p.text, 1.2)

    rows, columns = part.shape
    canvas.write(left, over, f"{TITLES[name]} · {rows:,} × {columns:,}", p.text, 13.5, weight=600)
    for k, line in enumerate([range_of(name, part), *lines], 1):
        canvas.write(left, over + k * LINE, line, p.quiet, SMALL)
    for k, line in enumerate(wrap(sentence(this, name), side + 8, SMALL), 1):
        canvas.write(left, top + side + 4 + k * LINE, line, p.text, SMALL)


def _divide(canvas: Canvas, this: Inside, part: StepMap, place: tuple[float, float, float, float], colour: str) -> None:
    """Rules between the stretches of the text, along each side that is its tokens. place: of the map"""
    left, top, wide, high = place
    for one in stretches_of(this.encoding.stretches)[:-1]:
        share = one.last / len(this.encoding)
        if part.shape[0] == len(this.encoding):
            canvas.box(left, top + high * share - 0.5, wide, 1, colour)
        if part.shape[1] == len(this.encoding) and not this.crosses:
            canvas.box(left + wide * share - 0.5, top, 1, high, colour)


def _across(this: Inside, part: StepMap, side: float) -> float:
    """The width of a map: a full side for n or D columns, in proportion for the d columns of one head."""
    if part.shape[1] != this.d or this.heads == 1:
        return side
    return max(side * part.shape[1] / (this.heads * this.d), 0.28 * side)


def _picture(part: StepMap, name: str, theme: Theme) -> str:
    return _uri(part.values.tobytes(), part.values.shape, str(part.values.dtype), name == "weights", theme)


@lru_cache(maxsize=256)
def _uri(data: bytes, shape: tuple[int, int], kind: str, shares: bool, theme: Theme) -> str:
    """A map as a PNG data URI, one pixel per cell. Beyond the 99.5th percentile colours are saturated."""
    values = np.frombuffer(data, kind).reshape(shape).astype(float)
    seen = np.abs(values[np.isfinite(values) & (values != 0)])
    top = float(np.quantile(seen, 0.995)) if seen.size else 1.0
    low, high = (0.0, round_up(top)) if shares else (-top, top)
    return png_uri(values, ink(theme) if shares else signed(theme), low, high, hidden=PALETTES[theme].hair)
