"""What a head's absence changes on a single text, position by position: METRICS §7."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.heads.standing import figure
from dashboard.heads.view import HeadId
from dashboard.heads.wording import counted
from dashboard.text.encoding import Encoding, Special, Unit


@dataclass(frozen=True, eq=False)
class TextEffect:
    """What changes at each of m positions of a text without a head.

    Attributes
    ----------
    head, measure, model: which head; "loss_change" (nats) or "shift" (1 − cosine); the model's title
    unit, text, labels, special, spans: the positions, as in `dashboard.heads.view.HeadView`
    values: float64 (m). A word's `loss_change` is the sum over its tokens, so that all sum to the change of the whole
        text; its `shift` is the mean over its tokens. NaN for a position with no token that is read
    loss: what the model as it is loses on each position, nats, summed like `values`; None where it predicts nothing
    """

    head: HeadId
    measure: str
    model: str
    unit: Unit
    text: str
    labels: tuple[str, ...]
    special: tuple[bool, ...]
    spans: tuple[tuple[int, int] | None, ...]
    values: np.ndarray
    loss: np.ndarray | None

    def __len__(self) -> int:
        return len(self.labels)


def text_effect(
    tokens: pd.DataFrame, head: HeadId, encoding: Encoding, *, unit: Unit = "tokens", special: Special = "show",
    model: str = "",
) -> TextEffect:  # fmt: skip
    """The rows of one head (`dashboard.effects.Effect.tokens`) over the positions of a text.

    special: "hide" leaves out special positions, which have no figure
    """
    mine = tokens[(tokens["layer"] == head.layer) & (tokens["head"] == head.head)]
    measure = "shift" if "shift" in tokens else "loss_change"
    axis, whole = encoding.axis(unit), {}
    for name in (measure, "loss"):
        each = np.full(len(encoding), np.nan)
        if name in mine:
            each[mine["position"].to_numpy(int)] = mine[name]
        pooled = [each[list(members)] for members in axis.members]
        together = np.mean if name == "shift" else np.sum
        read = [one[~np.isnan(one)] for one in pooled]
        whole[name] = np.array([together(one) if len(one) else np.nan for one in read])
    empty = np.array(axis.special, bool) & np.isnan(whole[measure])
    shown = [k for k in range(len(empty)) if special == "show" or not empty[k]]
    labels, marks, spans = (tuple(part[k] for k in shown) for part in (axis.labels, axis.special, axis.spans))
    loss = whole["loss"][shown] if "loss" in mine else None
    return TextEffect(
        head, measure, model, unit, encoding.text, labels, marks, spans, whole[measure][shown], loss
    )  # fmt: skip


def most_changed(effect: TextEffect, most: int = 3) -> str:
    """Which positions change most, in a sentence; empty where there is none."""
    known = np.flatnonzero(~np.isnan(effect.values))
    order = known[np.argsort(-np.abs(effect.values[known]), kind="stable")][:most]
    if not len(order):
        return ""
    if not np.abs(effect.values[order]).any():
        return f"Nothing changes on any of the {counted(len(known), effect.unit)}."
    named = ", ".join(f"“{effect.labels[k]}” ({_signed(effect, k)})" for k in order)
    return f"Most changes on {named}."


def token_rows(tokens: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """A row per head and token that is read, from the two tables of `dashboard.effects.Effect`.

    Columns: layer, head, position, token, the measure; in a language model also p and p_ablated, the probability of the
    token with the head and without it, and where the prediction changes old, new, p_old, p_old_ablated, p_new,
    p_new_ablated, else empty.
    """
    if "loss" not in tokens:
        return tokens
    kept = tokens.drop(columns="loss").assign(
        p=np.exp(-tokens["loss"]), p_ablated=np.exp(-tokens["loss"] - tokens["loss_change"])
    )
    return kept.merge(changed.drop(columns="token"), how="left", on=["layer", "head", "position"])


def _signed(effect: TextEffect, place: int) -> str:
    value = effect.values[place]
    if effect.measure == "shift":
        return figure(value)
    return f"{'+' if value > 0 else ''}{figure(value)}\u00a0nats"
