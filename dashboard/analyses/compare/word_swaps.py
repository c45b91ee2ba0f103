"""Texts with one word exchanged for another of the same part of speech."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from dashboard.text.sentence import ParsedSentence
from dashboard.text.words import split_words


@dataclass(frozen=True)
class Swap:
    """A text in which word `place` (of `split_words`, from 0) is exchanged: `was` for `now`."""

    text: str
    place: int
    was: str
    now: str


def words_by_pos(sentences: Iterable[ParsedSentence]) -> dict[str, list[str]]:
    """The distinct words of a corpus by universal part of speech, sorted.

    Letters only, without the halves of contractions (the “ca” of “can't”).
    """
    found: dict[str, set[str]] = defaultdict(set)
    for sentence in sentences:
        following = [*sentence.words[1:], ""]
        for word, pos, after in zip(sentence.words, sentence.upos, following, strict=True):
            if word.isalpha() and "'" not in after and "’" not in after:
                found[pos].add(word if pos == "PROPN" else word.lower())
    return {pos: sorted(words) for pos, words in found.items()}


def swaps(
    text: str,
    parsed: Sequence[ParsedSentence],
    vocabulary: dict[str, list[str]],
    *,
    but: Collection[int] = (),
    most: int = 12,
    seed: int = 0,
) -> list[Swap]:
    """At most `most` variants of a text, each with one word exchanged for another of its part of speech, at random.

    Each word is exchanged once before any is exchanged twice. A variant in which the other words would be split
    differently is skipped.

    Parameters
    ----------
    parsed: from `dashboard.text.parse(text)`; vocabulary: from `words_by_pos`
    but: places that must not be exchanged
    """
    words, dice = split_words(text), random.Random(seed)
    place = {(word.start, word.end): k for k, word in enumerate(words)}
    known = {}
    for sentence in parsed:
        for (start, end), pos in zip(sentence.spans, sentence.upos, strict=True):
            k = place.get((sentence.start + start, sentence.start + end))
            if k is not None and k not in but and words[k].form.isalpha() and len(vocabulary.get(pos, ())) > 1:
                known[k] = pos
    found: list[Swap] = []
    for _ in range(4):
        for k in dice.sample(sorted(known), len(known)):
            if len(found) == most:
                return found
            was = words[k].form
            now = dice.choice(vocabulary[known[k]])
            now = now.capitalize() if was[:1].isupper() else now
            new = f"{text[: words[k].start]}{now}{text[words[k].end :]}"
            forms = [word.form for word in split_words(new)]
            same = forms == [*(word.form for word in words[:k]), now, *(word.form for word in words[k + 1 :])]
            if same and now.casefold() != was.casefold() and new not in {one.text for one in found}:
                found.append(Swap(new, k, was, now))
    return found
