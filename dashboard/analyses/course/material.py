"""What the questions are about: a short text, all heads over it, and one head and one token worth asking about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dashboard.analyses.inside.api import look_inside
from dashboard.analyses.inside.steps import Inside, QueryRow, query_row
from dashboard.capture import AttentionModel
from dashboard.capture.head_weights import head_weights
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.text import Encoding

LONGEST = 32  # tokens that are read: the words stand as buttons, and as columns of a picture
FEWEST = 4  # tokens that are words; with fewer there is nothing to guess
SPACE = "·"  # stands before a token that begins a word, in some tokenizers
DULL = frozenset(["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"])
"""Words that nobody is curious about; a person can ask about them all the same."""

FAR = 6  # places apart; what is farther counts no more


@dataclass(frozen=True, eq=False)
class Material:
    """A text as the model sees it, and the layer of the head that the questions are about.

    Attributes
    ----------
    heads, weights: the heads of that layer, and their weights (h, n, n)
    words: bool (n), the tokens to choose from: no special tokens, punctuation or parts of a word
    queries: the places of the tokens that are worth asking about
    head, query: the head and the token that the questions are about
    bos: whether a start token was put before the text
    """

    model: AttentionModel
    encoding: Encoding
    heads: tuple[HeadId, ...]
    weights: np.ndarray
    words: np.ndarray
    queries: tuple[int, ...]
    head: HeadId
    query: int
    bos: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """The tokens as a person reads them, without the sign for a space before them."""
        return tuple(label[1:] if len(label) > 1 and label[0] == SPACE else label for label in self.encoding.drawn)

    def about(self, query: int) -> Material:
        """The same with another query token."""
        other = replace(self, query=query)
        other.__dict__["inside"] = self.inside  # of the head, whatever its query is
        return other

    @property
    def plain(self) -> np.ndarray:
        """The places of the tokens that are not special and that the chosen one may see."""
        return np.flatnonzero(self.visible & ~np.array(self.encoding.special, bool))

    @property
    def row(self) -> np.ndarray:
        """The weights of the chosen head and token (n)."""
        return self.weights[self.heads.index(self.head), self.query]

    @property
    def visible(self) -> np.ndarray:
        """The tokens that the chosen one may see: bool (n)."""
        places = np.arange(len(self.encoding))
        return places <= self.query if self.model.causal else np.ones(len(places), bool)

    @cached_property
    def inside(self) -> Inside:
        """Every step of the chosen head. Raises UserError for a model that does not show its queries and keys."""
        return look_inside(self.model, self.encoding, self.head, bos=self.bos)

    @cached_property
    def steps(self) -> QueryRow:
        """The chosen token's row of every step."""
        return query_row(self.inside, self.query)


def material(model: AttentionModel, text: str, *, bos: bool = True, query: int | None = None) -> Material:
    """A text, and the head and token in it that are worth asking about: see `worth_asking`.

    query: the token to ask about, None for the best. Raises UserError for a text with fewer than four words.
    """
    encoding = model.encode(text, bos=bos, limit=min(LONGEST, model.limit))
    words = word_tokens(encoding)
    if words.sum() < FEWEST:
        raise UserError(
            f"“{text[:60]}” has {words.sum()} words that {model.title} reads as one token each. The question needs "
            f"{FEWEST}: choose a longer sentence."
        )
    weights = np.stack(head_weights(model, encoding, model.all_heads))
    dull = np.array([label.strip(f"{SPACE} ").lower() in DULL for label in encoding.labels])
    able = askable(words, model.causal) or [int(np.flatnonzero(words)[-1])]
    telling = [place for place in able if not dull[place]] or able
    # The first layer has no context yet: its heads go by the words alone.
    later = [place for place, head in enumerate(model.all_heads) if head.layer > 0] or [*range(len(model.all_heads))]
    asked = [query] if query in able else telling
    place, query = worth_asking(weights[later], words & ~dull, model.causal, asked)
    head = model.all_heads[later[place]]
    layer = [place for place, one in enumerate(model.all_heads) if one.layer == head.layer]
    heads = tuple(model.all_heads[place] for place in layer)
    return Material(model, encoding, heads, weights[layer], words, tuple(telling), head, query, bos)


def word_tokens(encoding: Encoding) -> np.ndarray:
    """The tokens that are a whole word with a letter in it: bool (n)."""
    axis = encoding.axis("words")
    alone = {members[0] for members in axis.members if len(members) == 1}
    return np.array(
        [
            place in alone and not special and any(map(str.isalpha, label))
            for place, (label, special) in enumerate(zip(encoding.drawn, encoding.special, strict=True))
        ]
    )


def askable(words: np.ndarray, causal: bool) -> list[int]:
    """The tokens that see enough words to guess among them: in a causal model those with three before them."""
    return [int(place) for place in np.flatnonzero(words) if not causal or words[:place].sum() >= FEWEST - 1]


def worth_asking(weights: np.ndarray, words: np.ndarray, causal: bool, queries: Sequence[int]) -> tuple[int, int]:
    """The head and the query whose strongest key is a word far away that other queries look at less.

    weights (h, n, n), words (n), queries: those to choose from → place of the head, query. The value of a head and a
    query is the weight of its strongest key, less the mean weight that the head's other words give to it, times the
    square root of how many places lie between (at most 6). It counts only where that key is another word. Ties go to
    the earlier head, then the earlier token.
    """
    n, queries = len(words), list(queries)
    sees = np.tri(n, dtype=bool) if causal else np.ones((n, n), bool)
    asks = words[:, None] & sees
    usual = (weights * asks).sum(1) / np.maximum(asks.sum(0), 1)  # (h, n) what a key gets from the words that see it
    strongest = weights[:, queries].argmax(-1)  # (h, q)
    weight = np.take_along_axis(weights[:, queries], strongest[..., None], -1)[..., 0]
    more = weight - np.take_along_axis(usual, strongest, -1)
    apart = np.abs(np.array(queries) - strongest)
    value = more.clip(0) * np.sqrt(np.minimum(apart, FAR)) * words[strongest]
    if not value.any():  # no head looks most at another word: the one that gives most to some word
        others = weights[:, queries] * words
        others[:, np.arange(len(queries)), queries] = 0
        value = others.max(-1)
    place, asked = np.unravel_index(int(value.argmax()), value.shape)
    return int(place), int(queries[asked])
