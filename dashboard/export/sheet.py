"""A table as an Excel file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.errors import UserError
from dashboard.export.provenance import Provenance
from dashboard.export.sanitize import legal
from dashboard.export.table import cells
from dashboard.formats import either, endings

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # of a sheet, including the header
LONGEST = 32_767  # characters of a cell, which Excel counts in UTF-16
_WHOLE = 2**53  # up to here a cell holds whole numbers exactly
_MADE = datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # the content does not depend on the time of writing


def xlsx_bytes(frame: pd.DataFrame, provenance: Provenance | None = None) -> bytes:
    """The table as a workbook of two sheets: the table and its provenance. Same table, same bytes.

    A text stays a text: ``=1+1`` is not a formula, ``00123`` not a number, an address not a link. Numbers are doubles
    of 16 digits; an infinite one is written as text, a missing one leaves its cell empty. Characters
    that a file cannot hold are “◊”, and a text too long for a cell is cut with “…”.

    Raises UserError for more rows or columns than a sheet has.
    """
    import xlsxwriter

    if len(frame) >= MOST_ROWS or frame.shape[1] > MOST_COLUMNS:
        raise UserError(
            f"An Excel sheet holds {MOST_ROWS - 1:,} rows and {MOST_COLUMNS:,} columns; this table has {len(frame):,} "
            f"and {frame.shape[1]:,}. Write it as {either([e for e in endings('table') if e != 'xlsx'])}."
        )
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"title": provenance.headline() if provenance else "", "created": _MADE})
        text, head = book.add_format({"num_format": "@", "quote_prefix": True}), book.add_format({"bold": True})
        sheet = book.add_worksheet("Table")
        sheet.freeze_panes(1, 0)
        for k, name in enumerate(frame.columns):
            sheet.write_string(0, k, _fitting(str(name)), head)
            column = frame.iloc[:, k]
            for row, (value, missing) in enumerate(zip(column.tolist(), column.isna(), strict=True), 1):
                if not missing:
                    _write(sheet, row, k, value, column.dtype, text)
        if provenance is not None:
            origin = book.add_worksheet("Where it comes from")
            for row, (name, value) in enumerate(provenance.to_dict().items()):
                origin.write_string(row, 0, name, head)
                origin.write_string(row, 1, _fitting(value if isinstance(value, str) else str(value)), text)
    return out.getvalue()


def read_xlsx(file: Path, texts: Sequence[str]) -> pd.DataFrame:
    """The table that `xlsx_bytes` wrote, its numbers to 16 digits. texts: the columns that hold texts"""
    return pd.read_excel(file, sheet_name="Table", engine="openpyxl", **cells(texts))


def _write(sheet, row: int, k: int, value: object, dtype: object, text: object) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, k, value)
    elif isinstance(value, int) and abs(value) <= _WHOLE:
        sheet.write_number(row, k, value)
    elif isinstance(value, float) and np.isfinite(value):
        # For single precision the shortest number that reads back the same, as in CSV: 0.1, not 0.10000000149.
        sheet.write_number(row, k, float(str(np.float32(value))) if dtype == np.float32 else value)
    else:
        sheet.write_string(row, k, _fitting(str(value)), text)


def _fitting(text: str) -> str:
    """A text that a cell can hold."""
    text = legal(text)
    if len(text.encode("utf-16-le")) <= 2 * LONGEST:
        return text
    return text.encode("utf-16-le")[: 2 * (LONGEST - 1)].decode("utf-16-le", "ignore") + "…"
