"""What is recovered, as bars: a row for each way, or for each token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import TOKENS_FONT, WORDS_FONT
from dashboard.heads.format import percent

WIDTH = 480.0
ROW, BAR, APART = 22.0, 13.0, 12.0  # pixels of a row, of its bar, before a new group
LEAST = 0.05  # that the room for bars stands for at least: what is next to nothing looks like it
SIZE, SMALL, NAMES = 12.5, 11.5, 150.0  # pixels of type: names, figures; of a name


@dataclass(frozen=True)
class Bar:
    """One row: its name, its value (NaN: none), whether it is a token, and whether a group begins with it."""

    name: str
    value: float
    token: bool = False
    begins: bool = False
    strong: bool = False


def bars_chart(bars: Sequence[Bar], look: Look, *, title: str, subtitle: Sequence[str], description: str) -> Drawing:
    """Bars to the right, green: towards the first text; to the left, purple: away from it. A hairline at 0.

    look: 480 pixels wide by default
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    values = [0.0 if np.isnan(bar.value) else bar.value for bar in bars]
    figures = max(width_of(percent(bar.value), SMALL) for bar in bars) + 8
    fonts = {True: TOKENS_FONT, False: WORDS_FONT}
    longest = max(width_of(bar.name, SIZE, mono=bar.token) for bar in bars) + 4
    names = min(NAMES, 0.4 * width, longest)
    low, high = min(0.0, *values), max(0.0, *values)
    left, right = names + 10 + (figures if low < 0 else 0), width - figures
    long = (right - left) / max(high - low, LEAST)
    zero = left - low * long
    canvas, top = Canvas(), 0.0
    for bar, value in zip(bars, values, strict=True):
        top += APART if bar.begins else 0.0
        middle, name = top + ROW / 2, drawable(bar.name)
        tip = f"{name}: {percent(bar.value)} recovered" if not np.isnan(bar.value) else f"{name}: no figure"
        weight = 600 if bar.strong else 400
        canvas.write(
            names,
            middle,
            name,
            p.text,
            SIZE,
            align="right",
            baseline="middle",
            limit=names,
            font=fonts[bar.token],
            weight=weight,
        )
        wide = abs(value) * long
        if wide >= 0.5:
            fill = p.plus if value > 0 else p.minus
            canvas.box(zero if value > 0 else zero - wide, middle - BAR / 2, wide, BAR, fill, tip=tip)
        at, align = (zero - wide - 5, "right") if value < 0 and low < 0 else (zero + wide + 5, "left")
        canvas.write(at, middle, percent(bar.value), p.quiet, SMALL, align=align, baseline="middle")
        canvas.place(0, top, width, ROW, tip)
        top += ROW
    canvas.box(zero - 0.5, 0, 1.0, top, p.hair)
    return sheet(
        canvas.body(width, top), look.theme, title=title, subtitle=subtitle, description=description, width=width
    )
