"""One pass of a model over parsed sentences: of each sentence the statistics of METRICS §2 to §4, no attention kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import torch

from dashboard.analyses.profile.budget import BudgetStatistics, budget_statistics, channels, normalised
from dashboard.analyses.profile.dependency import DependencyStatistics, dependency_statistics, found_heads, scored_words
from dashboard.analyses.profile.explained import ExplainedStatistics, expected_features, explained_queries
from dashboard.analyses.profile.features import FeatureSpace
from dashboard.capture import AttentionModel, Block, visit
from dashboard.errors import UserError
from dashboard.heads.pooling import Pooling
from dashboard.text.encoding import Encoding
from dashboard.text.on_places import OnPlaces, on_places
from dashboard.text.sentence import LeftOut, ParsedSentence

# Sentences that are sorted by length before they are put into batches, and the tokens of a batch, padding counted.
WINDOW = 128
BATCH_TOKENS = 1024
# A longer sentence's features are made a few queries at a time, for every layer anew: 64 MB.
DENSE_CELLS = 2**24


@dataclass(frozen=True, eq=False)
class SentenceStatistics:
    """All that is kept of a sentence of m words; heads are all of layer 0, then all of layer 1 … (h)."""

    index: int
    codes: np.ndarray
    budget: BudgetStatistics
    dependency: DependencyStatistics
    explained: ExplainedStatistics


def gather(
    model: AttentionModel,
    sentences: Iterable[ParsedSentence | LeftOut],
    space: FeatureSpace,
    *,
    bos: bool = True,
    as_words: bool = False,
) -> Iterator[SentenceStatistics | LeftOut]:
    """The statistics of each sentence, in order, and the sentences that are left out, with the reason.

    A stream: a window of 128 sentences is held at a time. Beside what was left out before, a sentence is left out that
    is longer than the model's limit or than the window of one of its layers, or that has a word that no token touches
    or that is read as a special token.

    Parameters
    ----------
    space: of the whole corpus, see `CorpusCounts`
    bos: put a beginning-of-sequence token before a causal model's text (METRICS §0)
    as_words: a treebank's words go to the tokenizer one by one, not the text as it was written
    """
    embeddings = Embeddings(model)
    stream = iter(sentences)
    while window := list(islice(stream, WINDOW)):
        found: dict[int, SentenceStatistics | LeftOut] = {}
        works = []
        for place, sentence in enumerate(window):
            if isinstance(sentence, LeftOut):
                found[place] = sentence
                continue
            read = encoded(model, sentence, bos, as_words)
            if isinstance(read, str):
                found[place] = LeftOut(sentence.index, sentence.line, read)
            else:
                works.append((place, read[0].sentence, read[1]))
        for batch in batches(works):
            visitor = ByLayer(model, [_Work(model, s, e, space, embeddings) for _, s, e in batch])
            visit(model, [encoding for _, _, encoding in batch], visitor)
            for (place, sentence, _), work in zip(batch, visitor.works, strict=True):
                found[place] = work.statistics(sentence)
        yield from (found[place] for place in range(len(window)))


def encoded(
    model: AttentionModel, sentence: ParsedSentence, bos: bool, as_words: bool = False
) -> tuple[OnPlaces, Encoding] | str:
    """The sentence as the model sees it, its parse over the words of the axis (METRICS §0); or why it cannot."""
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


def batches(works: list[tuple[int, ParsedSentence, Encoding]]) -> Iterator[list[tuple[int, ParsedSentence, Encoding]]]:
    """Sentences of similar length together."""
    batch: list = []
    for work in sorted(works, key=lambda work: len(work[2])):
        if batch and len(work[2]) * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(work)
    if batch:
        yield batch


class Embeddings:
    """A model's raw input embeddings, the vocabulary's mean subtracted."""

    def __init__(self, model: AttentionModel):
        self._table = model.loaded.model.get_input_embeddings().weight.detach()
        self._mean = self._table.double().mean(0)

    def words(self, encoding: Encoding) -> np.ndarray:
        """Of each word the mean over its tokens: float64 (m, d)."""
        place = {token: word for token, word in enumerate(encoding.word_of) if word is not None}
        ids = torch.tensor([encoding.ids[token] for token in place], device=self._table.device)
        vectors = (self._table[ids].double() - self._mean).cpu().numpy()
        words = np.array(list(place.values()))
        sums = np.zeros((len(encoding.words), vectors.shape[1]))
        np.add.at(sums, words, vectors)
        return sums / np.bincount(words, minlength=len(sums))[:, None]


class _Work:
    """What is known of a sentence before its attention, and the statistics as they come in, layer by layer."""

    def __init__(
        self,
        model: AttentionModel,
        sentence: ParsedSentence,
        encoding: Encoding,
        space: FeatureSpace,
        embeddings: Embeddings,
    ):
        m, heads = len(sentence), len(model.all_heads)
        axis = encoding.axis("words")
        self.n, self.causal, self.heads = len(encoding), model.causal, sentence.heads
        self.pooling = Pooling.of(axis)
        self.words = np.flatnonzero(~np.array(axis.special))
        if self.words[-1] - self.words[0] == m - 1:
            self.words = slice(self.words[0], self.words[-1] + 1)
        self.codes = channels(sentence)
        self.cases = scored_words(sentence)
        self.features = space.pairs(sentence, embeddings.words(encoding))
        self.queries = explained_queries(m, model.causal)
        rows = max(1, DENSE_CELLS // (m * len(space)))
        self.space = space
        self.slices = [slice(start, min(start + rows, m)) for start in range(m - len(self.queries), m, rows)]
        self.dense = space.dense(self.features, self.slices[0]) if len(self.slices) == 1 else None
        self.window = False
        self.parts: np.ndarray | None = None
        self.spent, self.profile = np.zeros((heads, 7)), np.zeros((heads, 2 * m - 1))
        self.mass = np.zeros((heads, m), np.float32)
        self.correct = np.zeros((2, heads, len(self.cases)), bool)
        self.expected = np.zeros((heads, len(space)), np.float32)
        self.entropy = np.zeros(heads)

    def layer(self, tokens: np.ndarray, place: slice) -> None:
        pooled = self.pooling(tokens)
        words = (
            pooled[:, self.words, self.words]
            if isinstance(self.words, slice)
            else (pooled[:, self.words[:, None], self.words])
        )
        shares, mass = normalised(words)
        budget = budget_statistics(words, self.codes, shares, mass)
        self.spent[place], self.profile[place], self.mass[place] = budget.spent, budget.profile, mass
        self.correct[:, place] = found_heads(words, self.heads, self.cases, self.causal)
        for rows in self.slices:
            dense = self.space.dense(self.features, rows) if self.dense is None else self.dense
            expected, entropy = expected_features(shares[:, rows], dense)
            self.expected[place] += expected
            self.entropy[place] += entropy

    def statistics(self, sentence: ParsedSentence) -> SentenceStatistics | LeftOut:
        if self.window:
            return LeftOut(sentence.index, sentence.line, "it is longer than the window that a layer looks at")
        return SentenceStatistics(
            sentence.index,
            self.codes,
            BudgetStatistics(self.spent, self.mass, self.profile),
            dependency_statistics(sentence.index, sentence, self.correct),
            ExplainedStatistics(sentence.index, self.features, self.expected, self.entropy, self.mass[:, self.queries]),
        )


class OneText(Protocol):
    """A text of n tokens that wants its attention a whole layer at a time.

    causal: as the model is; parts: None at first; window: set where a layer's mask hides more than the future
    """

    n: int
    causal: bool
    window: bool
    parts: np.ndarray | None

    def layer(self, tokens: np.ndarray, place: slice) -> None:
        """The attention between all tokens (h, n, n) of one layer, whose heads have these places among all heads."""


class ByLayer:
    """Visitor: puts the blocks of a layer together, text by text, and hands the layer on."""

    def __init__(self, model: AttentionModel, works: Sequence[OneText]):
        self.model, self.works = model, works

    def block(self, block: Block) -> None:
        work, weights = self.works[block.text], block.weights.cpu().numpy()
        start, stop, keys = block.rows.start, block.rows.stop, weights.shape[2]
        if block.allowed is not None:
            allowed = block.allowed.cpu().numpy()
            whole = np.tri(*allowed.shape, start, bool) if work.causal else True
            work.window |= not (allowed >= whole).all()
        if stop - start < work.n or keys < work.n:
            if work.parts is None:
                work.parts = np.zeros((weights.shape[0], work.n, work.n), np.float32)
            work.parts[:, start:stop, :keys] = weights
            weights = work.parts
        if stop == work.n:
            first = self.model.place(block.layer) * self.model.heads
            work.layer(weights, slice(first, first + self.model.heads))
            work.parts = None
