"""A model over the sentences of a corpus: which can be read, batches of similar length, attention a layer at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np

from dashboard.capture import AttentionModel, Block
from dashboard.capture.weight_file import check_runs
from dashboard.errors import UserError
from dashboard.text.encoding import Encoding
from dashboard.text.on_places import OnPlaces, on_places
from dashboard.text.sentence import ParsedSentence

Mark = TypeVar("Mark")
Work = TypeVar("Work", bound="OneText")

# Sentences that are sorted by length before they are put into batches, and the tokens of a batch, padding counted.
WINDOW = 128
BATCH_TOKENS = 1024

# Why a text cannot be measured whole.
WINDOWED = "it is longer than the window that a layer looks at"
CHOICE = "a layer chooses some of its tokens as keys and hides the others"


def encoded(
    model: AttentionModel, sentence: ParsedSentence, bos: bool, as_words: bool = False
) -> tuple[OnPlaces, Encoding] | str:
    """The sentence as the model sees it, its parse over the words of the axis (METRICS §0); or why it cannot."""
    check_runs(model)
    try:
        encoding = model.encode_sentence(sentence, bos=bos, as_words=as_words)
    except UserError:
        return "none of its words gives the model a token"
    if len(encoding) > model.limit:
        return f"it has {len(encoding):,} tokens, and the model takes {model.limit:,}"
    if encoding.taken:
        return f"word {encoding.taken[0] + 1}, “{encoding.taken_words[0]}”, is read as a special token"
    if encoding.lost:
        return f"word {encoding.lost[0] + 1} gives the model no token"
    return on_places(sentence, encoding), encoding


def batches(
    works: Sequence[tuple[Mark, ParsedSentence, Encoding]],
) -> Iterator[list[tuple[Mark, ParsedSentence, Encoding]]]:
    """Sentences of similar length together, each with whatever it is marked with."""
    batch: list[tuple[Mark, ParsedSentence, Encoding]] = []
    for work in sorted(works, key=lambda work: len(work[2])):
        if batch and len(work[2]) * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(work)
    if batch:
        yield batch


class OneText(Protocol):
    """A text of n tokens that wants its attention a whole layer at a time.

    causal: as the model is; parts: None at first; hidden: "" at first, then why a layer's mask hides more than the
    future: the end of "left out, because …"
    """

    n: int
    causal: bool
    hidden: str
    parts: np.ndarray | None

    def layer(self, tokens: np.ndarray, place: slice) -> None:
        """The attention between all tokens (h, n, n) of one layer, whose heads have these places among all heads."""


class ByLayer(Generic[Work]):
    """Visitor: puts the blocks of a layer together, text by text, and hands the layer on."""

    def __init__(self, model: AttentionModel, works: Sequence[Work]):
        self.model, self.works = model, works

    def block(self, block: Block) -> None:
        work, weights = self.works[block.text], block.weights.cpu().numpy()
        start, stop, keys = block.rows.start, block.rows.stop, weights.shape[2]
        if block.allowed is not None:
            allowed = block.allowed.cpu().numpy()
            whole = np.tri(allowed.shape[0], allowed.shape[1], start, bool) if work.causal else True
            if not (allowed >= whole).all():
                scattered = (np.diff(allowed, axis=1, prepend=False) & allowed).sum(1).max() > 1
                work.hidden = CHOICE if scattered else work.hidden or WINDOWED
        if stop - start < work.n or keys < work.n:
            if work.parts is None:
                work.parts = np.zeros((weights.shape[0], work.n, work.n), np.float32)
            work.parts[:, start:stop, :keys] = weights
            weights = work.parts
        if stop == work.n:
            first = self.model.place(block.ids[0])
            work.layer(weights, slice(first, first + len(weights)))
            work.parts = None


def normalised(words: np.ndarray, *, itself: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Rows over other words, renormalised (h, m, m), all zero where a row gave them nothing; and their mass (h, m).
    itself: the word itself counts, as where the columns are of another text"""
    others = words.copy()
    if not itself:
        place = np.arange(words.shape[1])
        others[:, place, place] = 0
    mass = others.sum(2)
    np.divide(others, mass[:, :, None], out=others, where=mass[:, :, None] > 0)
    return others, mass
