"""A parse of words → the same over the places of an axis, where words that share a token are one (METRICS §0)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dashboard.text.encoding import Encoding
from dashboard.text.sentence import ROOT, ParsedSentence

NOT_SCORED = "punct"


@dataclass(frozen=True)
class OnPlaces:
    """A sentence over m places.

    Attributes
    ----------
    sentence: its words are the places; a head may be the place itself, and it need not be a tree
    inside: relations between two words of one place
    dropped: relations of a place's further words whose heads lie outside it; neither they nor those inside are scored
    """

    sentence: ParsedSentence
    inside: int = 0
    dropped: int = 0


def on_places(sentence: ParsedSentence, encoding: Encoding) -> OnPlaces:
    """The sentence over the words of the encoding, which was made of it and has lost none of its words.

    A place stands for all its words: its head, relation, part of speech and lemma are those of its first word other
    than `punct` whose head lies outside the place or is the root, else of its first word. Heads that point to a word of
    a place point to the place.
    """
    if all(len(part) == 1 for part in encoding.parts):
        return OnPlaces(sentence)
    place_of = places_of_words(enumerate(encoding.parts), len(sentence))
    chosen = [representative(sentence, part, place, place_of) for place, part in enumerate(encoding.parts)]
    heads = [sentence.heads[word] for word in chosen]
    joined = replace(
        sentence,
        words=tuple(word.form for word in encoding.words),
        heads=tuple(ROOT if head == ROOT else place_of[head] for head in heads),
        relations=tuple(sentence.relations[word] for word in chosen),
        upos=tuple(sentence.upos[word] for word in chosen),
        lemmas=tuple(sentence.lemmas[word] for word in chosen),
        text=encoding.text,
        spans=tuple((word.start, word.end) for word in encoding.words),
    )
    inside = dropped = 0
    for place, part in enumerate(encoding.parts):
        for word in part:
            head = sentence.heads[word]
            if head != ROOT and place_of[head] == place:
                inside += 1
            elif head != ROOT and word != chosen[place]:
                dropped += 1
    return OnPlaces(joined, inside, dropped)


def places_of_words(parts: Iterable[tuple[int, Sequence[int]]], words: int) -> list[int | None]:
    """The place of each of so many words, None where it is in none. parts: each place with its words"""
    found: list[int | None] = [None] * words
    for place, part in parts:
        for word in part:
            found[word] = place
    return found


def representative(sentence: ParsedSentence, words: Sequence[int], place: int, place_of: Sequence[int | None]) -> int:
    """The word that a place stands in the parse for, see `on_places`. words: those of the place, in order"""
    outward = (
        word
        for word in words
        if sentence.bases[word] != NOT_SCORED
        and (sentence.heads[word] == ROOT or place_of[sentence.heads[word]] != place)
    )
    return next(outward, words[0])
