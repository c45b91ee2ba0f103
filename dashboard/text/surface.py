"""The surface text of a treebank's sentence, and where each of its words stands in it (METRICS §0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True)
class Surface:
    """What stands in the text as one: a word, or a range like ``3-4 du`` with the words that share it.

    Attributes
    ----------
    form: as it is written, the range's own where it is one
    words: the forms of its words, one where it is no range
    glued: ``SpaceAfter=No`` stands on its line
    """

    form: str
    words: tuple[str, ...]
    glued: bool = False


def text_and_spans(written: str | None, surfaces: Sequence[Surface]) -> tuple[str, tuple[Span, ...]]:
    """The text of a sentence and the half-open character span of each of its words.

    The text is `written` (``# text``) where all surface forms are found in it, in order, and nothing else but white
    space; else the forms with a space between them, none after those that are glued. Words of a range whose forms,
    joined, spell its surface form have their own characters; else each has the span of the whole range.
    """
    text = (written or "").strip()
    spans = spans_in(text, [one.form for one in surfaces])
    if spans is None:
        text, spans = _joined(surfaces)
    found: list[Span] = []
    for (start, end), one in zip(spans, surfaces, strict=True):
        parts = spans_in(text[start:end], one.words) if "".join(one.words) == one.form else None
        if len(one.words) == 1 or parts is None:
            found += [(start, end)] * len(one.words)
        else:
            found += [(start + a, start + b) for a, b in parts]
    return text, tuple(found)


def spans_in(text: str, forms: Sequence[str]) -> list[Span] | None:
    """Where the forms stand in a text that holds them in order, and besides only white space; else None.

    Characters are compared code point by code point. White space within a form stands for any white space.
    """
    spans, at = [], 0
    for form in forms:
        start = None
        for k, part in enumerate(form.split()):
            begin = _after_space(text, at)
            if not text.startswith(part, begin) or (k and begin == at):
                return None
            start, at = begin if start is None else start, begin + len(part)
        if start is None:  # a form of nothing but white space
            return None
        spans.append((start, at))
    return spans if _after_space(text, at) == len(text) else None


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _joined(surfaces: Sequence[Surface]) -> tuple[str, list[Span]]:
    parts, spans, at = [], [], 0
    for place, one in enumerate(surfaces):
        gap = "" if one.glued or place == len(surfaces) - 1 else " "
        parts += [one.form, gap]
        spans.append((at, at + len(one.form)))
        at += len(one.form) + len(gap)
    return "".join(parts), spans
