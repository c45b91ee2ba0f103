"""Tokens that a model may predict in one place, each with two bars: before something was changed, and after it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import TOKENS_FONT
from dashboard.heads.format import percent

WIDTH = 640.0
ROW, BAR, GAP = 46.0, 14.0, 2.0  # pixels of a candidate, of a bar, between its two bars
APART = 14.0  # between the two that are compared and the others
NAMES, SIZE, SMALL = 120.0, 13.5, 11.5  # pixels for a token; of type: tokens, figures


def candidate_bars(
    table: pd.DataFrame,
    look: Look,
    *,
    after: str,
    how: tuple[str, str],
    vocabulary: int,
    title: str,
    subtitle: Sequence[str],
    description: str,
) -> Drawing:
    """A row per candidate: first the two that are compared, then the others. The upper bar, pale, is the probability
    before, the lower one after: ink for the two, grey for the others. Figures: probability and rank.

    Parameters
    ----------
    table: of `dashboard.heads.predictions.candidates`, with at least its columns token, which, p, rank and the two with
        the ending `after`
    look: 640 pixels wide by default
    how: before and after, in words: ("with the head", "without the head")
    vocabulary: how many tokens the model chooses from
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    names = min(NAMES, 0.28 * width)
    shares, ranks = (pd.concat([table[name], table[f"{name}_{after}"]]) for name in ("p", "rank"))
    figures = max(width_of(_figure(share, rank), SMALL) for share, rank in zip(shares, ranks, strict=True))
    long = width - names - figures - 20
    most = float(shares.max())
    canvas = Canvas()
    for k, row in enumerate(table.to_dict("records")):
        token, asked = drawable(str(row["token"])), row["which"] != ""
        top = k * ROW + 4 + (0 if asked else APART)
        canvas.write(
            names,
            top + BAR + GAP / 2,
            token,
            p.text,
            SIZE,
            weight=600 if asked else 400,
            align="right",
            baseline="middle",
            limit=names,
            font=TOKENS_FONT,
        )
        colour = p.ink if asked else p.quiet
        lines = (
            (row["p"], row["rank"], p.hair, how[0]),
            (row[f"p_{after}"], row[f"rank_{after}"], colour, how[1]),
        )
        for line, (share, rank, fill, when) in enumerate(lines):
            y = top + line * (BAR + GAP)
            long_here = max(1.0, long * share / most)
            tip = f"{token} {when}: {percent(share)}, rank {rank:,} of {vocabulary:,}"
            canvas.box(names + 10, y, long_here, BAR, fill, tip=tip)
            shade = p.text if asked else p.quiet
            canvas.write(names + 16 + long_here, y + BAR / 2, _figure(share, rank), shade, SMALL, baseline="middle")
    return sheet(
        canvas.body(width, len(table) * ROW + APART),
        look.theme,
        title=title,
        subtitle=list(subtitle),
        description=description,
        width=width,
    )


def _figure(share: float, rank: int) -> str:
    return f"{percent(share)} · rank {rank:,}"
