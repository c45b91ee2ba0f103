"""What the heads and all other parts of a model give to one token's logit, as bars."""

from __future__ import annotations

import pandas as pd

from dashboard.analyses.logit_attribution.parts import LogitParts
from dashboard.analyses.logit_attribution.text import components_finding, signed
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import TOKENS_FONT, WORDS_FONT
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId, datum_of, heads_of

WIDTH = 540.0
HEADS = 10  # with the largest contributions
ROW, BAR, APART = 23.0, 14.0, 10.0  # pixels of a row, of its bar, between the heads and the rest
SIZE, SMALL, NAMES = 13.0, 11.5, 150.0  # pixels of type: names, figures; of a name
REST = {
    "feed_forward": "feed-forward parts",
    "embedding": "embedding",
    "bias": "biases",
    "cross_bias": "biases of cross attention",
    "constant": "final biases",
}


def components_chart(found: LogitParts, look: Look, epoch: int | None = None) -> Drawing:
    """A row for each of the heads with the largest contributions, then the sums of all other heads and of the other
    parts, as figures alone: beside the feed-forward parts no bar of a head could be seen. Bars to the right, green: the
    logit is raised; to the left, purple: lowered.

    look: 540 pixels wide by default; epoch: if given, a click on a head sets the point parameter "head", with its
    layer, head and epoch
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    heads, largest = _heads(found)
    others = heads.drop(largest.index)
    named = zip(heads_of(largest), largest["beyond_mean"].tolist(), strict=True)
    rows: list[tuple[str, float, HeadId | None]] = [(str(head), value, head) for head, value in named]
    rest = [(counted(len(others), "other heads"), others)] if len(others) else []
    rest += [(name, found.table[found.table["part"] == part]) for part, name in REST.items()]
    rows += [(name, float(part["beyond_mean"].sum()), None) for name, part in rest if len(part) and part["logit"].any()]

    figures = max(width_of(signed(value), SMALL) for _, value, _ in rows) + 8
    names = min(NAMES, 0.32 * width)
    drawn = [value for _, value, head in rows if head]
    low, high = min(0.0, *drawn), max(0.0, *drawn)
    # Room for figures on either side of the line, where there are bars.
    left, right = names + 10 + (figures if low < 0 else 0), width - (figures if high > 0 else 0)
    long = (right - left) / ((high - low) or 1.0)
    zero = left - low * long
    canvas = Canvas()
    for k, (name, value, head) in enumerate(rows):
        top = k * ROW + (0 if head else APART)
        middle, tip = top + ROW / 2, f"{name}: {signed(value)}"
        font = TOKENS_FONT if head else WORDS_FONT
        colour = p.text if head else p.quiet
        canvas.write(names, middle, name, colour, SIZE, align="right", baseline="middle", limit=names, font=font)
        if head is None:
            canvas.write(zero + 5, middle, signed(value), p.quiet, SMALL, baseline="middle")
        else:
            wide = max(1.0, long * abs(value))
            fill = p.plus if value > 0 else p.minus
            canvas.box(zero if value > 0 else zero - wide, middle - BAR / 2, wide, BAR, fill, tip=tip)
            at, align = (zero + wide + 5, "left") if value > 0 else (zero - wide - 5, "right")
            canvas.write(at, middle, signed(value), p.quiet, SMALL, align=align, baseline="middle")
            fields = {} if epoch is None else datum_of(head) | {"epoch": epoch}
            canvas.place(0, top, width, ROW, tip, **fields)
    height = len(rows) * ROW + APART
    canvas.box(zero - 0.5, 0, 1.0, len(largest) * ROW, p.quiet)
    return sheet(
        canvas.body(width, height, None if epoch is None else "head"),
        look.theme,
        title=f"What wrote “{drawable(found.label)}” after “{drawable(found.after)}” · {drawable(found.model)}",
        subtitle=[
            f"change of its logit minus the mean change over the vocabulary · the {len(largest)} largest heads",
            "green: raised, purple: lowered · direct effects only, through the final norm (its scale held fixed) and "
            "the unembedding",
        ],
        description=components_finding(found),
        width=width,
    )


def largest_heads(found: LogitParts) -> list[HeadId]:
    """The heads that are drawn, the largest contribution first."""
    return heads_of(_heads(found)[1])


def _heads(found: LogitParts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of all heads, and of those with the largest contributions, the largest first."""
    heads = found.heads
    by_size = heads["beyond_mean"].abs().sort_values(ascending=False, kind="stable")
    return heads, heads.loc[by_size.index[:HEADS]]
