"""The toy step by step: every step as a small matrix with its numbers, or one step with its inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from dashboard.analyses.toy.worked_steps import STEPS, Part, Toy, arithmetic, number, saying
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.theme import PALETTES, Theme, ink, paint, readable, signed

CELL, LINE = 46.0, 28.0  # pixels of a cell across and down
LONGEST = 92.0  # pixels of a word beside a matrix
GAP, BETWEEN = 30.0, 28.0  # between matrices, between lines of them
SIGN = 30.0  # the operation between two matrices
HEAD = 36.0  # a title and a formula over a matrix
LEAN = 35.0  # degrees

# step → its inputs with the operations between them; the last matrix is the step itself
MADE_OF: dict[str, tuple[str, ...]] = {
    "x": ("x",),
    "q": ("x", "·", "w_q", "=", "q"),
    "k": ("x", "·", "w_k", "=", "k"),
    "v": ("x", "·", "w_v", "=", "v"),
    "scores": ("q", "·", "kt", "=", "scores"),
    "scaled": ("scores", "→", "scaled"),
    "masked": ("scaled", "→", "masked"),
    "weights": ("masked", "→", "weights"),
    "mixed": ("weights", "·", "v", "=", "mixed"),
    "joined": ("mixed0", "beside", "mixed1", "=", "joined"),
}


def worked(toy: Toy, step: str, row: int, look: Look) -> Drawing:
    """All steps in order ("all"), or one of `STEPS` with its inputs; the row of one word is framed.

    Numbers are shaded purple below 0 and green above it, weights are ink. Scores share a scale before and after
    scaling, values before and after mixing; every other matrix has its own.

    Parameters
    ----------
    toy: of `work_through`; row: the framed word, from 0; look: 980 pixels wide by default
    """
    width = look.width_or(980.0) - 12
    names = [*toy.available_steps] if step == "all" else [*MADE_OF[step]]
    lines = _lines([toy.parts.get(name, name) for name in names], width)
    canvas, top = Canvas(), 0.0
    for line in lines:
        over = max(_over(part) for part in line)
        tall = max((len(part.rows) for part in line if isinstance(part, Part)), default=2) * LINE
        left = 0.0
        for part in line:
            if isinstance(part, Part):
                framed_row = row if part.rows is toy.names and (step != "mixed" or part.name != "v") else None
                _matrix(canvas, part, _top(toy, part.kind), framed_row, left, top + over, look.theme)
            else:
                size, middle = (20 if len(part) == 1 else 13), top + over + LINE * 1.3
                canvas.write(left + SIGN / 2, middle, part, look.palette.quiet, size, align="center")
            left += _across(part) + GAP
        top += over + tall + BETWEEN
    heads = f", head {toy.head} of {toy.example.heads}" if toy.example.heads > 1 else ""
    title = f"Attention by hand{heads}" if step == "all" else f"{STEPS[step]}{heads}"
    followed = f"framed: the row of “{toy.names[row]}”"
    return sheet(
        canvas.body(max(sum(_across(part) + GAP for part in line) - GAP for line in lines), top - BETWEEN),
        look.theme,
        title=title,
        subtitle=[
            f"{len(toy.names)} words, {toy.example.numbers_per_word} numbers each, d = {toy.d} · {followed}",
            "purple below 0, green above · shade: attention weight",
        ],
        description=f"{title}: {saying(toy, row)} {arithmetic(toy, step, row)}",
        width=max(width, 320.0),
    )


def _lines(parts: Sequence[Part | str], width: float) -> list[list[Part | str]]:
    """The matrices and the operations between them, on as many lines as they need."""
    lines: list[list[Part | str]] = [[]]
    used = 0.0
    for part in parts:
        across = _across(part) + GAP
        if lines[-1] and used + across > width + GAP:
            lines.append([])
            used = 0.0
        lines[-1].append(part)
        used += across
    return lines


def _top(toy: Toy, kind: str) -> float:
    """The number of full colour: the largest of all matrices of this kind."""
    if kind == "shares":
        return 1.0
    values = np.concatenate([part.values.ravel() for part in toy.parts.values() if part.kind == kind])
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0


def _left(part: Part) -> float:
    return min(LONGEST, max(width_of(name, 12.5) for name in part.rows)) + 8


def _across(part: Part | str) -> float:
    """Width in pixels, including the names of the rows."""
    if isinstance(part, str):
        return SIGN
    title = max(width_of(_title(part), 13.5) * 1.06, width_of(part.formula, 12))
    return _left(part) + max(len(part.columns) * CELL, title)


def _over(part: Part | str) -> float:
    """Pixels above the cells: title, formula, names of the columns."""
    if isinstance(part, str):
        return 0.0
    longest = min(LONGEST, max(width_of(name, 12) for name in part.columns))
    return HEAD + (longest * math.sin(math.radians(LEAN)) + 12 if _leans(part) else 18)


def _leans(part: Part) -> bool:
    """Whether the names of the columns are too long to stand over their cells."""
    return part.words and max(width_of(name, 12) for name in part.columns) > CELL - 4


def _title(part: Part) -> str:
    return f"{part.title} · {part.shape}"


def _matrix(canvas: Canvas, part: Part, full: float, row: int | None, left: float, top: float, theme: Theme) -> None:
    """One matrix: cells and their numbers, names along two sides, a frame round the chosen row."""
    p = PALETTES[theme]
    shares = part.kind == "shares"
    n, m = part.values.shape
    hidden = ~np.isfinite(part.values)
    shades = paint(np.where(hidden, 0.0, part.values), _colours(theme, shares), 0.0 if shares else -full, full)
    words = readable(shades, theme)
    over = top - _over(part)
    left += _left(part)
    canvas.write(left, over + 13, _title(part), p.text, 13.5, weight=600)
    canvas.write(left, over + 30, part.formula, p.quiet, 12)
    for i, name in enumerate(part.rows):
        middle = top + (i + 0.5) * LINE
        canvas.write(left - 6, middle, name, p.text, 12.5, align="right", baseline="middle", limit=LONGEST)
    for j, name in enumerate(part.columns):
        align, angle = ("left", -LEAN) if _leans(part) else ("center", 0)
        canvas.write(left + (j + 0.5) * CELL, top - 5, name, p.text, 12, limit=LONGEST, align=align, angle=angle)
    for i in range(n):
        for j in range(m):
            says = _percent(part.values[i, j]) if shares else number(part.values[i, j])
            where = f"{part.rows[i]} → {part.columns[j]}" if part.words else f"{part.rows[i]}, number {part.columns[j]}"
            tip = f"{part.title}, {where}: {says}"
            x, y, fill = left + j * CELL, top + i * LINE, "#{:02x}{:02x}{:02x}".format(*shades[i, j])
            canvas.box(x, y, CELL, LINE, fill, edge=p.hair, tip=tip)
            canvas.write(
                x + CELL / 2,
                y + LINE / 2,
                says,
                p.quiet if hidden[i, j] else words[i][j],
                12,
                align="center",
                baseline="middle",
                limit=CELL - 2,
                tip=tip,
            )
    if row is not None:
        canvas.frame(left, top + row * LINE, m * CELL, LINE, p.text, 1.75)


@lru_cache
def _colours(theme: Theme, shares: bool) -> list[str]:
    return ink(theme) if shares else signed(theme)


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if value >= 0.095 or value < 0.0005 else f"{100 * value:.1f} %"
