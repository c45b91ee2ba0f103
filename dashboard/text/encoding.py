"""A text as one model sees it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Unit = Literal["tokens", "words"]
Special = Literal["show", "hide"]


@dataclass(frozen=True)
class Word:
    """A word of the text: `text[start:end] == form`."""

    form: str
    start: int
    end: int


@dataclass(frozen=True)
class Axis:
    """What the rows and columns of a drawn map are: tokens, or words with the special tokens between them.

    Attributes
    ----------
    labels: what to show, one per position (m)
    special: True where the position is a token that the tokenizer added, or a piece that covers no word
    members: for each position the token indices it is made of; together they cover every token once
    spans: for each position its character span in the text, None for tokens that stand nowhere in it
    """

    labels: tuple[str, ...]
    special: tuple[bool, ...]
    members: tuple[tuple[int, ...], ...]
    spans: tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True)
class Encoding:
    """A text as one model sees it. n tokens, m words.

    Attributes
    ----------
    text: the text as it was given, whole
    ids: token ids (n)
    pieces: the tokenizer's own spelling of each token (n), e.g. ``Ġchef``, ``##men``
    labels: what a person reads for each token (n), see `dashboard.text.display`
    spans: half-open character spans in `text` (n); (k, k) for tokens that stand nowhere in it
    special: True where the tokenizer (or we, see `added`) added the token (n)
    added: the piece of the beginning-of-sequence token that we put in front (METRICS §0), or None
    left_out: how many tokens of the text did not fit the model's limit and were cut off at the end
    """

    text: str
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    labels: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    special: tuple[bool, ...]
    added: str | None = None
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The words of the part of the text that the model saw (METRICS §0: the parser's tokens)."""
        raise NotImplementedError

    @cached_property
    def word_of(self) -> tuple[int | None, ...]:
        """For each token the index of its word, None for special tokens and pieces that cover no word."""
        raise NotImplementedError

    def axis(self, unit: Unit) -> Axis:
        """The positions of a map in this unit, in reading order. Special tokens keep a place of their own."""
        raise NotImplementedError
