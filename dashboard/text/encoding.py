"""A text as one model sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from dashboard.text.display import marked, visible
from dashboard.text.places import Places, Span, find_places
from dashboard.text.words import Word, split_words

Unit = Literal["tokens", "words"]
Special = Literal["show", "hide"]

# Between the two texts of a pair, in `Encoding.text`.
BETWEEN = "\n"


_KEPT = ("text", "ids", "pieces", "labels", "spans", "special", "unknown", "added", "stretches")


@dataclass(frozen=True)
class Axis:
    """What the rows and columns of a drawn map are: tokens, or words with the special tokens between them.

    Attributes
    ----------
    labels: what to show, one per position (m)
    special: True where the position is a special token, or a token that touches no word
    members: for each position the token indices it is made of; together they cover every token once
    spans: for each position its character span in the text, None for tokens that stand nowhere in it
    unknown: for each position how many of its tokens are the tokenizer's unknown token: characters not read
    segments: for each position 0, or 1 where it belongs to the second text of a pair
    stretches: for each position the name of its stretch, see `Encoding`; () for a text of one
    """

    labels: tuple[str, ...]
    special: tuple[bool, ...]
    members: tuple[tuple[int, ...], ...]
    spans: tuple[Span | None, ...]
    unknown: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    stretches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Encoding:
    """A text, or a pair of texts, as one model sees it. n tokens, m words.

    Attributes
    ----------
    text: the text as it was given, whole; of a pair both texts, with a line end between
    ids: token ids (n)
    pieces: the tokenizer's own spelling of each token (n), e.g. ``Ġchef``, ``##men``
    labels: what a person reads for each token (n), see `dashboard.text.display`
    spans: half-open character spans in `text` (n), without white space at their ends; (k, k) for tokens that stand
        nowhere in it
    special: True where the tokenizer (or we, see `added`) added the token, and where a special token was typed (n)
    unknown: True where the token says that the tokenizer did not know these characters (n)
    added: the spelling of the beginning-of-sequence token that we put in front (METRICS §0), or None
    left_out: how many tokens of the text did not fit the model's limit and were cut off at the end
    given: the words, where they come with the text (a treebank's, a parse's); None where the text is divided here
    types: the token type of each token (n), for the model; () where all are 0
    second: where the second text of a pair begins in `text`, in characters; None for one text
    segments: for each token 0, or 1 where it belongs to the second text of a pair (n); () for one text
    stretches: for each token the name of its stretch (n): of a pair which text, else the role in a chat, the prompt or
        what a model wrote, see `dashboard.text.stretches`; () for a text of one stretch
    """

    text: str
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    labels: tuple[str, ...]
    spans: tuple[Span, ...]
    special: tuple[bool, ...]
    unknown: tuple[bool, ...] = ()
    added: str | None = None
    left_out: int = 0
    given: tuple[Word, ...] | None = None
    types: tuple[int, ...] = ()
    second: int | None = None
    segments: tuple[int, ...] = ()
    stretches: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.unknown:
            object.__setattr__(self, "unknown", (False,) * len(self.ids))

    def __len__(self) -> int:
        return len(self.ids)

    def kept(self) -> dict[str, Any]:
        """What `of_kept` makes it from again, as JSON holds it: of one text whose words are divided here."""
        return {name: getattr(self, name) for name in _KEPT}

    @classmethod
    def of_kept(cls, kept: Mapping[str, Any]) -> Encoding:
        """The text from what `kept` gave, also after it was JSON."""
        plain: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in kept.items()}
        plain["spans"] = tuple((start, end) for start, end in plain["spans"])
        return cls(**plain)

    @cached_property
    def drawn(self) -> tuple[str, ...]:
        """The labels of the tokens as a picture shows them: what the model has not read is marked (n)."""
        return marked(self.labels, self.unknown)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text, or both texts of a pair."""
        if self.second is None:
            return (self.text,)
        return self.text[: self.second - len(BETWEEN)], self.pair

    @property
    def pair(self) -> str:
        """The second text of a pair; "" for one text."""
        return "" if self.second is None else self.text[self.second :]

    @cached_property
    def seen(self) -> int:
        """How many characters of the text the model saw: all of them, unless tokens were left out."""
        return max(end for _, end in self.spans) if self.left_out else len(self.text)

    @cached_property
    def split(self) -> tuple[Word, ...]:
        """The words before those that share a token are joined: those that were given, else those of the part of the
        text that the model saw, between the special tokens that were typed (METRICS §0).

        Where the text was cut, a word that was cut as well ends where the model stopped seeing it.
        """
        if self.given is not None:
            return self.given
        stops = [span for span, special in zip(self.spans, self.special, strict=True) if special and span[0] < span[1]]
        if self.second is not None:
            stops = sorted([*stops, (self.second - len(BETWEEN), self.second)])
        words: list[Word] = []
        begin = 0
        for start, end in [*stops, (self.seen, self.seen)]:
            words += _words_between(self.text, begin, start, whole=start < self.seen or not self.left_out)
            begin = end
        return tuple(words)

    @cached_property
    def _places(self) -> Places:
        return find_places([(word.start, word.end) for word in self.split], self.spans, self.special)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The words of the axis, in order: the places of METRICS §0. Words that share a token are one, written as the
        text writes them; each has at least one token."""
        spans = (place.span for place in self._places.places)
        return tuple(Word(self.text[start:end], start, end) for start, end in spans)

    @cached_property
    def parts(self) -> tuple[tuple[int, ...], ...]:
        """For each word of the axis which of the words in `split` it is (m)."""
        return tuple(place.words for place in self._places.places)

    @property
    def word_of(self) -> tuple[int | None, ...]:
        """For each token the index of its word; None for special tokens and tokens that touch no word."""
        return self._places.place_of

    @cached_property
    def unread(self) -> tuple[int, ...]:
        """For each word of the axis how many of its tokens are the tokenizer's unknown token (m)."""
        counts = Counter(word for word, unknown in zip(self.word_of, self.unknown, strict=True) if unknown)
        return tuple(counts[word] for word in range(len(self.words)))

    @property
    def lost(self) -> tuple[int, ...]:
        """Which of `split` no token touches."""
        return self._places.lost

    @property
    def taken(self) -> tuple[int, ...]:
        """Which of `split` a special token covers or stands inside."""
        return self._places.taken

    @cached_property
    def lost_words(self) -> tuple[str, ...]:
        """Words that no token touches (a control character that the tokenizer drops, say). They have no place on the
        axis, and are reported rather than dropped in silence (METRICS §0)."""
        return tuple(self.split[word].form for word in self.lost)

    @cached_property
    def taken_words(self) -> tuple[str, ...]:
        """Words that came with the text and that a special token covers or stands inside (METRICS §0)."""
        return tuple(self.split[word].form for word in self.taken)

    def axis(self, unit: Unit) -> Axis:
        """The positions of a map in this unit, in reading order. Special tokens keep a place of their own.

        As tokens, `special` is that of the encoding. As words, tokens that touch no word (white space in a byte-level
        BPE) keep a place of their own too and count as special (METRICS §0).
        """
        segments = self.segments or (0,) * len(self)
        if unit == "tokens":
            spans = tuple(span if span[0] < span[1] else None for span in self.spans)
            alone = tuple((i,) for i in range(len(self)))
            return Axis(
                self.labels, self.special, alone, spans, tuple(map(int, self.unknown)), segments, self.stretches
            )
        found: dict[tuple[str, int], list[int]] = {}
        for token, word in enumerate(self.word_of):
            found.setdefault(("token", token) if word is None else ("word", word), []).append(token)
        labels, special, spans = [], [], []
        for kind, i in found:
            if kind == "word":
                word = self.words[i]
                labels.append(visible(word.form))
                spans.append((word.start, word.end))
            else:
                labels.append(self.labels[i])
                spans.append(self.spans[i] if self.spans[i][0] < self.spans[i][1] else None)
            special.append(kind == "token")
        members = tuple(map(tuple, found.values()))
        unknown = tuple(sum(self.unknown[token] for token in own) for own in members)
        first = [own[0] for own in members]
        return Axis(
            tuple(labels),
            tuple(special),
            members,
            tuple(spans),
            unknown,
            tuple(segments[token] for token in first),
            tuple(self.stretches[token] for token in first) if self.stretches else (),
        )


def _words_between(text: str, begin: int, stop: int, *, whole: bool) -> list[Word]:
    """The words of `text[begin:stop]`; where more of the text follows that was not seen, `whole` is False."""
    # The parser divides at white space first, so nothing after the next white space changes a word; where none is
    # near, 500 characters more are enough for a dictionary.
    more = range(stop, len(text) if whole else min(len(text), stop + 500))
    end = stop if whole else next((i for i in more if text[i].isspace()), more.stop)
    words = (Word(word.form, word.start + begin, word.end + begin) for word in split_words(text[begin:end]))
    return [
        word if word.end <= stop else Word(text[word.start : stop], word.start, stop)
        for word in words
        if word.start < stop
    ]
