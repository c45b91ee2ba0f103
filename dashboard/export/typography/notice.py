"""The notice about missing fonts for a file."""

from __future__ import annotations

import re
import sys
import unicodedata

from dashboard.export.typography.runs import missing_glyphs

# The first words of a Unicode character name, up to one of these, name its script or kind.
_NAME_END = re.compile(
    r"\s+(?:CAPITAL|SMALL|LETTER|SIGN|SYLLABLE|SYLLABICS|VOWEL|DIGIT|IDEOGRAPH|UNIFIED|COMPATIBILITY|HIEROGLYPH|"
    r"CHARACTER|SYMBOL|MARK|NUMBER|NUMERAL|CONSONANT|INDEPENDENT|DEPENDENT|WORD|TONE|LIGATURE|RADICAL|STROKE|"
    r"IDEOGRAM|MONOGRAM|PHASE|SUBJOINED|ACCENT|COMBINING|PUNCTUATION|TEXT)\b.*"
)
_OWN_NAMES = {"CJK": "Chinese characters", "HANGUL": "Hangul", "HIRAGANA": "kana", "KATAKANA": "kana"}
_NO_MEANING = "characters without a meaning in Unicode"
_MOST_NAMED = 4


def font_notice(text: str) -> str | None:
    """One sentence that says which scripts of `text` no font on this machine draws and what to install.

    None if everything can be drawn. It concerns PNG and PDF: SVG, HTML and JSON keep the text, and the machine that
    opens them draws it.
    """
    missing = missing_glyphs(text)
    if not missing:
        return None
    kinds = dict.fromkeys(kind_of(character) for character in text if character in missing)  # in their order
    named = sorted(kinds, key=lambda kind: kind == _NO_MEANING)
    if len(named) > _MOST_NAMED:
        named[_MOST_NAMED:] = ["others"]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    advice = _advice(set(kinds))
    return f"No font on this machine draws {listed}: in PNG and PDF they stand as “□”.{advice}"


def kind_of(character: str) -> str:
    """The script or kind of a character in plain words: "Devanagari", "emoji", "Chinese characters"."""
    if unicodedata.category(character) in ("Co", "Cn"):
        return _NO_MEANING
    if _is_emoji(character):
        return "emoji"
    name = unicodedata.name(character, "")
    first = _NAME_END.sub("", name) or name
    if unicodedata.category(character)[0] == "S" and first == name:
        return "some symbols"
    return _OWN_NAMES.get(first.split()[0] if first else "", first.title() or "some characters")


def _is_emoji(character: str) -> bool:
    import regex

    return bool(regex.match(r"\p{Emoji_Presentation}|\p{Emoji_Modifier}|\p{Regional_Indicator}", character))


def _advice(kinds: set[str]) -> str:
    wanted = kinds - {_NO_MEANING}
    if not wanted:
        return ""
    if not sys.platform.startswith("linux"):
        return " Install fonts for them, for instance from Google’s Noto family, and start Two Heads again."
    packages = []
    if wanted & {"emoji"}:
        packages.append("fonts-noto-color-emoji")
    if wanted & set(_OWN_NAMES.values()):
        packages.append("fonts-noto-cjk")
    if wanted - {"emoji"} - set(_OWN_NAMES.values()):
        packages.append("fonts-noto-core")
    listed = packages[0] if len(packages) == 1 else f"{', '.join(packages[:-1])} and {packages[-1]}"
    return f" Install fonts for them (on Debian and Ubuntu: {listed}) and start Two Heads again."
