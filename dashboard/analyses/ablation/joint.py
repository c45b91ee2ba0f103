"""Joint ablation of several heads, compared with the ablation of each alone: METRICS §7."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from dashboard.heads.format import figure, listed
from dashboard.heads.head_id import heads_of

ROUNDING = 1e-5  # effects whose total size is at most this count as none
NEAR = 0.1  # relative: a joint effect this close to the sum of the single effects counts as equal to it

Interplay = Literal["more", "less", "sum", "one", "other", "mixed", "none"]
"""How a joint effect compares with the sum of the single effects, see `interplay`."""


def joint_table(alone: pd.DataFrame, together: pd.DataFrame) -> pd.DataFrame:
    """The effect of each head alone, their sum, and the joint effect, a row each.

    Parameters
    ----------
    alone: a row per head: layer, head, `loss_change` (nats per token) or `shift` (1 − cosine); from
        `effect.effect_table` over one text
    together: the row of the joint ablation, over the same text

    Columns: heads, like ``"L2H9"`` and ``"L2H9,L5H1"``; what: "alone", "sum" (Σ of each alone) or "together"; and the
    measure. The sum is only a reference: neither losses nor angles of several heads need to add up.
    """
    name = "shift" if "shift" in together else "loss_change"
    names = list(map(str, heads_of(alone)))
    every = ",".join(names)
    return pd.DataFrame(
        {
            "heads": [*names, every, every],
            "what": [*["alone"] * len(names), "sum", "together"],
            name: [*alone[name], alone[name].sum(skipna=False), together[name].item()],
        }
    )


def interplay(table: pd.DataFrame) -> Interplay:
    """How the joint effect compares with the sum of the single effects, from a `joint_table`.

    The first that fits; "a tenth" is relative to size = max(|together|, Σ |alone|):
    "none": size is at most 1e-5, or nothing was measured
    "one", "sum": |together − sum| is at most a tenth; "one" if all single effects but the largest add up to
        at most a tenth
    "mixed": there are single effects of both signs, each above a tenth of the largest
    "other": together and the sum have opposite signs
    "more", "less": together is further from 0 than the sum, or nearer
    """
    values, alone, together = values_of(table)
    size = max(np.abs(alone).sum(), abs(together))
    if np.isnan(values).any() or size <= ROUNDING:
        return "none"
    largest = np.abs(alone).max()
    if abs(together - alone.sum()) <= NEAR * size:
        return "one" if np.abs(alone).sum() - largest <= NEAR * size else "sum"
    if alone.min() < -NEAR * largest and alone.max() > NEAR * largest:
        return "mixed"
    if together * alone.sum() < 0:
        return "other"
    return "more" if abs(together) > abs(alone.sum()) else "less"


def alone_and_jointly(table: pd.DataFrame) -> str:
    """The effect of each head alone in a `joint_table`, in words."""
    name = "shift" if "shift" in table else "loss_change"
    alone = table[table["what"] == "alone"]
    return listed([f"{head} {signed(table, value)}" for head, value in zip(alone["heads"], alone[name], strict=True)])


def values_of(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float]:
    """All figures of a `joint_table`, those of single heads, and the joint one."""
    values = table["shift" if "shift" in table else "loss_change"].to_numpy(float)
    return values, values[(table["what"] == "alone").to_numpy()], float(values[-1])


def signed(table: pd.DataFrame, value: float) -> str:
    return ("+" if "loss_change" in table and value > 0 else "") + figure(value)
