"""Words along an axis: how wide they are, how they stand, and which of them fit."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import TOKENS_FONT, WORDS_FONT

LONGEST = 110.0  # pixels of a label on an axis; longer ones end in “…”


def labels_of(labels: Sequence[str]) -> list[str]:
    """Labels as a chart may hold them."""
    return [drawable(label) for label in labels]


def font_of(*, mono: bool) -> str:
    """Words of the text in the reading face, tokens in the monospaced one."""
    return TOKENS_FONT if mono else WORDS_FONT


# Source Sans Regular, advance widths of U+0020–7E in hundredths of an em.
_SOURCE_SANS = (
    20,
    29,
    43,
    50,
    50,
    82,
    61,
    25,
    30,
    30,
    42,
    50,
    25,
    31,
    25,
    35,
    50,
    50,
    50,
    50,
    50,
    50,
    50,
    50,
    50,
    50,
    25,
    25,
    50,
    50,
    50,
    42,
    85,
    54,
    59,
    57,
    62,
    53,
    49,
    62,
    65,
    26,
    48,
    58,
    49,
    73,
    65,
    66,
    57,
    66,
    57,
    53,
    54,
    64,
    52,
    79,
    51,
    48,
    54,
    30,
    35,
    30,
    50,
    50,
    54,
    50,
    55,
    46,
    56,
    50,
    29,
    50,
    54,
    25,
    25,
    50,
    26,
    83,
    55,
    54,
    56,
    56,
    35,
    42,
    34,
    54,
    47,
    72,
    45,
    47,
    42,
    30,
    24,
    30,
    50,
)
_OTHERS = {"…": 0.95, "→": 0.62, "←": 0.62, "·": 0.25, "—": 0.8, "’": 0.25, "\u00a0": 0.2}


@lru_cache(maxsize=8192)
def width_of(text: str, size: float, *, mono: bool = False) -> float:
    """About how many pixels `text` takes at this size in Source Sans, or Source Code when `mono`.

    Exact for plain Latin letters, a fair guess for other scripts, whose fonts are the system's.
    """
    joined = "\u200d"  # what it joins is drawn as one: 👩‍🍳
    return size * sum(_em(c, mono) for k, c in enumerate(text) if text[k - 1 : k] != joined)


def _em(character: str, mono: bool) -> float:
    point = ord(character)
    if 0x20 <= point < 0x7F:
        return 0.6 if mono else _SOURCE_SANS[point - 0x20] / 100
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    if point >= 0x1F000:
        return 1.3
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 0.6 if mono else _OTHERS.get(character, 0.55)


@dataclass(frozen=True)
class LabelLayout:
    """How the labels of one axis stand: every `every`-th, at this size (pixels) and angle (degrees)."""

    every: int
    size: float
    angle: int


def lay_out(labels: Sequence[str], step: float, *, mono: bool, across: bool) -> LabelLayout:
    """Labels next to cells of `step` pixels; `across`: along the top, where they may have to lean.

    A line of type needs 13 pixels; leaning by 45° it needs 13 / sin 45° = 19.
    """
    size = 12.5 if step >= 15 else 11.0
    every = 1 if step >= 12 else math.ceil(13 / step)
    widest = max((width_of(label, size, mono=mono) for label in labels), default=0)
    if not across or widest <= step - 6:
        return LabelLayout(every, size, 0)
    return LabelLayout(every, size, -45 if step * every >= 19 else -90)


def right_to_left(text: str) -> bool:
    """Whether the text reads from right to left: its first letter with a direction does."""
    for character in text[:2000]:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def apart_expr(word: str, labels: Sequence[str]) -> str:
    """Vega expression: `word` (an expression) for a sentence like "from → to, 31.4 %".

    Words that read from right to left would turn the sentence round and its arrow with it, so where there are
    any, each word is isolated (U+2068, U+2069). Only for tooltips: files have none.
    """
    return f"'\u2068' + {word} + '\u2069'" if any(map(turned, labels)) else word


def turned(text: str) -> bool:
    """Whether any part of the text reads from right to left."""
    return any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)
