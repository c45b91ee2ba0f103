"""A text set in lines, a box a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from dashboard.charts import labels as lettering
from dashboard.charts.sanitize import drawable
from dashboard.charts.stretches import SIZE as SMALL
from dashboard.charts.stretches import alone, stretches_of
from dashboard.charts.theme import Palette
from dashboard.text.display import UNKNOWN

SIZE = 17.0  # pixels of the type
LINE = 34.0  # from line to line
BOX = 26.0  # height of a word's box
PAD = 3.0  # of a box on either side of its word
SPACE = 5.0  # between boxes where the text has a space
JOIN = 1.0  # between boxes where it has none
HEADING = 20.0  # height of the line of a heading


class Positions(Protocol):
    """The positions of a text, as a `HeadView` and a `TextEffect` have them."""

    @property
    def text(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def labels(self) -> Sequence[str]: ...

    @property
    def spans(self) -> Sequence[tuple[int, int] | None]: ...

    @property
    def stretches(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Place:
    """A word on the page: left edge and top of its box, its width (pixels), and what is written."""

    x: float
    y: float
    width: float
    word: str


@dataclass(frozen=True)
class Heading:
    """The name of a stretch over its first line: the edge of the page where lines begin, and its middle, in pixels."""

    x: float
    y: float
    name: str
    align: str


@dataclass(frozen=True)
class Page:
    """All places, in the order of the text; the height they take and the size of the type, in pixels.

    headings: of the stretches of the text, each on a line of its own
    """

    places: list[Place]
    height: float
    size: float = SIZE
    headings: tuple[Heading, ...] = ()


def set_text(view: Positions, width: float) -> Page:
    """The text as lines of at most `width` pixels; from right to left where it reads so.

    A position shows the piece of text that it covers. What stands between two of them is kept: nothing (pieces
    of a word, punctuation), a space, or the end of a line; lines break at spaces where they can. Positions that
    cover no text of their own (special tokens, further bytes of one character) show their label. Each stretch of the
    text begins a line, under its name.
    """
    mono = view.unit == "tokens"
    backwards = lettering.right_to_left(view.text)
    written = [
        _Written(word, before, lettering.width_of(word, SIZE, mono=mono) + 2 * PAD) for word, before in _words(view)
    ]
    places: list[Place] = []
    headings: list[Heading] = []
    begins = {one.first: one.name for one in stretches_of(view.stretches)}
    x, y = 0.0, 4.0
    for k, one in enumerate(written):
        if name := begins.get(k):
            x, y = 0.0, y + LINE * bool(k) + HEADING
            headings.append(Heading(width if backwards else 0.0, y - 12, name, "right" if backwards else "left"))
        box = min(width, one.width)
        gap = SPACE if one.before else JOIN
        needed = box
        if one.before:
            together = box + sum(JOIN + following.width for following in _joined(written, k))
            needed = together if together <= width else box
        breaks = min(2, one.before.count("\n"))
        if breaks and places and k not in begins:
            x, y = 0.0, y + LINE * breaks
        elif x and x + gap + needed > width:
            x, y = 0.0, y + LINE
        elif x:
            x += gap
        places.append(Place(round(width - x - box if backwards else x, 1), y, round(box, 1), one.word))
        x += box
    return Page(places, y + LINE, headings=tuple(headings))


@dataclass(frozen=True)
class _Written:
    """What is written for a position, the white space before it, and its box's width."""

    word: str
    before: str
    width: float


def _words(view: Positions) -> Iterator[tuple[str, str]]:
    """(what is written, the white space before it) for each position."""
    reached = None
    for label, span in zip(view.labels, view.spans, strict=True):
        if span is None or span[1] <= span[0] or (reached is not None and span[0] < reached):
            yield drawable(label), " "
            continue
        covered = view.text[span[0] : span[1]]
        before = " " if reached is None else view.text[reached : span[0]]
        yield drawable(covered.strip() or label), before + covered[: len(covered) - len(covered.lstrip())]
        reached = span[1]


def _joined(written: list[_Written], k: int) -> Iterator[_Written]:
    """What follows k without a space."""
    for one in written[k + 1 :]:
        if one.before:
            return
        yield one


def heading_layers(page: Page, p: Palette, width: float) -> list[dict]:
    """Layers with the headings of a page of this width: each name, and a rule on its line."""
    layers = []
    for one in page.headings:
        wide, y = lettering.width_of(one.name, SMALL) + 8, {"value": one.y}
        left, right = (0.0, width - wide) if one.align == "right" else (wide, width)
        text = {"type": "text", "text": one.name, "fontSize": SMALL, "align": one.align, "baseline": "middle"}
        layers.append(alone(text | {"color": p.text, "aria": False}, {"x": {"value": one.x}, "y": y}))
        rule = {"type": "rule", "aria": False, "stroke": p.quiet, "strokeWidth": 1}
        layers.append(alone(rule, {"x": {"value": round(left, 1)}, "x2": {"value": round(right, 1)}, "y": y}))
    return layers


UNREAD = f"dashed: characters that the model has not read ({UNKNOWN})"
