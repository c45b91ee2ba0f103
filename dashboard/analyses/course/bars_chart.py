"""Tokens or heads down the side, and what was measured of each: as bars, or as a map of tokens and heads.

What is still a question is drawn as “?”, in the place of its figures: the picture after the guess is the same one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import labels_of, width_of
from dashboard.charts.look import Look
from dashboard.charts.theme import TOKENS_FONT, ink, paint

WIDTH = 560.0
TALL, LEAST, MOST = 430.0, 14.0, 26.0  # pixels of all rows together, of one row
HEAD = 24.0  # pixels of the titles over the columns
GAP = 16.0
LABELS = 130.0


@dataclass(frozen=True)
class Column:
    """One figure of each row: its title, the values and how they are written; hidden: still a question."""

    title: str
    values: Sequence[float] | np.ndarray
    written: Sequence[str]
    hidden: bool = False


@dataclass(frozen=True)
class Marks:
    """Which rows are marked: the one that asks, those that are the answer, and the guess."""

    query: int | None = None
    answer: Collection[int] = ()
    guess: int | None = None


def bars(
    labels: Sequence[str], columns: Sequence[Column], marks: Marks, look: Look, *, title: str, said: str
) -> Drawing:
    """A row for each label, a bar and a number for each column. title: over the picture; said: for those who cannot see
    it"""
    p, room = look.palette, look.width_or(WIDTH)
    names, row = labels_of(labels), _row(len(labels))
    left = _left(names, row)
    wide = (room - left - GAP * len(columns)) / len(columns)
    canvas = Canvas(corner=2)
    _names(canvas, names, marks, left, row, look)
    for place, column in enumerate(columns):
        x = left + GAP + place * (wide + GAP)
        canvas.write(x, HEAD - 9, column.title, p.quiet, 12.5, limit=wide)
        number = 0 if column.hidden else max(width_of(text, 12) for text in column.written) + 6
        values = np.asarray(column.values, float)
        low, high = min(0.0, np.nanmin(values)), max(0.0, np.nanmax(values))
        step = max(wide - number, 10) / ((high - low) or 1)
        zero = x - low * step
        for k, value in enumerate(values):
            y = HEAD + k * row
            if column.hidden:
                canvas.write(x + wide / 2, y + row / 2, "?", p.quiet, 13, align="center", baseline="middle")
            elif np.isfinite(value):
                ends = sorted((zero, zero + float(value) * step))
                fill = p.ink if value >= 0 else p.quiet
                canvas.box(ends[0], y + 0.22 * row, max(ends[1] - ends[0], 0.8), 0.56 * row, fill)
                at = x + max(wide - number, 10) + 6
                canvas.write(at, y + row / 2, column.written[k], p.text, 12, baseline="middle", limit=number)
    _frames(canvas, marks, room, row, look)
    return _sheet(canvas, room, HEAD + len(labels) * row + 4, look, title, marks, said)


def cells(
    labels: Sequence[str],
    columns: Sequence[str],
    values: np.ndarray,
    marks: Marks,
    look: Look,
    *,
    title: str,
    said: str,
    shown: Collection[int] | None = None,
) -> Drawing:
    """A map: labels down the side, columns across; ink for the share (rows, columns). The largest of each column has a
    frame. shown: the columns that are no question any more; None for all"""
    p, room = look.palette, look.width_or(WIDTH)
    names, row = labels_of(labels), _row(len(labels))
    left = _left(names, row)
    wide = min((room - left - GAP) / len(columns), 46.0)
    canvas = Canvas()
    _names(canvas, names, marks, left, row, look)
    every = max(1, int(np.ceil(max(width_of(name, 11.5) for name in columns) / (wide - 3))))
    fills = [f"#{bytes(colour).hex()}" for colour in paint(np.linspace(0, 1, 101), ink(look.theme), 0, 1)]
    for place, name in enumerate(columns):
        x = left + GAP + place * wide
        if place % every == 0:
            canvas.write(x + wide / 2, HEAD - 9, name, p.quiet, 11.5, align="center")
        if shown is not None and place not in shown:
            middle = HEAD + len(names) * row / 2
            canvas.write(x + wide / 2, middle, "?", p.quiet, 13, align="center", baseline="middle")
            continue
        for k, value in enumerate(values[:, place]):
            tip = f"{name}: {names[k]} {100 * value:.1f}\u00a0%"
            canvas.box(
                x + 0.6, HEAD + k * row + 0.6, wide - 1.2, row - 1.2, fills[int(100 * value)], edge=p.hair, tip=tip
            )
        k = int(values[:, place].argmax())
        canvas.frame(x + 0.6, HEAD + k * row + 0.6, wide - 1.2, row - 1.2, p.text, 1.6)
    return _sheet(canvas, room, HEAD + len(labels) * row + 4, look, title, marks, said)


def _row(count: int) -> float:
    return float(np.clip(TALL / count, LEAST, MOST))


def _left(names: Sequence[str], row: float) -> float:
    return min(LABELS, max(width_of(name, 12.5, mono=True) for name in names) + 6)


def _names(canvas: Canvas, names: Sequence[str], marks: Marks, left: float, row: float, look: Look) -> None:
    for k, name in enumerate(names):
        weight = 700 if k == marks.query or k in marks.answer else 400
        middle = HEAD + (k + 0.5) * row
        look_of = {"align": "right", "baseline": "middle", "font": TOKENS_FONT, "limit": LABELS}
        canvas.write(left, middle, name, look.palette.text, min(12.5, row * 0.8), weight=weight, **look_of)


def _frames(canvas: Canvas, marks: Marks, room: float, row: float, look: Look) -> None:
    for k in marks.answer:
        canvas.frame(1, HEAD + k * row + 1, room - 2, row - 2, look.palette.ink, 1.6)
    if marks.guess is not None and marks.guess not in marks.answer:
        canvas.frame(1, HEAD + marks.guess * row + 1, room - 2, row - 2, look.palette.quiet, 1.6, dashed=True)


def _sheet(canvas: Canvas, room: float, tall: float, look: Look, title: str, marks: Marks, said: str) -> Drawing:
    below = []
    if marks.answer:
        dashed = marks.guess is not None and marks.guess not in marks.answer
        below = ["framed: the most" + (" · dashed: your guess" if dashed else "")]
    return sheet(canvas.body(room, tall), look.theme, title=title, subtitle=below, description=said, width=room)
