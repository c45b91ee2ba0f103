"""Strings on their way into a chart: a person's text is never trusted."""

from __future__ import annotations

import unicodedata

SIGN = "◊"  # stands for one character that cannot be drawn; in Source Sans and Source Code
NEWLINE, TAB, SPACE = "¶", "→", "·"
LIMIT = 60

_JOINERS = "\u200c\u200d"  # shape letters and build emoji: kept between two characters that can be seen

# Format characters that have a shape of their own: signs over and around Arabic, Syriac and Kaithi figures.
_DRAWN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"


def drawable(text: str, limit: int = LIMIT) -> str:
    """`text` as a chart may hold it: every string bound for a chart passes here.

    What XML forbids (on which vl-convert ends the whole process), lone surrogates, control and bidirectional
    control characters and zero-width ones become a visible sign; line breaks, tabs and a label of spaces
    only become signs of their own; a combining mark that has nothing to stand on gets a dotted circle; more
    than `limit` characters end in “…”. Never empty, and `drawable(drawable(x)) == drawable(x)`.
    """
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    if not text.strip(" \u00a0\u3000"):
        return SPACE * max(1, min(len(text), 3))
    out = []
    for k, character in enumerate(text):
        if character in _JOINERS:
            inside = 0 < k < len(text) - 1 and _visible(text[k - 1]) and _visible(text[k + 1])
            out.append(character if inside else SIGN)
        elif character in "\n\r\u2028\u2029\x85\x0b\x0c":
            out.append(NEWLINE)
        elif character == "\t":
            out.append(TAB)
        elif not _visible(character):
            out.append(SIGN)
        else:
            out.append(character)
    if unicodedata.combining(out[0]) or unicodedata.category(out[0]) in ("Mn", "Me"):
        out.insert(0, "◌")
    return "".join(out)


def _visible(character: str) -> bool:
    """False for control, format, surrogate and unassigned-for-good characters.

    Tags of flag emoji (U+E0020–7F) and variation selectors are left alone: they change how the character
    before them is drawn.
    """
    point = ord(character)
    if point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF:
        return False
    category = unicodedata.category(character)
    if category == "Cf":
        return 0xE0020 <= point <= 0xE007F or character in _DRAWN
    return category not in ("Cc", "Cs", "Zl", "Zp")
