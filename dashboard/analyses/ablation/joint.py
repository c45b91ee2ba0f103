"""Several heads taken out of a model at once, beside each of them alone: METRICS §7."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from dashboard.analyses.ablation.rank import UNITS
from dashboard.heads.format import counted, figure, listed
from dashboard.heads.head_id import heads_of

ROUNDING = 1e-5  # what is not above it all is next to nothing
NEAR = 0.1  # of all figures' size: what is nearer to the sum of each alone is called about the sum

Interplay = Literal["more", "less", "sum", "one", "other", "mixed", "none"]
SAID: dict[Interplay, str] = {
    "more": "more than",
    "less": "less than",
    "sum": "about",
    "one": "about",
    "other": "on the other side of 0 from",
    "mixed": "beside",
}
BELOW: dict[Interplay, str] = {"more": "further below 0 than", "less": "less far below 0 than"}  # where the sum is
LOOKS: dict[str, dict[Interplay, str]] = {
    "loss_change": {
        "more": "heads can replace each other: while one is out, another still does its work",
        "less": "heads depend on each other: with one out, there is less for the next to break",
        "sum": "each does work of its own",
    },
    "shift": {
        "more": "heads turn the vectors the same way, or can replace each other",
        "less": "heads turn the vectors in opposite ways, or depend on each other",
        "sum": "each turns the vectors in a way of its own",
    },
}
"""Of each measure: what it looks like where heads change more together, or less, than the sum of each alone."""
ADD_UP = {"loss_change": "losses", "shift": "angles"}


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
    values, alone, together = _values(table)
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


def joint_finding(table: pd.DataFrame) -> str:
    """Together and the sum of each alone, in a sentence; empty where nothing was read."""
    _, alone, together = _values(table)
    which = interplay(table)
    if which == "none":
        known = not np.isnan([*alone, together]).any()
        many = counted(len(alone), "heads")
        return f"Next to nothing changes without these {many}, together or alone." if known else ""
    unit = f" {UNITS['loss_change']}" if "loss_change" in table else ""
    total = _signed(table, alone.sum())
    beside = (SAID | BELOW if alone.sum() < 0 else SAID)[which]
    return f"Together {_signed(table, together)}{unit}, {beside} the sum of each alone, {total}."


def together_remark(table: pd.DataFrame) -> str:
    """What that may mean, and how little it is; empty where nothing changes."""
    name, which = "shift" if "shift" in table else "loss_change", interplay(table)
    if which == "none":
        return ""
    if which == "one":
        return "One of them alone changes nearly all of it, so this says little of how they work together."
    if which in ("mixed", "other"):
        return "What each changes alone says little here of how they work together."
    return (
        f"So it looks where {LOOKS[name][which]}. It can have other reasons, as {ADD_UP[name]} need not add up, and "
        "may be otherwise on other texts."
    )


def alone_and_jointly(table: pd.DataFrame) -> str:
    """Every figure of a `joint_table`, in words."""
    name = "shift" if "shift" in table else "loss_change"
    alone = table[table["what"] == "alone"]
    return listed([f"{head} {_signed(table, value)}" for head, value in zip(alone["heads"], alone[name], strict=True)])


def _values(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float]:
    """All figures, those of each head alone, and that of all together."""
    values = table["shift" if "shift" in table else "loss_change"].to_numpy(float)
    return values, values[(table["what"] == "alone").to_numpy()], float(values[-1])


def _signed(table: pd.DataFrame, value: float) -> str:
    return ("+" if "loss_change" in table and value > 0 else "") + figure(value)
