"""The rank of a head by effect size among all heads of a model, over sentences: METRICS §7."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, is_of

UNITS = {"loss_change": "nats per token", "shift": "1 − cosine"}
EXPLAINED = {
    "loss_change": (
        "Loss: −ln of the probability of the token, in nats. One nat more means the probability falls to 37 % of "
        "what it was."
    ),
    "shift": (
        "Shift: 1 − cosine between a token’s last vector (after all layers) with and without the head. 0 is the same "
        "direction, 1 a right angle."
    ),
}
"""Each measure explained in a sentence."""


@dataclass(frozen=True)
class HeadRank:
    """The rank of a head among all heads of its model.

    Attributes
    ----------
    head: the head
    rank, heads: its rank, from 1 for the largest effect, and the number of heads. Equal effects share the better rank
    value, low, high: its effect, with the 95 % interval over sentences
    alike: the number of other heads whose interval overlaps with its own
    sure: the numbers of heads whose interval lies above 0 and below 0
    sentences, tokens: the sample size
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
    """The rank of a head in an `effect.effect_table` over sentences.

    Raises UserError if the table does not have the head.
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
