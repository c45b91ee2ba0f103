"""Attention small enough to follow by hand: a few words, vectors of two to four numbers, every number editable.

`toy` checks the edited tables and runs the attention of `dashboard.builtin.attention` on them in double precision.
presets.py has tables to begin with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dashboard.builtin.attention import Layer, Steps, multi_head
from dashboard.builtin.masks import causal as causal_mask
from dashboard.errors import UserError

LARGEST = 1_000_000  # larger numbers are taken for typing errors

Table = Sequence[Sequence[float | None]]


def toy(
    x: Table,
    w_q: Table,
    w_k: Table,
    w_v: Table,
    w_o: Table | None = None,
    *,
    heads: int = 1,
    causal: bool = False,
    scaled: bool = True,
) -> Steps:
    """Multi-head attention on tables of numbers. Rows of x are words.

    x (n, D), w_q, w_k, w_v (D, h·d), w_o (h·d, D) or None for the identity (output = joined) → `Steps` in double
    precision, with an axis of h heads. scaled=False leaves out the factor 1/√d. Tables may be lists, arrays or the
    values of a data frame. Raises UserError for an empty table, a cell that is no number, one beyond ± 1,000,000,
    or sizes that do not fit, and names the table and the cell.
    """
    if heads < 1:
        raise UserError(f"{heads} heads attend to nothing. Choose one head or more.")
    rows = numbers("X", x)
    width = rows.shape[1]
    q, k, v = numbers("W_Q", w_q), numbers("W_K", w_k), numbers("W_V", w_v)
    for name, table in (("W_Q", q), ("W_K", k), ("W_V", v)):
        if len(table) != width:
            raise UserError(f"{name} has {_counted(len(table), 'row')}. Give it {width}: one for each column of X.")
        if table.shape[1] % heads:
            columns = _counted(table.shape[1], "column")
            raise UserError(f"{name} has {columns}, which {heads} heads cannot share evenly. Add or remove some.")
    if q.shape[1] != k.shape[1]:
        raise UserError("W_Q and W_K differ in columns. Give both as many: queries and keys are multiplied.")
    out = torch.eye(v.shape[1], dtype=torch.float64) if w_o is None else numbers("W_O", w_o)
    if len(out) != v.shape[1]:
        raise UserError(f"W_O has {_counted(len(out), 'row')}. Give it {v.shape[1]}: one for each column of W_V.")
    layer = Layer(q, k, v, out, heads=heads, scale=None if scaled else 1.0)
    return multi_head(rows, layer, causal_mask(len(rows)) if causal else None)


def numbers(name: str, table: Table) -> Tensor:
    """A table of numbers as a tensor (rows, columns) in double precision.

    Raises UserError, naming table, row and column from 1, for what is not a finite number within ± 1,000,000.
    """
    try:
        cells = np.array([list(row) for row in table], dtype=object)
    except (TypeError, ValueError):
        cells = np.empty(0)
    if cells.ndim != 2 or cells.size == 0:
        raise UserError(
            f"{name} is not a table with as many numbers in each row. Give it one row and one column or more."
        )
    values = np.empty(cells.shape)
    for (row, column), cell in np.ndenumerate(cells):
        where = f"{name}, row {row + 1}, column {column + 1}"
        try:
            value = float(cell)
        except (TypeError, ValueError, OverflowError):
            value = math.nan
        if math.isnan(value):
            raise UserError(f"{where} holds no number. Write one there.")
        if abs(value) > LARGEST:
            raise UserError(f"{where} is {value:g}. Write a number between −{LARGEST:,} and {LARGEST:,}.")
        values[row, column] = value
    return torch.from_numpy(values)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
