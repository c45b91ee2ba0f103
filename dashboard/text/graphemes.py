"""Grapheme clusters: what a person takes for one character (UAX #29)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import regex

_CLUSTER = regex.compile(r"\X")

Span = tuple[int, int]


def clusters(text: str) -> list[Span]:
    """The character spans of clusters of several characters, in order: é as e and an accent, 👩‍👩‍👧, 🇩🇪, ❤️.

    A line end of two characters is not among them.
    """
    if text.isascii():
        return []
    spans = (match.span() for match in _CLUSTER.finditer(text) if match.end() - match.start() > 1)
    return [(start, end) for start, end in spans if not text[start:end].isspace()]


def uncut(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans (in order, not overlapping), moved so that none cuts a cluster of the text: a cluster that two share
    belongs to the first."""
    found: list[Span] = []
    parts = clusters(text)
    if not parts:
        return list(spans)
    starts, ends = [start for start, _ in parts], [end for _, end in parts]
    for start, end in spans:
        first, last = bisect_right(ends, start), bisect_left(starts, end) - 1
        if first <= last:
            start, end = min(start, starts[first]), max(end, ends[last])
        start = max(start, found[-1][1]) if found else start
        if start < end:
            found.append((start, end))
    return found
