"""Does a head matter? The effect of ablating it, in numbers: METRICS §7.

`dashboard.heads.predictions` gives the numbers for single tokens, `Effects` holds their sums over the tokens of each
text, and `effect_table` turns these into a row per head (or per set of jointly ablated heads) with intervals over the
texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dashboard.heads.bootstrap import intervals
from dashboard.heads.head_id import HeadId, columns_of, head_columns, written_heads

CHANGED = ("heads", "token", "old", "new", "p_old", "p_old_ablated", "p_new", "p_new_ablated")

Heads = tuple[HeadId, ...]  # ablated together


@dataclass(eq=False)
class Effects:
    """The effects of ablating H sets of heads over S texts, as sums over each text's tokens.

    Attributes
    ----------
    sets: the sets of heads that are ablated together, in order; a single head is a set of one
    tokens: the number of measured tokens: int64 (S)
    sums: sums of (loss without the heads − loss with them), nats; or of 1 − cosine of the last vectors: float64 (S, H)
    loss: sums of the intact model's loss: float64 (S); None if the model predicts nothing
    flips: how many most probable predictions change: int64 (S, H); None if the model predicts nothing
    changed: with `keep_each`, the fields of `CHANGED` for each changed prediction: the set, the position of the
        target token, the ids of the most probable token with the heads and without them, and the probability of each
        of the two with the heads and without them
    each, each_loss: with `keep_each`, the summands of `sums` and `loss`: for each text of n tokens float64 (n, H) and
        (n), NaN for a token that is not measured
    """

    sets: list[Heads]
    tokens: np.ndarray
    sums: np.ndarray
    loss: np.ndarray | None = None
    flips: np.ndarray | None = None
    changed: list[tuple] = field(default_factory=list)
    each: list[np.ndarray] = field(default_factory=list)
    each_loss: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def of(cls, sets: list[Heads], texts: int, *, predicts: bool) -> Effects:
        """Sums of zero, before anything is measured."""
        shape = (texts, len(sets))
        effects = cls(sets, np.zeros(texts, np.int64), np.zeros(shape))
        if predicts:
            effects.loss, effects.flips = np.zeros(texts), np.zeros(shape, np.int64)
        return effects

    @property
    def measure(self) -> str:
        """ "loss_change" (nats per token, any sign; above 0: the model predicts worse without the head), or "shift"
        (0: the last vectors point where they did; at most 2)."""
        return "shift" if self.loss is None else "loss_change"

    @property
    def mean_loss(self) -> float | None:
        """The mean loss of the model as it is, nats per token."""
        return None if self.loss is None else float(self.loss.sum() / max(1, self.tokens.sum()))


def set_columns(sets: Sequence[Heads], *, together: bool = False) -> dict[str, Sequence]:
    """The columns that name the heads of each row: layer and head; if `together`, heads, like ``"L2H9,L5H1"``."""
    if together:
        return {"heads": [written_heads(heads) for heads in sets]}
    return head_columns([head for [head] in sets])


def effect_table(effects: Effects, *, together: bool = False) -> pd.DataFrame:
    """A row per head: layer, head, `loss_change` (nats per token) or `shift`, each also with _low and _high, `flips`
    (the share of tokens whose most probable prediction changes; language models), sentences, tokens.

    together: a row per set of heads, with `set_columns` in place of layer and head

    The figure is Σ over texts of the sum / Σ tokens. The interval is the 95 % bootstrap over texts (METRICS §0), empty
    for one text. Texts without a measured token do not count. If there are none at all, all figures are empty.
    """
    some = effects.tokens > 0
    tokens, sums = effects.tokens[some], effects.sums[some]
    total = tokens.sum()
    low = high = np.full(len(effects.sets), np.nan)
    if some.sum() > 1:
        low, high = intervals(sums, tokens)
    name = effects.measure
    columns = {
        **set_columns(effects.sets, together=together),
        name: sums.sum(0) / total if total else low,
        f"{name}_low": low,
        f"{name}_high": high,
    }
    if effects.flips is not None:
        columns["flips"] = effects.flips.sum(0) / total if total else np.full(len(effects.sets), np.nan)
    return pd.DataFrame(columns | {"sentences": int(some.sum()), "tokens": int(total)})


def token_rows(tokens: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """A row per head and measured token, from the two tables of `api.Effect`.

    Columns: layer and head (or heads), position, token, the measure; for a language model also p and p_ablated, the
    probability of the token with the head and without it, and old, new, p_old, p_old_ablated, p_new, p_new_ablated,
    empty unless the prediction changes.
    """
    if "loss" not in tokens:
        return tokens
    rows = tokens.drop(columns="loss").assign(
        p=np.exp(-tokens["loss"]), p_ablated=np.exp(-tokens["loss"] - tokens["loss_change"])
    )
    whose = ["heads"] if "heads" in rows else columns_of(rows)
    return rows.merge(changed.drop(columns="token"), how="left", on=[*whose, "position"])
