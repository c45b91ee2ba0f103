"""The candidates in the place of one word, each with two bars: with the heads, and without them."""

from __future__ import annotations

import pandas as pd

from dashboard.analyses.ablation.at_word import AblationAtWord
from dashboard.analyses.ablation.text import at_word_finding, rival_name
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


def at_word_chart(found: AblationAtWord, look: Look) -> Drawing:
    """A row per candidate: the word, its rival, then the others. The upper bar, pale, is the probability with the
    heads, the lower one without: ink for the word and its rival, grey for the others. Figures: probability and rank.

    look: 640 pixels wide by default
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    table = found.table
    names = min(NAMES, 0.28 * width)
    shares, ranks = (pd.concat([table[name], table[f"{name}_ablated"]]) for name in ("p", "rank"))
    figures = max(width_of(_figure(share, rank), SMALL) for share, rank in zip(shares, ranks, strict=True))
    long = width - names - figures - 20
    most = float(shares.max())
    which = "the head" if len(found.heads) == 1 else "the heads"
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
        for line, (share, rank, fill, how) in enumerate(
            ((row["p"], row["rank"], p.hair, "with"), (row["p_ablated"], row["rank_ablated"], colour, "without"))
        ):
            y = top + line * (BAR + GAP)
            long_here = max(1.0, long * share / most)
            tip = f"{token} {how} {which}: {percent(share)}, rank {rank:,} of {found.vocabulary:,}"
            canvas.box(names + 10, y, long_here, BAR, fill, tip=tip)
            shade = p.text if asked else p.quiet
            canvas.write(names + 16 + long_here, y + BAR / 2, _figure(share, rank), shade, SMALL, baseline="middle")
    word, rival = drawable(found.word), drawable(rival_name(found))
    return sheet(
        canvas.body(width, len(table) * ROW + APART),
        look.theme,
        title=f"In the place of “{word}”, without {found.named} · {drawable(found.model)}",
        subtitle=[
            f"upper bar: probability with {which} · lower bar: without",
            f"first “{word}” and its rival “{rival}”, then what the model expects most",
        ],
        description=at_word_finding(found),
        width=width,
    )


def _figure(share: float, rank: int) -> str:
    return f"{percent(share)} · rank {rank:,}"
