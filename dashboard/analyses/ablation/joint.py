"""Several heads taken out of a model at once, beside each of them alone: METRICS §7."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from dashboard.heads.format import figure, listed
from dashboard.heads.head_id import heads_of

ROUNDING = 1e-5  # what is not above it all is next to nothing
NEAR = 0.1  # of all figures' size: what is nearer to the sum of each alone is called about the sum

Interplay = Literal["more", "less", "sum", "one", "other", "mixed", "none"]
"""Of each measure: what it looks like where heads change more together, or less, than the sum of each alone."""


def joint_table(alone: pd.DataFrame, together: pd.DataFrame) -> pd.DataFrame:
    """The figures of an ablation of several heads beside each alone, a row each, and of their sum.

    Parameters
    ----------
    alone: a row per head: layer, head, `loss_change` (nats per token) or `shift` (1 − cosine); of
        `effect.effect_table` over a single text
    together: the row of all of them together, over the same text

    Columns: heads, like ``"L2H9"`` and ``"L2H9,L5H1"``; what: "alone", "sum" (Σ of each alone) or "together"; and the
    measure. The sum is a yardstick: neither losses nor angles of several heads need to add up.
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
    """How heads taken out together compare with the sum of each alone, of a `joint_table`.

    The first that fits, in parts of the larger of |together| and Σ |alone|:
    "none": no figure is above 1e-5, or nothing was read
    "one", "sum": together is within a tenth of the sum; "one" where all figures alone but the largest are a tenth
    "mixed": figures alone of either sign are more than a tenth of the largest
    "other": together and the sum lie on either side of 0
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
    """Every figure of a `joint_table`, in words."""
    name = "shift" if "shift" in table else "loss_change"
    alone = table[table["what"] == "alone"]
    return listed([f"{head} {signed(table, value)}" for head, value in zip(alone["heads"], alone[name], strict=True)])


def values_of(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float]:
    """All figures, those of each head alone, and that of all together."""
    values = table["shift" if "shift" in table else "loss_change"].to_numpy(float)
    return values, values[(table["what"] == "alone").to_numpy()], float(values[-1])


def signed(table: pd.DataFrame, value: float) -> str:
    return ("+" if "loss_change" in table and value > 0 else "") + figure(value)
