"""Figures of the untrained twin beside those of the model, in one table (METRICS §10)."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, heads_of, is_of

UNTRAINED = "untrained_"
"""Before the name of a column: the same figure of the untrained twin."""
TAUGHT = "What the untrained twin shows too does not come from training."


def beside(table: pd.DataFrame, twin: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The table with a column ``untrained_…`` for each of these columns that the twin's table has.

    table, twin: a row per head. Raises UserError where the two have other heads.
    """
    if heads_of(table) != heads_of(twin):
        raise UserError("The untrained twin has other heads than the model. Measure it again.")
    found = {UNTRAINED + name: twin[name].to_numpy() for name in columns if name in twin}
    joined = table.assign(**found)
    joined.attrs = dict(table.attrs)
    return joined


def has_twin(table: pd.DataFrame, column: str) -> bool:
    """Whether the table holds this figure of the untrained twin too."""
    return UNTRAINED + column in table


def both_of(table: pd.DataFrame, head: HeadId, column: str) -> tuple[float, float] | None:
    """A head's figure, and that of the same head of the twin; None where one of them is missing."""
    if column not in table or not has_twin(table, column):
        return None
    row = table[is_of(table, head)]
    if row.empty or row[[column, UNTRAINED + column]].isna().to_numpy().any():
        return None
    return float(row[column].iloc[0]), float(row[UNTRAINED + column].iloc[0])
