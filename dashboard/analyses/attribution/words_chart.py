"""Each word of a text with two bars: what it adds to a prediction, and how much a head attends to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.heads.format import percent, signed_figure

WIDTH = 560.0
MOST = 40  # words that are drawn
ROW, BAR, HEAD = 22.0, 13.0, 22.0  # pixels of a row, of its bar, of the line above
SIZE, SMALL, NAMES = 12.5, 11.5, 130.0  # pixels of type: names, figures; of a name
GAP = 16.0  # between the two sides
SPECIAL = "special tokens"
LEAST = 5e-4  # of a share that is written


@dataclass(frozen=True)
class Word:
    """A word, what it adds (logits), and the attention that it gets."""

    label: str
    adds: float
    attention: float


def words_chart(
    words: Sequence[Word],
    look: Look,
    *,
    head: str,
    special: float,
    title: str,
    subtitle: Sequence[str],
    description: str,
) -> Drawing:
    """A row per word. Left what it adds, green to the right, purple to the left of a hairline at 0; right the attention
    of the head, in ink. Of more than `MOST` words those that are drawn have most of either.

    look: 560 pixels wide by default; head: its name; special: what it gives to special tokens, a row of its own
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    shown = _most(words)
    longest = max(width_of(name, SIZE) for name in (*(word.label for word in shown), SPECIAL))
    names = min(NAMES, 0.3 * width, longest + 12)
    half = (width - names - 10 - GAP) / 2
    left, right = names + 10, names + 10 + half + GAP
    figures = max(width_of(_adds(word.adds), SMALL) for word in shown) + 8
    low, high = min(0.0, *(word.adds for word in shown)), max(0.0, *(word.adds for word in shown))
    room = half - figures * (1 + (low < 0))
    long = room / max(high - low, 1e-12)
    zero = left + (figures if low < 0 else 0) - low * long
    shares = max(width_of(_share(one), SMALL) for one in (*(word.attention for word in shown), special)) + 8
    full = max(*(word.attention for word in shown), special, 1e-12)
    canvas = Canvas()
    for x, heading in ((left, "adds, logits"), (right, f"attention of {head}")):
        canvas.write(x, HEAD / 2 - 3, heading, p.quiet, SMALL, baseline="middle", limit=half)

    def row(top: float, name: str, colour: str, adds: float | None, share: float) -> None:
        middle = top + ROW / 2
        canvas.write(names, middle, name, colour, SIZE, align="right", baseline="middle", limit=names)
        if adds is not None:
            wide = abs(adds) * long
            if wide >= 0.5:
                fill = p.plus if adds > 0 else p.minus
                canvas.box(zero if adds > 0 else zero - wide, middle - BAR / 2, wide, BAR, fill)
            at, align = (zero - wide - 5, "right") if adds < 0 else (zero + wide + 5, "left")
            canvas.write(at, middle, _adds(adds), p.quiet, SMALL, align=align, baseline="middle")
        wide = share / full * (half - shares)
        if wide >= 0.5:
            canvas.box(right, middle - BAR / 2, wide, BAR, p.ink if adds is not None else p.quiet)
        canvas.write(right + wide + 5, middle, _share(share), p.quiet, SMALL, baseline="middle")
        says = "" if adds is None else f"adds {signed_figure(adds)}, "
        canvas.place(0, top, width, ROW, f"{name}: {says}gets {percent(share)} of {head}")

    for k, word in enumerate(shown):
        row(HEAD + k * ROW, drawable(word.label), p.text, word.adds, word.attention)
    bottom = HEAD + len(shown) * ROW
    canvas.box(zero - 0.5, HEAD, 1.0, bottom - HEAD, p.hair)
    if special > 0:
        row(bottom, SPECIAL, p.quiet, None, special)
        bottom += ROW
    if len(shown) < len(words):
        subtitle = [*subtitle, f"the {len(shown)} words with most of either, of {len(words)}"]
    return sheet(
        canvas.body(width, bottom), look.theme, title=title, subtitle=subtitle, description=description, width=width
    )


def _adds(value: float) -> str:
    """As it stands at a bar: two decimals."""
    return f"{value:+.2f}".replace("-", "\u2212")


def _share(share: float) -> str:
    """As it stands at a bar; nothing where there is next to nothing."""
    return percent(share) if share >= LEAST else ""


def _most(words: Sequence[Word]) -> list[Word]:
    """The words that are drawn, in the order of the text."""
    if len(words) <= MOST:
        return list(words)
    both = [np.array([abs(word.adds) for word in words]), np.array([word.attention for word in words])]
    size = sum(one / max(float(one.max()), 1e-12) for one in both)
    return [words[k] for k in sorted(np.argsort(-np.asarray(size), kind="stable")[:MOST].tolist())]
