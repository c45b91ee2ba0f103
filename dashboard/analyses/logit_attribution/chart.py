"""Direct logit attribution of a head: the raised and lowered next tokens as bars, and its keys."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.analyses.logit_attribution.direct import Attribution
from dashboard.analyses.logit_attribution.text import attribution_finding, signed
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import TOKENS_FONT, Palette
from dashboard.heads.format import percent

WIDTH = 980.0
BESIDE = 720.0  # pixels: from this width on, both parts are side by side
READ = 0.34  # of the width, for the keys
ROW, BAR = 22.0, 14.0  # pixels of a row, of its bar
TITLE = 30.0  # pixels above the rows of a part
GAP = 36.0  # between the two parts
SIZE, VALUE = 12.5, 11.5  # of type: tokens, figures
NAMES, FIGURES = 104.0, 46.0  # pixels for a token, for a figure


def attribution_chart(found: Attribution, look: Look) -> Drawing:
    """On the left the head's keys (ink); on the right the change of logits on one scale, lowered tokens to the left of
    a line (purple), raised ones to the right (green). In a narrow drawing the two parts are below each other.

    look: 980 pixels wide by default
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    canvas = Canvas()
    beside = width >= BESIDE
    left = READ * (width - GAP) if beside else width
    below = _keys(canvas, p, found, left)
    at, top = (left + GAP, 0.0) if beside else (0.0, below + 16)
    end = _logits(canvas, p, found, at, top, width - at)
    return sheet(
        canvas.body(width, max(below, end)),
        look.theme,
        title=f"What {found.head} writes after “{drawable(found.label)}” · {drawable(found.model)}",
        subtitle=[
            f"token {found.query} · green: next tokens whose logits it raises most, purple: lowers most · shade: "
            "attention weight",
            f"through its slice of W_O, the final norm (scale held fixed) and the unembedding · the mean change of all "
            f"{found.vocabulary:,} logits is {signed(found.mean)}",
        ],
        description=attribution_finding(found),
        width=width,
    )


def _keys(canvas: Canvas, p: Palette, found: Attribution, width: float) -> float:
    """Draw the keys, the strongest first, and return the bottom."""
    canvas.write(0, 14, "It read from", p.text, 13.5, weight=600)
    names = _places(found)
    long = width - NAMES - FIGURES - 8
    for k, (name, weight) in enumerate(zip(names, found.read["weight"], strict=True)):
        middle, tip = TITLE + (k + 0.5) * ROW, f"{name}: {percent(weight)}"
        _token(canvas, NAMES, middle, name, NAMES, p, "right", tip)
        wide = max(1.0, long * min(1.0, weight))
        canvas.box(NAMES + 8, middle - BAR / 2, wide, BAR, p.ink, tip=tip)
        canvas.write(NAMES + wide + 14, middle, percent(weight), p.quiet, VALUE, baseline="middle", tip=tip)
    return TITLE + len(names) * ROW


def _logits(canvas: Canvas, p: Palette, found: Attribution, left: float, top: float, width: float) -> float:
    """Draw lowered tokens to the left of the middle, raised ones to the right, and return the bottom."""
    names = min(NAMES, 0.22 * width)
    centre, long = left + width / 2, width / 2 - names - FIGURES - 10
    most = max([*found.raised["logit"].abs(), *found.lowered["logit"].abs()], default=0.0) or 1.0
    canvas.write(centre - 10, top + 14, "lowers", p.text, 13.5, weight=600, align="right")
    canvas.write(centre + 10, top + 14, "raises", p.text, 13.5, weight=600)
    for way, frame, colour in ((-1, found.lowered, p.minus), (1, found.raised, p.plus)):
        align = "left" if way > 0 else "right"
        for k, (token, logit) in enumerate(zip(frame["piece"], frame["logit"], strict=True)):
            middle, name = top + TITLE + (k + 0.5) * ROW, drawable(token)
            wide, tip = max(1.0, long * abs(logit) / most), f"{name}: {signed(logit)}"
            canvas.box(centre if way > 0 else centre - wide, middle - BAR / 2, wide, BAR, colour, tip=tip)
            value = centre + way * (wide + 6)
            canvas.write(value, middle, signed(logit), p.quiet, VALUE, align=align, baseline="middle", tip=tip)
            beyond = value + way * (width_of(signed(logit), VALUE) + 8)
            _token(canvas, beyond, middle, name, names, p, align, tip)
    rows = max(len(found.raised), len(found.lowered))
    canvas.box(centre - 0.5, top + TITLE, 1.0, rows * ROW, p.quiet)
    return top + TITLE + rows * ROW


def _token(canvas: Canvas, x: float, y: float, name: str, limit: float, p: Palette, align: str, tip: str) -> None:
    canvas.write(x, y, name, p.text, SIZE, align=align, baseline="middle", limit=limit, font=TOKENS_FONT, tip=tip)


def _places(found: Attribution) -> Sequence[str]:
    """The labels of the keys, with the token's position if a label occurs more than once."""
    labels = [drawable(label) for label in found.read["text"]]
    return [
        f"{label} {place}" if labels.count(label) > 1 else label
        for label, place in zip(labels, found.read["position"], strict=True)
    ]
