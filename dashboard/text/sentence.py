"""A sentence with its parse, and a sentence that has none we could use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

ROOT = -1


@dataclass(frozen=True)
class ParsedSentence:
    """A sentence of m words as a dependency tree, in whatever label scheme its source uses.

    Attributes
    ----------
    index: its place among the sentences of the file or text, from 0, before any is left out
    line: the line of the file or text where it begins, from 1
    words: the words (m); in a treebank the syntactic words, without empty nodes
    heads: for each word the place of its head, from 0; `ROOT` (-1) for the one root
    relations: for each word its relation to its head, as given, with its subtype (``nsubj:pass``)
    upos: for each word its universal part of speech; ``_`` where the source has none
    lemmas: for each word its lemma; ``_`` where the source has none
    text: the sentence as it was written; "" where only its words are known
    spans: half-open character spans of the words in `text` (m); () where there is no text. The words of a treebank's
        range that do not spell it (``du`` for ``de`` and ``le``) have the same span
    start: where `text` begins in the text that was parsed, in characters
    """

    index: int
    line: int
    words: tuple[str, ...]
    heads: tuple[int, ...]
    relations: tuple[str, ...]
    upos: tuple[str, ...]
    lemmas: tuple[str, ...]
    text: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    start: int = 0

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """The relations without their subtypes: ``nsubj`` for ``nsubj:pass``."""
        return tuple(relation.partition(":")[0] for relation in self.relations)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What a word is counted under: its lemma, case folded, or where it has none its form, case folded."""
        return tuple(
            (word if lemma == "_" else lemma).casefold() for word, lemma in zip(self.words, self.lemmas, strict=True)
        )


@dataclass(frozen=True)
class LeftOut:
    """A sentence that is not used: its place in the file, from 0, the line where it begins, from 1, and why."""

    index: int
    line: int
    reason: str


def not_a_tree(heads: Sequence[int]) -> str | None:
    """Why these heads (places from 0, -1 for the root) are no tree with one root; None where they are."""
    m = len(heads)
    outside = next((i for i, head in enumerate(heads) if not ROOT <= head < m), None)
    if outside is not None:
        return f"the head of word {outside + 1} is not in the sentence"
    roots = sum(head == ROOT for head in heads)
    if roots != 1:
        return f"it has {roots} roots" if roots else "it has no root"
    reached = {ROOT}
    for word in range(m):
        path = set()
        while word not in reached:
            if word in path:
                return f"word {word + 1} depends on itself, in a cycle"
            path.add(word)
            word = heads[word]
        reached |= path
    return None
