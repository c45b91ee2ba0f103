"""Where the attention of each layer goes: the mean budget of its heads, a bar per layer."""

from __future__ import annotations

import pandas as pd

from dashboard.analyses.profile.budget import CHANNELS
from dashboard.analyses.profile.budget_chart import LABELS, LEFT, SIZE, channel_colours, colour_key
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.look import Look
from dashboard.heads.format import percent

ROW, GAP, MOST_HIGH = 20.0, 3.0, 640.0  # pixels of a bar and between two; of all bars together


def layers_chart(table: pd.DataFrame, look: Look, *, title: str, subtitle: list[str], description: str) -> Drawing:
    """A bar per layer, divided among the channels of METRICS §2.

    Parameters
    ----------
    table: of `draw.layer_budgets`: layer, then a share per channel
    look: 600 pixels wide by default
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    long, canvas, top = width - LEFT, Canvas(), 0.0
    step = min(ROW + GAP, MOST_HIGH / max(1, len(table)))
    gap, colours = min(GAP, step / 5), channel_colours(p)
    every = max(1, -(-len(table) * 13 // int(MOST_HIGH)))  # labels that do not touch
    for place, row in enumerate(table.to_dict("records")):
        left, name = LEFT, f"layer {row['layer']}"
        if place % every == 0:
            canvas.write(LEFT - 10, top + (step - gap) / 2, name, p.text, SIZE, align="right", baseline="middle")
        for channel in CHANNELS:
            share = float(row[channel])
            if share > 0:
                tip = f"{name}, {LABELS[channel]}: {percent(share)}"
                canvas.box(left, top, share * long, step - gap, colours[channel], edge=p.paper, tip=tip)
                left += share * long
        top += step
    top = colour_key(canvas, p, [(LABELS[channel], colours[channel]) for channel in CHANNELS], top + 6, width)
    return sheet(
        canvas.body(width, top), look.theme, title=title, subtitle=subtitle, description=description, width=width
    )
