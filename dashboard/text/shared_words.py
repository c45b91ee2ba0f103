"""One text as two models read it: words at which both can meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard.text.encoding import Encoding
from dashboard.text.words import Word


def with_shared_words(encodings: Sequence[Encoding]) -> list[Encoding]:
    """The same encodings over words that each of them divides exactly (METRICS §8).

    Where a token of any model reaches over several words, these are one word for all. Words that one of the models did
    not see, because its text was cut, are left out.

    encodings: of one text
    """
    seen = min(encoding.seen for encoding in encodings)
    words = [word for word in encodings[0].words if word.end <= seen]
    joined = set()  # places k where word k and word k + 1 are one
    for encoding in encodings:
        at = 0
        for (start, end), special in zip(encoding.spans, encoding.special, strict=True):
            if special or start >= end:
                continue
            while at < len(words) and words[at].end <= start:
                at += 1
            k = at
            while k + 1 < len(words) and words[k].start < end and words[k + 1].start < end:
                joined.add(k)
                k += 1
    shared: list[Word] = []
    for k, word in enumerate(words):
        if k - 1 in joined:
            start = shared.pop().start
            word = Word(encodings[0].text[start : word.end], start, word.end)
        shared.append(word)
    return [replace(encoding, given=tuple(shared)) for encoding in encodings]
