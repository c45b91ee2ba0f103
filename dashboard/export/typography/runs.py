"""A line of text cut where its font or its direction changes.

vl-convert looks for another font only when a glyph is missing, takes the first font that has it (perhaps a bold or a
serif one) and gives up on the rest of the line when no font does. So this module chooses the font of every character,
and a character that no font draws becomes “□”.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import regex

from dashboard.export.typography.bidi import levels, visual
from dashboard.export.typography.shipped_fonts import SANS, shipped_characters
from dashboard.export.typography.system_fonts import Face, families

BOX = "□"  # in Source Sans and Source Code


@dataclass(frozen=True)
class Run:
    """Characters of one font and one direction, in reading order.

    text: what to draw; brackets within right-to-left text are already mirrored
    family: None for the line's own font, one of ours
    level: the embedding level (UAX #9): odd runs from right to left
    """

    text: str
    family: str | None
    level: int
    colour: bool = False


@lru_cache(maxsize=8192)
def runs(text: str, base: str) -> tuple[Run, ...]:
    """The runs of a line in *visual* order, left to right. `base` is the line's own family, one of ours."""
    ours = shipped_characters(base)
    if not _RIGHT_TO_LEFT.search(text) and all(ord(character) in ours for character in text):
        return (Run(text, None, 0),)
    segments = _with_fonts(text, base)
    found: list[Run] = []
    apart = True
    for (segment, face), level in zip(segments, levels([segment for segment, _ in segments]), strict=True):
        run = Run(segment, face.family, level, face.colour) if face else Run(segment, None, level)
        # Punctuation at an odd level is a run of its own: a renderer that saw only its run would draw it left to right.
        turned = level % 2 == 1 and unicodedata.bidirectional(segment[0]) not in ("R", "AL")
        # Syllables too: the renderer takes the widest sign of a syllable for the width of all of it.
        syllable = face is not None and level % 2 == 0 and _MARK.search(segment) and not _JOINING.search(segment)
        last = found[-1] if found else None
        if last and not (apart or turned or syllable) and (last.family, last.level) == (run.family, level):
            found[-1] = Run(last.text + segment, run.family, level, run.colour)
        else:
            found.append(Run(segment.translate(_MIRROR), run.family, level) if turned else run)
        apart = bool(turned or syllable)
    return tuple(visual(found, [run.level for run in found]))


def missing_glyphs(text: str) -> set[str]:
    """The characters of `text` that neither our fonts nor the machine's have: “□” in PNG and PDF."""
    points = shipped_characters(SANS)
    unknown = {c for c in set(text) if ord(c) not in points and not _IGNORABLE.match(c) and not c.isspace()}
    return {c for c in unknown if unicodedata.category(c) not in ("Cc", "Cs") and face_of(c) is None}


def face_of(character: str) -> Face | None:
    """The machine's face for one character; None if no font has it."""
    return _face_for((ord(character),), bool(_EMOJI.match(character)), _han(character))


_RIGHT_TO_LEFT = regex.compile(r"[\p{Bidi_Class=R}\p{Bidi_Class=AL}\p{Bidi_Class=AN}]")
_MARK = regex.compile(r"[\p{M}\u0E33\u0EB3]")  # Thai and Lao am are drawn as two signs
_JOINING = regex.compile(r"[\p{Arabic}\p{Syriac}\p{Nko}\p{Mongolian}\p{Adlam}\p{Mandaic}\p{Manichaean}\p{Phags_Pa}]")
_VISIBLE_KILLERS = "\u0bcd\u0e3a\u0f84\u103a"  # viramas that join nothing
_MIRROR = str.maketrans("()[]{}<>«»‹›≤≥", ")(][}{><»«›‹≥≤")
_IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")
_EMOJI = regex.compile(
    r"\p{Emoji_Presentation}|\p{Emoji}\uFE0F|\p{Regional_Indicator}{2}|\p{Extended_Pictographic}.?\u200D"
)
_LAST_CHOICE = (
    "Mono",
    "Serif",
    "Naskh",
    "Nastaliq",
    "Kufi",
    "Looped",
    "Rashi",
    "Unjoined",
    "Slanted",
    "Display",
    "Math",
    "UI",
)


def _with_fonts(text: str, base: str) -> list[tuple[str, Face | None]]:
    """Grapheme clusters with the face for each, None for the base font.

    A cluster that no font draws whole is split into characters; a character that no font draws is a box.
    """
    ours = shipped_characters(base)
    han = _han(text)
    used: list[Face] = []

    def dressed(part: str) -> list[tuple[str, Face | None]]:
        points = tuple(ord(c) for c in part if not _IGNORABLE.match(c))
        emoji = bool(_EMOJI.match(part))
        if not points:
            return []  # joiners and the like with nothing to join
        if not emoji and all(point in ours for point in points):
            return [(part, None)]
        worn = (face for face in used if face.colour == emoji and all(face.draws(point) for point in points))
        if unicodedata.category(part[0]) == "Cc":
            return [(BOX, None)]
        if face := next(worn, None) or _face_for(points, emoji, han):
            if face not in used:
                used.insert(0, face)
            return [(part, face)]
        if len(part) > 1:
            return [segment for character in part for segment in dressed(character)]
        return [(BOX, None)]

    return [segment for syllable in _syllables(text) for segment in dressed(syllable)]


def _syllables(text: str) -> list[str]:
    """Grapheme clusters with their vowel signs; those that a virama (combining class 9) joins are one syllable."""
    found: list[str] = []
    for cluster in regex.findall(r"\X", text):
        before = found[-1][-1] if found else ""
        joined = before and unicodedata.combining(before) == 9 and before not in _VISIBLE_KILLERS
        if joined or (found and unicodedata.category(cluster[0])[0] == "M"):
            found[-1] += cluster
        else:
            found.append(cluster)
    return found


@lru_cache(maxsize=16384)
def _face_for(points: tuple[int, ...], emoji: bool, han: str) -> Face | None:
    """The best face that draws all of these, a colour one for emoji; None if there is none."""
    ranked = _ranked(han)
    for want_colour in (emoji, not emoji):
        for face in ranked:
            if face.colour == want_colour and all(face.draws(point) for point in points):
                return face
    return None


@lru_cache(maxsize=4)
def _ranked(han: str) -> tuple[Face, ...]:
    """One face per family, plain sans serifs first; of CJK families only the one for the text's language."""

    def rank(family: str) -> tuple:
        odd = sum(word in family for word in _LAST_CHOICE)
        other_language = "CJK" in family and not family.endswith(han)
        return (odd, other_language, not family.startswith("Noto Sans"), len(family), family)

    return tuple(families()[family][0] for family in sorted(families(), key=rank))


def _han(text: str) -> str:
    """The regional shapes of Han characters for this text: Japanese, Korean, else simplified Chinese."""
    if regex.search(r"\p{Hiragana}|\p{Katakana}", text):
        return "JP"
    return "KR" if regex.search(r"\p{Hangul}", text) else "SC"
