"""Words and tokens → places, so that no word disappears (METRICS §0)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

Span = tuple[int, int]


@dataclass(frozen=True)
class Place:
    """One or more words that share tokens, as the text itself writes them.

    Attributes
    ----------
    words: which words, from 0, in order
    tokens: which tokens, from 0, in order; at least one
    span: half-open character span in the text, from the first word's first character to the last word's last
    """

    words: tuple[int, ...]
    tokens: tuple[int, ...]
    span: Span


@dataclass(frozen=True)
class Places:
    """The places of a text, and the words that have none.

    Attributes
    ----------
    places: in order of their words; together with the tokens that belong to no word they hold every token once
    place_of: for each token the number of its place; None for special tokens and tokens that touch no word
    lost: words that no token touches
    taken: words that a special token covers or stands inside
    """

    places: tuple[Place, ...]
    place_of: tuple[int | None, ...]
    lost: tuple[int, ...]
    taken: tuple[int, ...]


def find_places(words: Sequence[Span], tokens: Sequence[Span], special: Sequence[bool]) -> Places:
    """The places of a text.

    A token belongs to the word that covers most of its characters (the first, on a tie). A word that gets no token that
    way joins the word that got the token which covers most of its characters (the first, on a tie), together with all
    words between. A token of white space inside a place belongs to it. No place crosses a special token.

    Parameters
    ----------
    words: character spans in order; they do not overlap, but several may share one span (a treebank's range)
    tokens: character spans (n), white space at their ends taken off; empty for a token that stands nowhere in the text
    special: True for special tokens (n)
    """
    starts, ends = [start for start, _ in words], [end for _, end in words]

    def under(span: Span) -> range:
        """The words that share characters with a span."""
        return range(bisect_right(ends, span[0]), bisect_left(starts, span[1])) if span[0] < span[1] else range(0)

    taken = sorted({word for span, mark in zip(tokens, special, strict=True) if mark for word in under(span)})
    away = set(taken)
    owner: list[int | None] = []
    strongest: dict[int, tuple[int, int]] = {}  # word → most of its characters that one token covers, and that token
    for number, (span, mark) in enumerate(zip(tokens, special, strict=True)):
        best, most = None, 0
        for word in () if mark else under(span):
            covered = min(span[1], ends[word]) - max(span[0], starts[word])
            if word in away:
                continue
            if covered > most:
                best, most = word, covered
            if covered > strongest.get(word, (0, 0))[0]:
                strongest[word] = (covered, number)
        owner.append(best)

    owned = {word for word in owner if word is not None}
    edges = [0] * len(words)  # joins that begin at a word less those that end there
    for word, (_, token) in strongest.items():
        whose = owner[token]
        if word not in owned and whose is not None:
            first, last = sorted((word, whose))
            edges[first], edges[last] = edges[first] + 1, edges[last] - 1
    joined = [open_ > 0 for open_ in accumulate(edges)]  # whether word k and word k + 1 are one place

    place_of_word: list[int | None] = [None] * len(words)
    groups: list[list[int]] = []
    for word in range(len(words)):
        if word in away or (word not in strongest and not (word and joined[word - 1])):
            continue
        if word and joined[word - 1] and groups:
            groups[-1].append(word)
        else:
            groups.append([word])
        place_of_word[word] = len(groups) - 1
    spans = [(words[group[0]][0], max(ends[word] for word in group)) for group in groups]
    place_of = [None if word is None else place_of_word[word] for word in owner]
    _take_in(place_of, tokens, special, spans)
    members: list[list[int]] = [[] for _ in groups]
    for token, place in enumerate(place_of):
        if place is not None:
            members[place].append(token)
    places = zip(groups, members, spans, strict=True)
    return Places(
        tuple(Place(tuple(group), tuple(own), span) for group, own, span in places),
        tuple(place_of),
        tuple(word for word in range(len(words)) if place_of_word[word] is None and word not in away),
        tuple(taken),
    )


def _take_in(place_of: list[int | None], tokens: Sequence[Span], special: Sequence[bool], spans: list[Span]) -> None:
    """Gives tokens that stand inside a place, between its words, to that place."""
    starts = [start for start, _ in spans]
    for token, (start, end) in enumerate(tokens):
        if place_of[token] is None and not special[token] and start < end:
            place = bisect_right(starts, start) - 1
            if place >= 0 and end <= spans[place][1]:
                place_of[token] = place
