"""Attention by distance: the attention from one word to another that it depends on, at several distances.

The two words are a verb and its subject, separated by clauses, or two mentions of one name, with paragraphs between. A
share of attention alone says little: a head with an even spread gives every word some, and a head with a fixed offset
gives much to any word there. So each share comes with the same head's share to other words at the same distance.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import pandas as pd
import torch

from dashboard.analyses.long_range.questions import Question, question_of
from dashboard.analyses.long_range.trial import Trial
from dashboard.capture import AttentionModel, Block, visit
from dashboard.errors import UserError
from dashboard.heads.chance import SEED, DrawnSets, q_of_texts
from dashboard.heads.head_id import HeadId, every_head, head_columns
from dashboard.text.encoding import Encoding

RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class Step:
    """The measurement at one distance: T texts, L layers, H heads.

    Attributes
    ----------
    share: attention from the query word to the key word, (T, L, H), in [0, 1]. Word level: summed over the tokens of
        the key word, averaged over those of the query word (METRICS §0); special tokens count
    apart: the same head's share to an equally distant word: with d the distance of the two in words, the mean share
        from all other words i of the same text to the word i - d, (T, L, H)
    even: the share that an even spread over all visible tokens would give, (T)
    words: the distance in words (T)
    others: of each text the words with a word at this distance, as places from the query word's, the query word itself
        (0) among them, and their shares, float32 (words, L · H)
    seconds: the duration of the pass; tokens: the number of tokens
    """

    share: np.ndarray
    apart: np.ndarray
    even: np.ndarray
    words: np.ndarray
    others: Sequence[tuple[np.ndarray, np.ndarray]]
    seconds: float
    tokens: int


@dataclass(frozen=True, eq=False)
class LongRange:
    """One question, measured at all S distances: `share` and `apart` (T, S, L, H), `even` and `words` (T, S).

    chance: of each text what could be drawn, and its shares. A draw moves the query word and the key word by as many
        words at all distances, for the two are the same at all of them: a text counts once, not S times
    """

    question: Question
    model: str
    name: str
    revision: str
    share: np.ndarray
    apart: np.ndarray
    even: np.ndarray
    words: np.ndarray
    chance: Sequence[tuple[DrawnSets, np.ndarray]] = ()

    @cached_property
    def q(self) -> np.ndarray:
        """q of each head's share over all texts and distances, by other words of the same texts as far apart (METRICS
        §10): (L, H), NaN for heads that are not there, and for all of a measurement without draws."""
        shape = self.share.shape[2:]
        return q_of_texts(self.chance).reshape(shape) if len(self.chance) else np.full(shape, np.nan)

    @property
    def chosen_on(self) -> np.ndarray:
        """The items for choosing heads: the even ones, counted from 0."""
        return np.arange(0, len(self.share), 2)

    @property
    def judged_on(self) -> np.ndarray:
        """The items for evaluating the chosen heads: the odd ones."""
        return np.arange(1, len(self.share), 2)

    def lift(self, items: np.ndarray | None = None) -> np.ndarray:
        """share - apart, the mean over these items (default: all) and all distances: (L, H), in [-1, 1]."""
        every = self.share - self.apart
        return (every if items is None else every[items]).mean((0, 1))

    def best(self, count: int) -> list[HeadId]:
        """The heads with the highest lift on `chosen_on`; ties go to the lower layer, then the lower head.

        The best of many is overestimated on the items it was chosen on, so evaluate these on `judged_on`.
        """
        lift = self.lift(self.chosen_on)
        order = np.argsort(-lift.ravel(), kind="stable")[:count]
        every = every_head(*lift.shape)
        return [every[place] for place in order]


def measure_step(model: AttentionModel, trials: Sequence[Trial]) -> Step:
    """Measure one distance on all texts, for all heads, in one batched pass that keeps one number per word and head.

    Raises UserError if the model cannot read these texts: too long for it, or a word without a token.
    """
    encodings = [model.encode(trial.text) for trial in trials]
    along = _Visitor(model, encodings, [_words_of(model, e, t) for e, t in zip(encodings, trials, strict=True)])
    began = time.perf_counter()
    visit(model, encodings, along)
    return Step(
        share=np.stack([text.share for text in along.texts]),
        apart=np.stack([text.apart for text in along.texts]),
        even=np.array([text.even for text in along.texts]),
        words=np.array([text.back for text in along.texts]),
        others=[text.others for text in along.texts],
        seconds=time.perf_counter() - began,
        tokens=sum(map(len, encodings)),
    )


def gather(model: AttentionModel, question: Question, steps: Sequence[Step]) -> LongRange:
    """Combine the distances of one question, in order."""
    return LongRange(
        question,
        model.title,
        model.name,
        model.revision,
        share=np.stack([step.share for step in steps], 1),
        apart=np.stack([step.apart for step in steps], 1),
        even=np.stack([step.even for step in steps], 1),
        words=np.stack([step.words for step in steps], 1),
        chance=[
            _chance(number, texts) for number, texts in enumerate(zip(*(step.others for step in steps), strict=True))
        ],
    )


def _chance(number: int, steps: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[DrawnSets, np.ndarray]:
    """What can be drawn in place of the two words of a text, and its shares, the mean over the distances: see
    `LongRange`. steps: of this text as in `Step.others`"""
    moves = reduce(np.intersect1d, [moved for moved, _ in steps])
    values = np.stack([shares[np.isin(moved, moves)] for moved, shares in steps]).mean(0, dtype=np.float64)
    cells = np.arange(len(moves))
    return DrawnSets([cells[moves == 0]], [cells], len(cells), (SEED, number)), values


def long_range(model: AttentionModel, question: str = "verb") -> LongRange:
    """Measure all texts at all distances. Raises UserError for an unknown question, and as `measure_step` does."""
    chosen = question_of(question)
    return gather(model, chosen, [measure_step(model, trials) for trials in zip(*chosen.trials(), strict=True)])


def curve(found: LongRange, head: HeadId, items: np.ndarray | None = None) -> pd.DataFrame:
    """One head by distance: a row per step, with means over these items (default: all) and intervals.

    Columns layer, head, step (the distance, in the question's unit), words (the mean distance in words), texts, then
    share, apart and lift = share - apart, each with _low and _high, and even. Interval: 95 % bootstrap over the
    texts (METRICS §0: 1,000 resamples, seed 0, the same for every head and distance).
    """
    items = np.arange(len(found.share)) if items is None else items
    share = found.share[items, :, head.layer, head.head].astype(float)
    apart = found.apart[items, :, head.layer, head.head].astype(float)
    columns = {
        **head_columns([head] * len(found.question.steps)),
        "step": found.question.steps,
        "words": found.words[items].mean(0),
        "texts": len(items),
    }
    again = np.random.default_rng(0).integers(0, len(items), (RESAMPLES, len(items)))
    for name, values in (("share", share), ("apart", apart), ("lift", share - apart)):
        low, high = np.percentile(values[again].mean(1), [2.5, 97.5], axis=0)
        columns |= {name: values.mean(0), f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(columns | {"even": found.even[items].mean(0)})


def table(found: LongRange) -> pd.DataFrame:
    """Every head by distance, over all texts: the columns of `curve` and q, a row per head and step. q is of the head,
    over all distances."""
    rows = [curve(found, head).assign(q=found.q[head.layer, head.head]) for head in heads_in(found)]
    return pd.concat(rows, ignore_index=True)


def heads_in(found: LongRange) -> list[HeadId]:
    """The heads that there are: layers may have none, or fewer than others."""
    every = every_head(*found.share.shape[2:])
    return [head for head in every if not np.isnan(found.share[:, :, head.layer, head.head]).all()]


def _words_of(model: AttentionModel, encoding: Encoding, trial: Trial) -> tuple[int, int]:
    """The indices of the query word and the key word."""

    def under(start: int) -> int | None:
        return next((k for k, word in enumerate(encoding.words) if word.start <= start < word.end), None)

    looks, seen = under(trial.looks), under(trial.seen)
    if encoding.left_out or looks is None or seen is None:
        raise UserError(
            f"{model.title} cannot read the texts of this measurement whole: it takes {model.limit:,} tokens at a "
            "time, or has none for some of their words. Choose another model."
        )
    return looks, seen


class _Text:
    """One text's sums: for every word i that has a word i - d, its attention to that word."""

    def __init__(self, model: AttentionModel, encoding: Encoding, looks: int, seen: int) -> None:
        device = next(model.loaded.model.parameters()).device
        m, self.back = len(encoding.words), looks - seen
        words = np.array([-1 if word is None else word for word in encoding.word_of])
        sizes = np.bincount(words[words >= 0], minlength=m)
        there = words - self.back
        counts = (words >= 0) & (there >= 0)
        counts[counts] = (sizes[there[counts]] > 0) & (there[counts] < m)
        # for each token of such a word: its word, its part of the word, and the tokens of its key word
        self.tokens = torch.tensor(np.flatnonzero(counts), device=device)
        self.word = torch.tensor(words[counts], device=device)
        self.part = torch.tensor(1 / sizes[words[counts]], dtype=torch.float32, device=device)
        self.key_tokens = torch.tensor(words[None] == there[counts, None], dtype=torch.float32, device=device)
        self.sums = torch.full((model.layers, model.heads, m), torch.nan, device=device)
        for layer in model.numbers:
            self.sums[layer, : model.heads_of(layer)] = 0.0
        self.looks, self.apart_from = looks, np.setdiff1d(np.unique(words[counts]), [looks])
        rows = np.flatnonzero(words == looks)
        visible = rows + 1 if model.causal else np.full(len(rows), len(encoding))
        self.even = float((sizes[seen] / visible).mean())

    def add(self, block: Block) -> None:
        inside = (self.tokens >= block.rows.start) & (self.tokens < block.rows.stop)
        rows, keys = self.tokens[inside] - block.rows.start, block.weights.shape[-1]
        given = (block.weights[:, rows] * self.key_tokens[inside, :keys]).sum(-1) * self.part[inside]
        self.sums[block.layer, : len(given)].index_add_(1, self.word[inside], given)

    @property
    def share(self) -> np.ndarray:
        return self.sums[..., self.looks].cpu().numpy()

    @property
    def apart(self) -> np.ndarray:
        return self.sums[..., self.apart_from].mean(-1).cpu().numpy()

    @property
    def others(self) -> tuple[np.ndarray, np.ndarray]:
        """The places of all words that could be the query word, from it, and their shares: see `Step`."""
        pool = np.sort(np.append(self.apart_from, self.looks))
        return pool - self.looks, self.sums[..., pool].flatten(0, 1).T.cpu().numpy()


class _Visitor:
    """Visitor: the sums of several texts."""

    def __init__(self, model: AttentionModel, encodings: list[Encoding], words: list[tuple[int, int]]) -> None:
        self.texts = [_Text(model, encoding, *pair) for encoding, pair in zip(encodings, words, strict=True)]

    def block(self, block: Block) -> None:
        self.texts[block.text].add(block)
