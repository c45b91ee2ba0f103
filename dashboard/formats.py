"""The kinds of file to download or save, each with the function that writes it.

A new kind is one entry of `FORMATS` and its writer: the menu of files, the zip, `dashboard.save`, the report and the
command line's ``--out`` take it from here. A new kind of report is one entry of `REPORTS` and its writer. Nothing
heavy is imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dashboard.errors import UserError
from dashboard.registry import later

if TYPE_CHECKING:
    import pandas as pd

Holds = Literal["figure", "table", "matrix", "bundle", "report"]


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    title: for a button
    mime: its media type
    holds: what is written in it
    note: a sentence for the menu, or ""
    write: (what it holds, `Provenance` or None) → the file's content; a figure is an Altair chart or a Vega-Lite
        specification, a table a data frame, a matrix a `HeadView` or `StoredMatrix`. Same arguments, same bytes.
        None for a zip, which is made of several things. Of a report: (its figures, its title) → the content
    read: of a table, (file, names of the columns that hold texts) → the data frame that was written; None if it
        is not read back
    contents: its description in the list of a zip
    packed: whether it is compressed already
    sets_text: whether its text is drawn with the fonts that this machine has
    """

    title: str
    mime: str
    holds: Holds
    note: str
    write: Callable[..., bytes] | None
    read: Callable[..., pd.DataFrame] | None = None
    contents: str = ""
    packed: bool = False
    sets_text: bool = False


FORMATS: dict[str, Format] = {
    "png": Format(
        "PNG",
        "image/png",
        "figure",
        "Twice the size on screen; looks the same everywhere.",
        later("dashboard.export.figure", "png_bytes"),
        contents="the picture",
        packed=True,
        sets_text=True,
    ),
    "svg": Format(
        "SVG",
        "image/svg+xml",
        "figure",
        "Its text stays text, and no font is embedded: it looks like the screen where Source Sans is installed. "
        "PNG and PDF look the same everywhere.",
        later("dashboard.export.figure", "svg_bytes"),
        contents="the picture",
    ),
    "pdf": Format(
        "PDF",
        "application/pdf",
        "figure",
        "For print. Fonts are embedded, colour emoji are images.",
        later("dashboard.export.figure", "pdf_bytes"),
        contents="the picture",
        sets_text=True,
    ),
    "html": Format(
        "HTML",
        "text/html",
        "figure",
        "One file with the hover; works offline. Fonts are embedded.",
        later("dashboard.export.figure", "page_bytes"),
        contents="the picture with its hover; works offline",
    ),
    "json": Format(
        "Vega-Lite JSON",
        "application/json",
        "figure",
        "The specification of the picture with its data.",
        later("dashboard.export.figure", "json_bytes"),
        contents="its Vega-Lite specification, data included",
    ),
    "csv": Format(
        "CSV",
        "text/csv",
        "table",
        "UTF-8, for scripts; “CSV for Excel” opens by a double click. A text that a spreadsheet would take for a "
        "formula begins with an apostrophe.",
        later("dashboard.export.table", "csv_bytes"),
        later("dashboard.export.table", "read_csv"),
        contents="its data as a table",
    ),
    "xlsx": Format(
        "Excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "table",
        "A sheet with the table and one that says where it comes from. Texts stay texts; numbers have 16 digits.",
        later("dashboard.export.sheet", "xlsx_bytes"),
        later("dashboard.export.sheet", "read_xlsx"),
        contents="its data as a table",
        packed=True,
    ),
    "parquet": Format(
        "Parquet",
        "application/vnd.apache.parquet",
        "table",
        "Columns keep their types.",
        later("dashboard.export.table", "parquet_bytes"),
        later("dashboard.export.table", "read_parquet"),
        contents="its data as a table",
        packed=True,
    ),
    "npz": Format(
        "NumPy NPZ",
        "application/octet-stream",
        "matrix",
        "The head's matrix, for numpy.load.",
        later("dashboard.export.matrix", "npz_bytes"),
        contents="the matrices, for numpy.load",
        packed=True,
    ),
    "zip": Format(
        "All of it",
        "application/zip",
        "bundle",
        "All formats, and a script to compute it again.",
        None,
        packed=True,
    ),
}

REPORTS: dict[str, Format] = {
    "html": Format("HTML page", "text/html", "report", "", later("dashboard.export.report", "report_html")),
    "pdf": Format("PDF", "application/pdf", "report", "", later("dashboard.export.report", "report_pdf")),
    "zip": Format("All files (zip)", "application/zip", "report", "", later("dashboard.export.report", "report_zip")),
}


def format_of(path: str | os.PathLike[str], allowed: Collection[str] = FORMATS) -> str:
    """The ending of a path, without its dot, in lower case: a key of `FORMATS`.

    Raises UserError that lists the allowed endings.
    """
    ending = os.path.splitext(os.fspath(path))[1].lstrip(".").lower()
    if ending not in allowed:
        known = ", ".join(f".{name}" for name in FORMATS if name in allowed)
        what = f"“.{ending}” is no ending that works here" if ending else "The file’s name has no ending"
        raise UserError(f"{what}. Use one of {known}.")
    return ending


def endings(*holds: Holds) -> tuple[str, ...]:
    """The endings of the files that hold a "figure", "table", "matrix" or "bundle", as keys of `FORMATS`."""
    return tuple(name for kind in holds for name, entry in FORMATS.items() if entry.holds == kind)


def readable() -> tuple[str, ...]:
    """The endings of tables that can be read back."""
    return tuple(name for name in endings("table") if FORMATS[name].read is not None)


def either(names: Collection[str]) -> str:
    """Endings in a sentence: ".csv, .xlsx or .parquet"."""
    *first, last = (f".{name}" for name in names)
    return f"{', '.join(first)} or {last}" if first else last


def content(holds: Holds, ending: str, thing: object, provenance: object = None) -> bytes:
    """The bytes of a file of this ending. Raises ValueError for an ending that does not hold such a thing."""
    entry = FORMATS.get(ending)
    if entry is None or entry.holds != holds or entry.write is None:
        raise ValueError(f"no such format: {ending!r}")
    return entry.write(thing, provenance)
