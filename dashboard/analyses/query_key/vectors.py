"""Queries and keys of all heads at the words of some sentences, gathered in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from dashboard.capture import AttentionModel, Block, of_part, visit
from dashboard.corpus.batches import batches
from dashboard.heads.head_id import Part
from dashboard.text.display import UNKNOWN, visible
from dashboard.text.encoding import Encoding
from dashboard.text.sentence import ParsedSentence

STRONGEST = 4  # keys stored for each query
ROUNDING = 1e-3
NEIGHBOURS = 4  # words of context on either side


@dataclass(frozen=True, eq=False)
class LayerVectors:
    """Queries and keys of one layer: h heads, N tokens, d numbers each.

    Attributes
    ----------
    q, k: as they enter the dot product, rotary positions included, keys repeated for heads that share them: (h, N, d),
        of cross attention k (h, M, d) at the M tokens of the sources
    scaling: the factor on their products
    keys, weights: each query's strongest keys, the strongest first, as places among all N or M (-1 where it sees
        fewer), and their weights: (h, N, 4)
    plain: whether the weights follow from queries and keys alone: softmax(c · q kᵀ) over what may be seen
    windows: for each sentence (from 0) where the mask is stricter than `CorpusVectors.causal`, as in a sliding window,
        the keys that each token may see: bool (n, n) over the sentence's tokens
    """

    q: np.ndarray
    k: np.ndarray
    scaling: float
    keys: np.ndarray
    weights: np.ndarray
    plain: bool
    windows: dict[int, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CorpusVectors:
    """Queries and keys of all heads at the tokens of some sentences, special tokens left out (N tokens).

    Attributes
    ----------
    tokens: a row per token: sentence (from 1, among those used), position (in the sequence that the model saw, from 0),
        text (the token), word (its number in the sentence, from 1), upos, relation, frequency (of the word in the whole
        corpus, ignoring case and inflection), said (the word in guillemets, between its neighbours); where the
        tokenizer did not know some characters also unknown: 1 for such a token
    layers: the vectors of each layer that has attention, by its number, in order
    causal: whether a query sees only itself and earlier tokens
    corpus, left_out: its name; the number of sentences that could not be used
    model, name, revision: the model's title, the name that opens it, its revision
    reading: the arguments, for the reproduction snippet
    source_tokens: of cross attention the tokens of the sources, whose keys these are, as `tokens`; else None
    """

    tokens: pd.DataFrame
    layers: Mapping[int, LayerVectors]
    causal: bool
    corpus: str
    left_out: int
    model: str
    name: str
    revision: str
    reading: dict = field(default_factory=dict)
    source_tokens: pd.DataFrame | None = None

    @property
    def part(self) -> Part:
        """The part of an encoder–decoder that was read, "" for the model itself."""
        return self.reading.get("part", "")

    @property
    def key_tokens(self) -> pd.DataFrame:
        """The tokens whose keys these are."""
        return self.tokens if self.source_tokens is None else self.source_tokens

    @cached_property
    def sentences(self) -> list[slice]:
        """The rows of each sentence in `tokens`."""
        return _by_sentence(self.tokens)

    @cached_property
    def key_sentences(self) -> list[slice]:
        """The rows of each sentence in `key_tokens`."""
        return _by_sentence(self.key_tokens)


def _by_sentence(tokens: pd.DataFrame) -> list[slice]:
    numbers = tokens["sentence"].to_numpy()
    starts = np.flatnonzero(np.diff(numbers, prepend=0))
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], len(numbers)], strict=True)]


Read = Sequence[tuple[ParsedSentence, Encoding]]


def corpus_vectors(
    model: AttentionModel, used: Read, counts: Mapping[str, int], sources: Read | None = None
) -> tuple[pd.DataFrame, pd.DataFrame | None, dict[int, LayerVectors]]:
    """The tokens of these sentences, of cross attention also those of the sources, and all heads' queries and keys, in
    one pass.

    counts: the frequency of each word, by `ParsedSentence.keys`; sources: of a decoder and its cross attention the
    source of each sentence. Of the attention, only each query's strongest keys are stored. Raises UserError where the
    model's queries and keys cannot be read.
    """
    queries, layers = _Words.of(used), {}
    keys = _Words.of(sources) if sources is not None and model.part == "cross" else queries
    if sources is None:
        for batch in batches([(place, sentence, encoding) for place, (sentence, encoding) in enumerate(used)]):
            visitor = _Collect(layers, [place for place, _, _ in batch], queries, keys, model.causal)
            visit(model, [encoding for _, _, encoding in batch], visitor)
    else:
        for place, ((_, target), (_, source)) in enumerate(zip(used, sources, strict=True)):
            part = of_part(model, model.part, source)
            visit(part, target, _Collect(layers, [place], queries, keys, model.causal))
    of_keys = None if keys is queries else _tokens(keys.texts, keys.tokens, counts)
    return _tokens(used, queries.tokens, counts), of_keys, {number: layers[number] for number in sorted(layers)}


@dataclass(frozen=True, eq=False)
class _Words:
    """The tokens of words, special ones left out, of some sentences.

    texts: the sentences; tokens: the places of each sentence's own in its text; starts: where they begin among all, and
    behind the last how many there are
    """

    texts: Read
    tokens: list[np.ndarray]
    starts: np.ndarray

    @classmethod
    def of(cls, texts: Read) -> _Words:
        tokens = [np.flatnonzero([word is not None for word in encoding.word_of]) for _, encoding in texts]
        return cls(texts, tokens, np.cumsum([0, *map(len, tokens)]))


class _Collect:
    """Visitor: collects queries, keys and the strongest weights of each text at their places among all tokens."""

    wants_qkv = True
    two_texts = True

    def __init__(
        self, layers: dict[int, LayerVectors], numbers: list[int], queries: _Words, keys: _Words, causal: bool
    ):
        self.layers, self.numbers, self.queries, self.keys, self.causal = layers, numbers, queries, keys, causal

    def block(self, block: Block) -> None:
        q, k, scaling = block.q, block.k, block.scaling
        assert q is not None and k is not None and scaling is not None  # asked for: wants_qkv
        number = self.numbers[block.text]
        own, start = self.queries.tokens[number], int(self.queries.starts[number])
        others, first = self.keys.tokens[number], int(self.keys.starts[number])
        if block.layer not in self.layers:
            heads, _, d = q.shape
            shape, of_keys = (heads, int(self.queries.starts[-1])), (heads, int(self.keys.starts[-1]))
            self.layers[block.layer] = LayerVectors(
                np.zeros((*shape, d), np.float32),
                np.zeros((*of_keys, d), np.float32),
                float(scaling),
                np.full((*shape, STRONGEST), -1),
                np.zeros((*shape, STRONGEST), np.float32),
                True,
            )
        if self.layers[block.layer].plain and not _plain(block, scaling * q[:, block.rows], k, self.causal):
            self.layers[block.layer] = replace(self.layers[block.layer], plain=False)
        held = self.layers[block.layer]
        if block.rows.start == 0:
            held.q[:, start : start + len(own)] = q.float().cpu().numpy()[:, own]
            held.k[:, first : first + len(others)] = k.float().cpu().numpy()[:, others]
        inside = (own >= block.rows.start) & (own < block.rows.stop)
        weights = block.weights[:, own[inside] - block.rows.start].cpu().numpy()
        columns = others[others < weights.shape[2]]
        weights = weights[:, :, columns]
        most = min(STRONGEST, len(columns))
        best = np.argsort(-weights, axis=2, kind="stable")[:, :, :most]
        shares = np.take_along_axis(weights, best, 2)
        rows = start + np.flatnonzero(inside)
        held.keys[:, rows, :most] = np.where(shares > 0, first + best, -1)
        held.weights[:, rows, :most] = shares
        if block.allowed is not None:
            allowed = np.zeros((len(rows), len(others)), bool)
            allowed[:, : len(columns)] = block.allowed.cpu().numpy()[np.ix_(own[inside] - block.rows.start, columns)]
            whole = np.ones((len(own), len(others)), bool)
            whole = np.tril(whole) if self.causal else whole
            if not allowed[whole[inside]].all():
                held.windows.setdefault(number, whole)[inside] = allowed


def _plain(block: Block, scaled: torch.Tensor, k: torch.Tensor, causal: bool) -> bool:
    """Whether a block's weights are exactly the softmax of its scaled queries times its keys."""
    keys = block.weights.shape[2]
    scores = scaled @ k[:, :keys].transpose(1, 2)
    seen = torch.ones(scores.shape[1:], dtype=torch.bool, device=scores.device)
    if block.allowed is not None:
        seen = block.allowed
    elif causal:
        seen = seen.tril(block.rows.start)
    ours = scores.masked_fill(~seen, -torch.inf).softmax(-1)
    return bool((ours - block.weights).abs().max() < ROUNDING)


