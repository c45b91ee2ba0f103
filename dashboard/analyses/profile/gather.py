"""One pass of a model over parsed sentences: the statistics of METRICS §2 to §4 for each, without its attention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from dashboard.analyses.profile.budget import BudgetStatistics, budget_statistics, channels
from dashboard.analyses.profile.dependency import dependency_statistics, found_heads, scored_words
from dashboard.analyses.profile.dependency_cases import DependencyStatistics
from dashboard.analyses.profile.explained import ExplainedStatistics, expected_features, explained_queries
from dashboard.analyses.profile.features import FeatureSpace
from dashboard.capture import AttentionModel, visit
from dashboard.corpus.batches import WINDOW, ByLayer, batches, encoded, normalised
from dashboard.errors import UserError
from dashboard.heads.pooling import Pooling
from dashboard.text.encoding import Encoding
from dashboard.text.sentence import LeftOut, ParsedSentence

# Features of a longer sentence are computed for a few queries at a time, again for every layer: 64 MB.
DENSE_CELLS = 2**24


@dataclass(frozen=True, eq=False)
class SentenceStatistics:
    """All statistics of a sentence of m words; heads are all of layer 0, then all of layer 1 … (h)."""

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

    A stream: one window of 128 sentences is in memory at a time. A sentence is also left out if it is longer than the
    model's limit or than the window of a layer, if a layer chooses among its tokens, or if one of its words has no
    token or is read as a special token.

    Parameters
    ----------
    space: of the whole corpus, see `CorpusCounts`
    bos: put a beginning-of-sequence token before a causal model's text (METRICS §0)
    as_words: give the tokenizer a treebank's words one by one, not the text as written
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


class Embeddings:
    """A model's raw input embeddings minus their mean over the vocabulary. Raises UserError where it has no table of
    these."""

    def __init__(self, model: AttentionModel):
        table = model.token_table
        if table is None:
            raise UserError(
                f"{model.title} makes the vectors of its characters out of hashes. A profile compares attention with a "
                "table of the tokens' vectors, so it cannot be measured. Choose another model for this."
            )
        self._table = table.weight.detach()
        self._mean = self._table.double().mean(0)

    def words(self, encoding: Encoding) -> np.ndarray:
        """The mean over the tokens of each word: float64 (m, d)."""
        place = {token: word for token, word in enumerate(encoding.word_of) if word is not None}
        ids = torch.tensor([encoding.ids[token] for token in place], device=self._table.device)
        vectors = (self._table[ids].double() - self._mean).cpu().numpy()
        words = np.array(list(place.values()))
        sums = np.zeros((len(encoding.words), vectors.shape[1]))
        np.add.at(sums, words, vectors)
        return sums / np.bincount(words, minlength=len(sums))[:, None]


class _Work:
    """One sentence: its features, and its statistics, which fill layer by layer."""

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
        self.hidden = ""
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
        if self.hidden:
            return LeftOut(sentence.index, sentence.line, self.hidden)
        return SentenceStatistics(
            sentence.index,
            self.codes,
            BudgetStatistics(self.spent, self.mass, self.profile),
            dependency_statistics(sentence.index, sentence, self.correct),
            ExplainedStatistics(sentence.index, self.features, self.expected, self.entropy, self.mass[:, self.queries]),
        )
