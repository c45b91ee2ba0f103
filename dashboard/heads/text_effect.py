"""A figure of one text, position by position: the effect of an intervention (METRICS §7 and §9), or an attribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import TypeVar

import numpy as np
import pandas as pd

from dashboard.heads.format import counted, figure
from dashboard.text.display import marked
from dashboard.text.encoding import Encoding, Special, Unit


@dataclass(frozen=True, eq=False)
class TextEffect:
    """The effect of an ablation or of edits at each of m positions of a text, or what each adds to a prediction.

    Attributes
    ----------
    measure, model: "loss_change" (nats), "shift" (1 − cosine) or "attribution" (logits); the model's title
    unit, text, labels, special, spans, unknown, stretches: the positions, as in `dashboard.heads.view.HeadView`
    values: float64 (m). A word's `loss_change` or `attribution` is the sum over its tokens, so that all words sum to
        that of the whole text; its `shift` is the mean over its tokens. NaN for a position without a measured token
    loss: the intact model's loss at each position, nats, summed like `values`; None if it predicts nothing
    read: int64 (m), the number of measured tokens at each position
    words: for each position the word of the text that it is, or is a part of, from 0; None for a special position
    """

    measure: str
    model: str
    unit: Unit
    text: str
    labels: tuple[str, ...]
    special: tuple[bool, ...]
    spans: tuple[tuple[int, int] | None, ...]
    values: np.ndarray
    loss: np.ndarray | None
    read: np.ndarray
    unknown: tuple[int, ...] = ()
    words: tuple[int | None, ...] = ()
    stretches: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def drawn(self) -> tuple[str, ...]:
        """The labels as a picture shows them, with characters unknown to the tokenizer marked."""
        return marked(self.labels, self.unknown)


One = TypeVar("One")


def effect_on_text(
    tokens: pd.DataFrame, encoding: Encoding, *, unit: Unit = "tokens", special: Special = "show", model: str = ""
) -> TextEffect:
    """The effect at each position, from a row for each measured token: position, the measure, and loss if there is one.

    special: "hide" leaves out special positions, which have no figure
    """
    measure = next((one for one in ("shift", "attribution") if one in tokens), "loss_change")
    axis = encoding.axis(unit)
    values, read = _pooled(tokens, measure, axis.members, len(encoding))
    visible = [k for k in range(len(values)) if special == "show" or not (axis.special[k] and np.isnan(values[k]))]

    def select(part: Sequence[One]) -> tuple[One, ...]:
        return tuple(part[k] for k in visible)

    loss = _pooled(tokens, "loss", axis.members, len(encoding))[0][visible] if "loss" in tokens else None
    places = select(axis.labels), select(axis.special), select(axis.spans)
    numbers = values[visible], loss, read[visible]
    words = select([encoding.word_of[members[0]] for members in axis.members])
    stretches = select(axis.stretches) if axis.stretches else ()
    return TextEffect(measure, model, unit, encoding.text, *places, *numbers, select(axis.unknown), words, stretches)


def word_most_changed(effect: TextEffect, among: Sequence[int]) -> int | None:
    """The word with the largest effect, its positions summed, of those in `among`; None if there is none.

    Words come first to which the model gives 1 % or more, with or without: from 0.001 to 0.002 % is no news.
    """
    sums = {word: np.zeros(2) for word in among}
    loss = np.zeros(len(effect)) if effect.loss is None else effect.loss
    for word, *figures in zip(effect.words, np.nan_to_num(loss), np.nan_to_num(effect.values), strict=True):
        if word in sums:
            sums[word] += figures

    def change(word: int) -> tuple[bool, float]:
        before, more = sums[word].tolist()
        return exp(-min(before, before + more)) >= 0.01, abs(more)

    return max(sums, key=change, default=None)


def most_changed(effect: TextEffect, most: int = 3) -> str:
    """A sentence that names the positions with the largest effect; empty if there are none."""
    known = np.flatnonzero(~np.isnan(effect.values))
    order = known[np.argsort(-np.abs(effect.values[known]), kind="stable")][:most]
    if not len(order):
        return ""
    if not np.abs(effect.values[order]).any():
        return f"Nothing changes on any of the {counted(len(known), effect.unit)}."
    named = ", ".join(f"“{effect.drawn[k]}” ({_place(effect, k)}{_signed(effect, k)})" for k in order)
    return f"Largest changes: {named}."


def _pooled(tokens: pd.DataFrame, name: str, members: Sequence[Sequence[int]], n: int) -> tuple[np.ndarray, np.ndarray]:
    """A column of tokens pooled to positions, and the number of measured tokens of each; NaN where there are none.

    members: for each position, its tokens among the n of the text
    """
    each = np.full(n, np.nan)
    each[tokens["position"].to_numpy(int)] = tokens[name]
    read = [one[~np.isnan(one)] for one in (each[list(some)] for some in members)]
    together = np.mean if name == "shift" else np.sum
    return np.array([together(one) if len(one) else np.nan for one in read]), np.array([len(one) for one in read], int)


def _place(effect: TextEffect, place: int) -> str:
    """For a label that occurs more than once, its place in the text, from 1, special tokens not counted."""
    if effect.labels.count(effect.labels[place]) == 1:
        return ""
    return f"{effect.unit[:-1]} {place + 1 - sum(effect.special[:place])}, "


def _signed(effect: TextEffect, place: int) -> str:
    value = effect.values[place]
    if effect.measure == "shift":
        return figure(value)
    return f"{'+' if value > 0 else ''}{figure(value)}\u00a0nats"