def _tokens(used: Read, word_tokens: Sequence[np.ndarray], counts: Mapping[str, int]) -> pd.DataFrame:
    rows = []
    for number, ((sentence, encoding), tokens) in enumerate(zip(used, word_tokens, strict=True), 1):
        for token in tokens.tolist():
            word, unread = encoding.word_of[token], encoding.unknown[token]
            rows.append(
                {
                    "sentence": number,
                    "position": token,
                    "text": encoding.drawn[token],
                    "word": word + 1,
                    "upos": sentence.upos[word],
                    "relation": sentence.bases[word],
                    "frequency": counts.get(sentence.keys[word], 0),
                    "said": _in_context(sentence.words, word, unread),
                    "unknown": int(unread),
                }
            )
    found = pd.DataFrame(rows)
    return found if any(row["unknown"] for row in rows) else found.drop(columns="unknown", errors="ignore")


def _in_context(words: Sequence[str], place: int, unread: bool) -> str:
    """``… Osaka says «ramen» is her …``: a word between its neighbours, marked where the tokenizer does not know it."""
    first, last = max(0, place - NEIGHBOURS), min(len(words), place + NEIGHBOURS + 1)
    parts = [f"«{visible(word)}»" if k == place else visible(word) for k, word in enumerate(words)]
    parts[place] += f" {UNKNOWN}" if unread else ""
    parts = parts[first:last]
    return " ".join([*(["…"] if first else []), *parts, *(["…"] if last < len(words) else [])])
