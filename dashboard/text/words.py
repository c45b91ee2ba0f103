"""A text → its words: the parser's tokens (METRICS §0)."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import regex

from dashboard.text import dictionaries
from dashboard.text.graphemes import uncut

# The parser's time grows with the square of what it peels off the edges of one chunk: 20,000 brackets in a
# row take it 30 s. Nothing that is read as a word is as long as this, so such chunks are cut first.
_TOO_LONG = re.compile(r"[^\w\s]{200}|\S{500}")
# Signs that the parser leaves in the middle of a word: brackets, bars, emoji, the zero-width space.
_APART = regex.compile(r"[<>|\[\](){}\u200b]|(?=[\p{Extended_Pictographic}\p{Regional_Indicator}])\X")
_SAYS = regex.compile(r"[\p{Alphabetic}\p{N}\p{Extended_Pictographic}]")  # else it is :-) or the like, and stays whole
_SURROGATE = re.compile("[\ud800-\udfff]")
_VOCABULARY_LIMIT = 100_000

_lock = threading.Lock()
_parser = None


@dataclass(frozen=True)
class Word:
    """A word of the text: `text[start:end] == form`."""

    form: str
    start: int
    end: int


def split_words(text: str) -> tuple[Word, ...]:
    """The words of a text in order, not overlapping, white space left out.

    A word is a token of spaCy's English tokenizer (`spacy.blank("en")`, the one of en_core_web_sm), with these
    exceptions. Runs of Thai, Lao, Khmer, Burmese, Chinese and Japanese, which it would leave whole, are divided by
    ICU's dictionaries. A run of 200 symbols or of 500 characters without white space is cut at that length. No
    grapheme cluster is cut: an emoji with joiners, a flag, a letter with its accents is in one word. Brackets, bars
    and emoji between letters are words of their own, as by Unicode's rules (UAX #29).

    A lone surrogate counts as the U+FFFD that `without_surrogates` puts in its place.
    """
    text = without_surrogates(text)
    spans: list[tuple[int, int]] = []
    start = 0
    for begin, end in dictionaries.runs(text):
        spans += _parse(text, start, begin)
        spans += dictionaries.divide(text, begin, end)
        start = end
    spans += _parse(text, start, len(text))
    return tuple(Word(text[start:end], start, end) for start, end in uncut(text, spans))


def without_surrogates(text: str) -> str:
    """The text with each lone surrogate, which no file or tokenizer takes, as U+FFFD: one sign for one."""
    return _SURROGATE.sub("\ufffd", text)


def _parse(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The spans of the parser's tokens of `text[start:end]`."""
    spans = []
    while start < end:
        long = _TOO_LONG.search(text, start, end)
        stop = long.end() if long else end
        with _lock:
            tokens = _english()(text[start:stop])
        for token in tokens:
            if not token.is_space:
                at = start + token.idx
                spans += _apart(text, at, at + len(token), token.like_url or token.like_email)
        start = stop
    return spans


def _apart(text: str, start: int, end: int, whole: bool) -> Iterator[tuple[int, int]]:
    """A token of the parser, cut round signs that stand between letters or emoji; `whole`: it is to stay as it is."""
    if not whole and _SAYS.search(text, start, end):
        for sign in _APART.finditer(text, start, end):
            if start < sign.start():
                yield start, sign.start()
            yield sign.span()
            start = sign.end()
    if start < end:
        yield start, end


def _english():
    """The tokenizer, made again when it has collected many words: it keeps each one it ever saw."""
    global _parser
    if _parser is None or len(_parser.vocab) > _VOCABULARY_LIMIT:
        import spacy

        _parser = spacy.blank("en").tokenizer
    return _parser
