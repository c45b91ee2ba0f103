"""A text as one model sees it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from dashboard.text.display import visible
from dashboard.text.words import Word, split_words

Unit = Literal["tokens", "words"]
Special = Literal["show", "hide"]


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
    given: the words, where they come with the text (a treebank's, a parse's); None where the text is divided here
    """

    text: str
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    labels: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    special: tuple[bool, ...]
    added: str | None = None
    left_out: int = 0
    given: tuple[Word, ...] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def seen(self) -> int:
        """How many characters of the text the model saw: all of them, unless tokens were left out."""
        return max(end for _, end in self.spans) if self.left_out else len(self.text)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The words that were given, else those of the part of the text that the model saw (METRICS §0).

        Where the text was cut, a word that was cut as well ends where the model stopped seeing it.
        """
        if self.given is not None:
            return self.given
        seen = self.seen
        # The parser divides at white space first, so nothing after the next white space changes a word.
        stop = next((i for i in range(seen, min(len(self.text), seen + 500)) if self.text[i].isspace()), seen)
        words = (w for w in split_words(self.text[:stop]) if w.start < seen)
        return tuple(w if w.end <= seen else Word(self.text[w.start : seen], w.start, seen) for w in words)

    @cached_property
    def word_of(self) -> tuple[int | None, ...]:
        """For each token the index of its word, None for special tokens and pieces that cover no word.

        A piece belongs to the word that covers most of its characters, the first one on a tie (METRICS §0).
        """
        starts = [word.start for word in self.words]
        return tuple(
            None if special else self._word_under(span, starts)
            for span, special in zip(self.spans, self.special, strict=True)
        )

    def _word_under(self, span: tuple[int, int], starts: list[int]) -> int | None:
        start, end = span
        best, most = None, 0
        first = max(bisect_right(starts, start) - 1, 0)  # words do not overlap: none before reaches the piece
        for i in range(first, bisect_left(starts, end)):
            word = self.words[i]
            covered = min(end, word.end) - max(start, word.start)
            if covered > most:
                best, most = i, covered
        return best

    @cached_property
    def lost_words(self) -> tuple[int, ...]:
        """The words that got no piece (a control character that the tokenizer drops, say), by index.

        They have no place on the word axis, and are reported rather than dropped in silence (METRICS §0).
        """
        found = set(self.word_of)
        return tuple(i for i in range(len(self.words)) if i not in found)

    def axis(self, unit: Unit) -> Axis:
        """The positions of a map in this unit, in reading order. Special tokens keep a place of their own.

        As tokens, `special` is the tokenizer's special-tokens mask. As words, pieces that cover no word
        (white space in a byte-level BPE) keep a place of their own too and count as special (METRICS §0).
        """
        if unit == "tokens":
            spans = tuple(span if span[0] < span[1] else None for span in self.spans)
            return Axis(self.labels, self.special, tuple((i,) for i in range(len(self))), spans)
        places: dict[tuple[str, int], list[int]] = {}
        for token, word in enumerate(self.word_of):
            place = ("token", token) if word is None else ("word", word)
            places.setdefault(place, []).append(token)
        labels, special, spans = [], [], []
        for kind, i in places:
            if kind == "word":
                word = self.words[i]
                labels.append(visible(word.form))
                spans.append((word.start, word.end))
            else:
                labels.append(self.labels[i])
                spans.append(self.spans[i] if self.spans[i][0] < self.spans[i][1] else None)
            special.append(kind == "token")
        return Axis(tuple(labels), tuple(special), tuple(map(tuple, places.values())), tuple(spans))
