"""Where one head stands among all of a model, by what its absence changes over sentences: METRICS §7."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, is_of

UNITS = {"loss_change": "nats per token", "shift": "1 − cosine"}
EXPLAINED = {
    "loss_change": "The loss on a token is −ln of the probability that the model gives to it, in nats; where it grows "
    "by 1 nat, that probability falls to 37 % of what it was.",
    "shift": "The shift is 1 − cosine of a vector with and without the head: 0 where it points as before, 1 at a right "
    "angle.",
}
"""What each measure is, in a sentence."""


@dataclass(frozen=True)
class HeadRank:
    """A head among all of its model.

    Attributes
    ----------
    head: which
    rank, heads: its place, from 1 for the largest figure; of how many. Equal figures share the better place
    value, low, high: its figure, with the 95 % interval over sentences
    alike: how many other heads have an interval that meets its own
    sure: how many heads have an interval that lies above 0, below 0
    sentences, tokens: over how many
    measure: "loss_change" (nats per token) or "shift" (1 − cosine)
    """

    head: HeadId
    rank: int
    heads: int
    value: float
    low: float
    high: float
    alike: int
    sure: tuple[int, int]
    sentences: int
    tokens: int
    measure: str


def head_rank(table: pd.DataFrame, head: HeadId) -> HeadRank:
    """The place of a head in a table of `effect.effect_table` over sentences.

    Raises UserError where the table has no such head.
    """
    name = "shift" if "shift" in table else "loss_change"
    mine = table[is_of(table, head)]
    if mine.empty:
        raise UserError(f"There is no head {head} among those that were measured. Choose another.")
    row, values = mine.iloc[0], table[name].to_numpy(float)
    low, high = table[f"{name}_low"].to_numpy(float), table[f"{name}_high"].to_numpy(float)
    meets = (low <= row[f"{name}_high"]) & (high >= row[f"{name}_low"])
    return HeadRank(
        head,
        1 + int((values > row[name]).sum()),
        len(table),
        float(row[name]),
        float(row[f"{name}_low"]),
        float(row[f"{name}_high"]),
        int(meets.sum()) - 1,
        (int((low > 0).sum()), int((high < 0).sum())),
        int(row["sentences"]),
        int(row["tokens"]),
        name,
    )
