"""A joint ablation next to the ablation of each head alone, as bars; the single effects are stacked end to end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import pandas as pd

from dashboard.analyses.ablation.rank import UNITS
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.errors import UserError
from dashboard.heads.format import figure

BAR, STEP = 18.0, 26.0  # pixels of a bar's height, from row to row
SIZE = 12.5  # of type
SUM, TOGETHER = "sum of single effects", "together"


def joint_bars(
    table: pd.DataFrame,
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
) -> Drawing:
    """A bar per single head, each starting where the one before ends; below, their sum (outline) and the joint effect
    (full ink).

    Parameters
    ----------
    table: from `joint.joint_table`
    look: 600 pixels wide by default

    Raises UserError if nothing was measured.
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    name = "shift" if "shift" in table else "loss_change"
    values = table[name].to_numpy(float)
    if np.isnan(values).any():
        raise UserError("The model reads no token here, so nothing was measured. Give it more text.")
    alone = values[:-2]
    starts = [0.0, *accumulate(alone[:-1]), 0.0, 0.0]
    names = [*table["heads"][:-2], SUM, TOGETHER]
    left = max(width_of(one, SIZE) for one in names) + 14
    figures = [("+" if name == "loss_change" and value > 0 else "") + figure(value) for value in values]
    label_width = max(width_of(one, SIZE) for one in figures) + 10
    low, high = min(0.0, *starts, *(starts + values)), max(0.0, *starts, *(starts + values))
    scale = (width - left - label_width * (2 if low < 0 else 1)) / ((high - low) or 1.0)
    zero = left + (label_width if low < 0 else 0) - low * scale
    unit = f" {UNITS[name]}" if name == "loss_change" else ""
    canvas = Canvas()
    canvas.box(zero, 0, 0.5, STEP * len(values), p.quiet)
    for row, (who, start, value, label) in enumerate(zip(names, starts, values, figures, strict=True)):
        y = row * STEP + (6 if row >= len(alone) else 0)
        x, wide = zero + min(start, start + value) * scale, abs(value) * scale
        if who == SUM:
            canvas.frame(x, y + 0.5, max(wide, 1), BAR - 1, p.quiet)
        else:
            canvas.box(x, y, max(wide, 1), BAR, p.ink if who == TOGETHER else p.quiet)
        weight = 600 if who == TOGETHER else 400
        canvas.write(left - 14, y + BAR / 2, who, p.text, SIZE, weight=weight, align="right", baseline="middle")
        align, end = ("right", x - 6) if value < 0 else ("left", x + max(wide, 1) + 6)
        canvas.write(end, y + BAR / 2, label, p.text, SIZE, weight=weight, align=align, baseline="middle")
        canvas.place(0, y - 4, width, STEP, f"{_tip(who)}: {label}{unit}")
    body = canvas.body(width, STEP * len(values) + 6)
    return sheet(body, look.theme, title=title, subtitle=subtitle, description=description, width=width)


def _tip(who: str) -> str:
    return {SUM: SUM, TOGETHER: "without all of them together"}.get(who, f"without {who}")
