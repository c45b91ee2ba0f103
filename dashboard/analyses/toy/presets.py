"""Tables for the toy that show one idea each, and the vectors of its words."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.analyses.toy.attention import Table
from dashboard.errors import UserError


@dataclass(frozen=True)
class Preset:
    """Tables that show one idea.

    Attributes
    ----------
    name, title: for links, and for the screen
    explanation: what it shows, in a sentence or two
    vector: the parts of a word's row of x: "meaning", "position" or both, side by side, two numbers each
    w_q, w_k, w_v: (D, h·d)
    heads, causal, scaled: as in `toy`
    """

    name: str
    title: str
    explanation: str
    vector: tuple[str, ...]
    w_q: Table
    w_k: Table
    w_v: Table
    heads: int = 1
    causal: bool = False
    scaled: bool = True

    def x(self, words: Sequence[str]) -> list[list[float]]:
        """The vectors of up to eight words (n, D). Raises UserError for none or for more."""
        if not 1 <= len(words) <= 8:
            raise UserError(f"This page takes one to eight words, and these are {len(words)}.")
        return [
            [number for part in self.vector for number in (meaning(word) if part == "meaning" else position(place))]
            for place, word in enumerate(words)
        ]


SENTENCE = ("Ramen", "is", "my", "favourite", "food")

# Chosen by hand, so that ramen and food point one way.
_MEANINGS = {"ramen": (1.8, 0.6), "food": (1.6, 1.0), "favourite": (-0.2, 1.8), "my": (-1.4, 0.4), "is": (-1.0, -1.4)}


def meaning(word: str) -> tuple[float, float]:
    """Two numbers for a word: chosen by hand for `SENTENCE`, derived from a hash for any other."""
    word = word.lower()
    if word in _MEANINGS:
        return _MEANINGS[word]
    angle = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=4).digest()) / 2**32 * math.tau
    return round(1.8 * math.cos(angle), 1), round(1.8 * math.sin(angle), 1)


def position(place: int) -> tuple[float, float]:
    """Two numbers for a place from 0: a point on the unit circle, π/8 after the previous place."""
    return round(math.cos(place * math.pi / 8), 2), round(math.sin(place * math.pi / 8), 2)


_SAME = ((1.0, 0.0), (0.0, 1.0))
# Rotates a position back by one place, and enlarges it so that the softmax is sharp: 60 · (cos, −sin; sin, cos) of π/8.
_BACK = ((55.4, -23.0), (23.0, 55.4))
_NONE = ((0.0, 0.0), (0.0, 0.0))


def _above(top: Table, bottom: Table) -> Table:
    return (*top, *bottom)


def _beside(left: Table, right: Table) -> Table:
    return tuple((*a, *b) for a, b in zip(left, right, strict=True))


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "identity",
            "Similar words",
            "All three matrices are the identity, so each query is the vector of the word itself. A word looks most "
            "at words whose vectors point the same way: Ramen finds food.",
            ("meaning",),
            _SAME,
            _SAME,
            _SAME,
        ),
        Preset(
            "previous",
            "The previous word",
            "Each word carries its meaning and its position. W_Q turns the position back by one place, so every word "
            "looks at the previous word. W_V hands over the meaning.",
            ("meaning", "position"),
            _above(_NONE, _BACK),
            _above(_NONE, _SAME),
            _above(_SAME, _NONE),
        ),
        Preset(
            "heads",
            "Two heads, two jobs",
            "Two heads see the same words. The first compares positions and looks at the previous word; the second "
            "compares meanings. Their results stand side by side.",
            ("meaning", "position"),
            _beside(_above(_NONE, _BACK), _above(_SAME, _NONE)),
            _beside(_above(_NONE, _SAME), _above(_SAME, _NONE)),
            _beside(_above(_SAME, _NONE), _above(_SAME, _NONE)),
            heads=2,
        ),
        Preset(
            "temperature",
            "Without 1/√d",
            "Each vector holds its two numbers twice, so scores are twice as large. Without the factor 1/√d, the "
            "softmax is much sharper. Turn the factor on and compare.",
            ("meaning", "meaning"),
            _beside(_above(_SAME, _NONE), _above(_NONE, _SAME)),
            _beside(_above(_SAME, _NONE), _above(_NONE, _SAME)),
            _beside(_above(_SAME, _NONE), _above(_NONE, _SAME)),
            scaled=False,
        ),
        Preset(
            "causal",
            "Causal mask",
            "The identity again, with a causal mask: a word sees only itself and earlier words. The first word sees "
            "only itself. Decoders, which predict the next word, work this way.",
            ("meaning",),
            _SAME,
            _SAME,
            _SAME,
            causal=True,
        ),
    )
}
