"""Ablation at one word: what the model predicts in its place, with some heads and without them (METRICS §7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import torch

from dashboard.analyses.ablation.measure import Trial, trials
from dashboard.capture import AttentionModel
from dashboard.capture.ablate import By, Held, Means, ablate
from dashboard.capture.language import language_head
from dashboard.errors import UserError
from dashboard.heads.format import heads_together
from dashboard.heads.head_id import HeadId
from dashboard.heads.predictions import best_other, candidates
from dashboard.models.lm_head import LanguageHead
from dashboard.text import Encoding
from dashboard.text.display import visible

TOP = 4  # candidates of the model with the heads, and as many without them


@dataclass(frozen=True, eq=False)
class AblationAtWord:
    """The prediction in the place of one word, with some heads and without them.

    Attributes
    ----------
    table: a row per candidate token: the word's, its rival's, then the `TOP` most probable with the heads and without
        them, by rank. Columns: token (its label), id, which ("word": the first token of the word; "rival": that of its
        rival; "": another), p and p_ablated (probabilities over the whole vocabulary, with the heads and without them),
        rank and rank_ablated (1: the most probable token)
    heads, by: the ablated heads, and what replaces their output
    name, revision, model: of the model: what opens it, its commit, its title
    text: the text; reading: the options it was read with, where they differ from the usual ones (bos, limit, pair)
    word, place: the word, and which of the text's words it is, from 0
    rival: the word that it is compared with, as it was given; "" where it is the most probable other token
    tokens: how many tokens the word has; the first of them is predicted
    causal: whether the prediction is from the words before alone; else from all others, with the token masked
    vocabulary: how many tokens the model chooses from
    part, source: of a decoder or its cross attention the part, and the text that the encoder read; else ""
    """

    table: pd.DataFrame
    heads: tuple[HeadId, ...]
    by: By
    name: str
    revision: str
    model: str
    text: str
    reading: Mapping[str, Any]
    word: str
    place: int
    rival: str
    tokens: int
    causal: bool
    vocabulary: int
    part: str = ""
    source: str = ""

    @property
    def named(self) -> str:
        """``L2H9``, ``L2H9 and L5H1 together``."""
        return heads_together(self.heads)

    def row(self, which: str) -> pd.Series:
        """The row of the "word" or of the "rival"."""
        return self.table[self.table["which"] == which].iloc[0]

    @property
    def difference(self) -> tuple[float, float]:
        """p(word) − p(rival), with the heads and without them, each in [−1, 1]."""
        word, rival = self.row("word"), self.row("rival")
        return word["p"] - rival["p"], word["p_ablated"] - rival["p_ablated"]


@dataclass(eq=False)
class Predictions:
    """What a model predicts at each token of a text, with some heads and without them.

    A causal model's last vectors are kept, so that every further token costs one reading of the vocabulary; a masked
    model runs anew for each token.

    Attributes
    ----------
    model, encoding: the model, and the text as it reads it
    heads: the heads that are ablated together
    by, means, held: as in `dashboard.capture.ablate.ablate`

    Raises UserError for a model that predicts no words.
    """

    model: AttentionModel
    encoding: Encoding
    heads: tuple[HeadId, ...]
    by: By = "zero"
    means: Means | None = None
    held: Held | None = None
    _head: LanguageHead = field(init=False)
    _trials: dict[int, Trial] = field(init=False)
    _first: dict[int, int] = field(init=False)  # word → its first token
    _vectors: torch.Tensor | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        head = language_head(self.model)
        if head is None:
            raise UserError(
                f"{self.model.title} predicts no words, so there is no prediction to change. Choose a model that does, "
                "like smollm2."
            )
        self._head, mask = head, self.model.loaded.tokenizer.mask_token_id
        every = trials(0, self.encoding, causal=self.model.predicts_next, mask=mask, predicts=True)
        self._trials = {token: trial for trial in every for token in trial.tokens}
        places = [(word, token) for token, word in enumerate(self.encoding.word_of) if word is not None]
        self._first = dict(reversed(places))

    @property
    def measured(self) -> tuple[int, ...]:
        """The words that are predicted: all, but in a causal model one that nothing comes before."""
        return tuple(word for word in range(len(self.encoding.words)) if self.first_token(word) in self._trials)

    def first_token(self, word: int) -> int:
        """The first token of a word. word: from 0"""
        return self._first[word]

    @torch.inference_mode()
    def at(self, token: int) -> np.ndarray:
        """The logits of the whole vocabulary in the place of a token, with the heads and without them: float64 (2, V).

        Raises UserError for a token that is not predicted, and as `dashboard.capture.ablate.ablate` does.
        """
        trial = self._trials.get(token)
        if trial is None:
            raise UserError(
                f"“{self.encoding.drawn[token]}” is not predicted, because nothing comes before it. Choose a later "
                "word."
            )
        vectors = self._run(trial)[:, trial.places[trial.tokens.index(token)]]
        return self._head(vectors).double().cpu().numpy()

    def _run(self, trial: Trial) -> torch.Tensor:
        """The last vectors with the heads and without them (2, n, D)."""
        if self._vectors is not None:
            return self._vectors
        intact, runs = ablate(self.model, [trial.encoding], [self.heads], by=self.by, means=self.means, held=self.held)
        [run] = runs
        vectors = torch.stack([intact[0], run.vectors[0, 0]])
        if self.model.predicts_next:
            self._vectors = vectors
        return vectors


def at_word(
    found: Predictions, word: int, rival: str = "", *, reading: Mapping[str, Any] = MappingProxyType({})
) -> AblationAtWord:
    """The prediction in the place of a word, next to that of a rival. See `dashboard.ablate_at_word`.

    reading: the options that the text was read with (bos, limit, pair)
    """
    model, encoding = found.model, found.encoding
    if not 0 <= word < len(encoding.words):
        raise UserError(f"There is no word {word}: the text has words 0 to {len(encoding.words) - 1}.")
    token, rival = found.first_token(word), rival.strip()
    logits, own = found.at(token), encoding.ids[token]
    other = _rival(model, encoding, word, token, rival, reading) if rival else best_other(logits[0], own)
    table = candidates(model.loaded.tokenizer, logits, (own, other), ("word", "rival"), TOP, "ablated")
    return AblationAtWord(
        table.drop(columns=["logit", "logit_ablated"]),
        found.heads,
        found.by,
        model.name,
        model.revision,
        model.title,
        encoding.texts[0],
        reading,
        visible(encoding.words[word].form),
        word,
        rival,
        encoding.word_of.count(word),
        model.predicts_next,
        logits.shape[1],
        *model.read_beside,
    )


def _rival(model: AttentionModel, encoding: Encoding, word: int, token: int, rival: str, how: Mapping[str, Any]) -> int:
    """The id of the first token of a rival, written in the place of the word.

    Raises UserError if it has none of its own: it begins with the word's token, or with the token before it.
    """
    start, end = encoding.words[word].start, encoding.words[word].end
    changed = encoding.text[:start] + rival + encoding.text[end:]
    texts: dict[str, Any] = {"text": changed}
    if encoding.second is not None:
        cut = encoding.second + (len(rival) - (end - start) if start < encoding.second else 0)
        texts = {"text": changed[: cut - 1], "pair": changed[cut:]}
    read = model.encode(**texts, bos=how.get("bos", True), limit=how.get("limit"))
    name = visible(encoding.words[word].form)
    if read.ids[:token] != encoding.ids[:token] or len(read) <= token or read.special[token]:
        raise UserError(
            f"In the place of “{name}”, “{visible(rival)}” shares a token with the words before it. Choose another "
            "rival."
        )
    if read.ids[token] == encoding.ids[token]:
        raise UserError(
            f"“{name}” and “{visible(rival)}” begin with the same token, “{encoding.drawn[token]}”. Choose another "
            "rival."
        )
    return read.ids[token]
