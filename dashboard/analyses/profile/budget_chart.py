"""One head as bars: where its attention goes, next to its position-only baseline, and what explains it."""

from __future__ import annotations

import math

from dashboard.analyses.profile.budget import CHANNELS
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.theme import Palette
from dashboard.heads.format import percent
from dashboard.heads.untrained import UNTRAINED

BAR, GAP = 26.0, 12.0  # pixels of a bar's height, between bars
LEFT = 108.0  # pixels to the left of a bar
SIZE, KEY = 12.0, 11.5  # font sizes: next to a bar, in the key
EXPLAINED = ("position", "syntax", "context", "shared", "unexplained")
LABELS = {
    "special": "special tokens",
    "self": "the word itself",
    "punctuation": "punctuation",
    "syntax": "head word, dependents",
    "neighbour": "other neighbours",
    "content": "other content words",
    "function": "other function words",
    "shared": "parse or meaning",
    "unexplained": "unexplained",
}
BITS = {"position": "position", "syntax": "only the parse", "context": "only meaning"}


def budget_bars(head: dict, look: Look, *, title: str, subtitle: list[str], description: str) -> Drawing:
    """Three bars: the budget of the head, that of its position-only baseline, and what explains it in bits.

    Parameters
    ----------
    head: a row of a profile's heads: budget_…, twin_… (shares that sum to 1), bits_… with _low and _high; where it has
        the figures of the untrained twin too, ``untrained_…``, these are a bar and numbers beside those of the head
    look: 600 pixels wide by default
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    long = width - LEFT
    canvas, top = Canvas(), 0.0
    colours = channel_colours(p)
    bars = [("budget", "this head"), ("twin", "position only")]
    if f"{UNTRAINED}budget_{CHANNELS[0]}" in head:
        bars.append((f"{UNTRAINED}budget", "untrained twin"))
    for prefix, name in bars:
        canvas.write(LEFT - 10, top + BAR / 2, name, p.text, SIZE, align="right", baseline="middle")
        left = LEFT
        for channel in CHANNELS:
            share = float(head[f"{prefix}_{channel}"])
            if not share > 0:  # nothing, or no figure
                continue
            tip = f"{name}, {LABELS[channel]}: {percent(share)}"
            bar_part(canvas, p, left, top, share * long, colours[channel], percent(share), tip)
            left += share * long
        top += BAR + 5
    top = colour_key(canvas, p, [(LABELS[c], colours[c]) for c in CHANNELS], top + 6, width)
    top += GAP + 6
    known = {name: float(head[f"bits_{name}"]) for name in EXPLAINED}
    drawn = {name: max(value, 0.0) for name, value in known.items() if math.isfinite(value)}
    whole = sum(drawn.values())
    canvas.write(LEFT - 10, top + BAR / 2, "explained by", p.text, SIZE, align="right", baseline="middle")
    left, shades = LEFT, _explained(p)
    for name, value in drawn.items():
        wide = value / whole * long if whole else 0.0
        said = f"{bits(known[name])} ({_interval(head, name)}){_twin(head, name)}"
        tip = f"{BITS.get(name, LABELS.get(name, name))}: {said}"
        bar_part(canvas, p, left, top, wide, shades[name], f"{value:.2f}" if value >= 0.005 else "", tip)
        left += wide
    if not whole:
        canvas.write(LEFT, top + BAR / 2, "nothing to explain was measured", p.quiet, SIZE, baseline="middle")
    words = [
        (
            f"{BITS.get(name, LABELS.get(name, name))} {_plain(known[name])} ({_interval(head, name)})"
            f"{_twin(head, name)}",
            shades[name],
        )
        for name in drawn
    ]
    top = colour_key(canvas, p, words, top + BAR + 6, width)
    return sheet(
        canvas.body(width, top), look.theme, title=title, subtitle=subtitle, description=description, width=width
    )


def bits(value: float) -> str:
    """``0.031 bits``, with a true minus sign."""
    return f"{_plain(value)} bits"


def _plain(value: float) -> str:
    return f"{value:z.3f}".replace("-", "−")


def _interval(head: dict, name: str) -> str:
    low, high = float(head[f"bits_{name}_low"]), float(head[f"bits_{name}_high"])
    return f"{_plain(low)} to {_plain(high)}"


def _twin(head: dict, name: str) -> str:
    """The bits of the same head of the untrained twin, where they are known."""
    value = float(head.get(f"{UNTRAINED}bits_{name}", math.nan))
    return f", untrained {_plain(value)}" if math.isfinite(value) else ""


def bar_part(canvas: Canvas, p: Palette, x: float, y: float, wide: float, fill: str, says: str, tip: str) -> None:
    canvas.box(x, y, wide, BAR, fill, edge=p.paper, tip=tip)
    if wide >= width_of(says, SIZE) + 8:
        canvas.write(x + wide / 2, y + BAR / 2, says, _on(fill), SIZE, align="center", baseline="middle", tip=tip)


def colour_key(canvas: Canvas, p: Palette, entries: list[tuple[str, str]], top: float, right: float) -> float:
    """Writes the colour key, on as many lines as it needs: under the bars, where it fits there. Returns the y where the
    last line ends."""
    widths = [width_of(says, KEY) + 32 for says, _ in entries]
    begin = LEFT if LEFT + max(widths, default=0) - 17 <= right else 0.0
    left, y = begin, top + 8
    for (says, fill), wide in zip(entries, widths, strict=True):
        if left > begin and left + wide > right:
            left, y = begin, y + 18
        canvas.box(left, y - 5, 10, 10, fill, edge=p.quiet)
        canvas.write(left + 15, y, says, p.quiet, KEY, baseline="middle")
        left += wide
    return y + 10


def channel_colours(p: Palette) -> dict[str, str]:
    """Syntax is blue, context is orange, position is grey; special tokens are paper."""
    return {
        "special": p.hair,
        "self": _mix(p.position, p.paper, 0.75),
        "punctuation": _mix(p.position, p.paper, 0.4),
        "syntax": p.syntax,
        "neighbour": p.position,
        "content": p.context,
        "function": _mix(p.context, p.paper, 0.45),
    }


def _explained(p: Palette) -> dict[str, str]:
    return {
        "position": p.position,
        "syntax": p.syntax,
        "context": p.context,
        "shared": p.text,
        "unexplained": p.hair,
    }


def _mix(a: str, b: str, share: float) -> str:
    """`share` of the colour a, the rest of b."""
    one, other = ([int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in (a, b))
    return "#{:02x}{:02x}{:02x}".format(*(round(share * x + (1 - share) * y) for x, y in zip(one, other, strict=True)))


def _on(fill: str) -> str:
    """Black or white, whichever is readable on the colour."""
    red, green, blue = (int(fill[k : k + 2], 16) / 255 for k in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"
