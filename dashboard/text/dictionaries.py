"""Words of scripts that put no space between them: by ICU's dictionaries (METRICS §0)."""

from __future__ import annotations

from collections.abc import Iterator

import regex
from icu4py.breakers import WordBreaker

# Thai, Lao, Khmer, Burmese, Chinese and Japanese, with the marks on their letters; the last are signs that Japanese
# shares with no one and that belong to no script of their own (〆, the long vowel, the half-width voicing marks).
_SCRIPT = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Han}\p{Hiragana}\p{Katakana}\u3006\u30fc\uff70\uff9e\uff9f"
_RUN = regex.compile(rf"[{_SCRIPT}][{_SCRIPT}\p{{M}}\u200c\u200d]*")
_LONGEST = 500  # characters of a word; what is longer is cut there


def runs(text: str) -> Iterator[tuple[int, int]]:
    """The spans of `text` that only a dictionary divides, in order."""
    return (match.span() for match in _RUN.finditer(text))


def divide(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans of the words of one run, in characters of `text`; together they are the run.

    One breaker of ICU has the dictionaries of all these scripts, so no language need be named. Characters that are in
    none of them are divided as ICU's rules do, and a word is cut after 500 characters.
    """
    run = text[start:end]
    # ICU counts UTF-16 units, of which a character beyond U+FFFF has two.
    place = [k for k, character in enumerate(run, start) for _ in range(1 + (character > "\uffff"))]
    place.append(end)
    for first, last in WordBreaker(run, "").segments():
        for begin in range(place[first], place[last], _LONGEST):
            yield begin, min(begin + _LONGEST, place[last])
