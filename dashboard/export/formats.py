"""The kinds of file one can take away."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from dashboard.errors import UserError


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    title: for a button
    mime: its media type
    holds: what is written in it
    note: a sentence for the person who takes it, or ""
    """

    title: str
    mime: str
    holds: Literal["figure", "table", "matrix", "bundle"]
    note: str = ""


FORMATS: dict[str, Format] = {
    "png": Format("PNG", "image/png", "figure", "Twice the size on screen; looks the same everywhere."),
    "svg": Format(
        "SVG",
        "image/svg+xml",
        "figure",
        "Its text stays text, and no font is embedded: it looks like the screen where Source Sans is installed. "
        "PNG and PDF look the same everywhere.",
    ),
    "pdf": Format("PDF", "application/pdf", "figure", "For print. Fonts are embedded, colour emoji are images."),
    "html": Format("HTML", "text/html", "figure", "One file with the hover; works offline. Fonts are embedded."),
    "json": Format("Vega-Lite JSON", "application/json", "figure", "The specification of the picture with its data."),
    "csv": Format(
        "CSV",
        "text/csv",
        "table",
        "UTF-8, for scripts; “CSV for Excel” opens by a double click. A text that a spreadsheet would take for a "
        "formula begins with an apostrophe.",
    ),
    "xlsx": Format(
        "Excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "table",
        "A sheet with the table and one that says where it comes from. Texts stay texts; numbers have 16 digits.",
    ),
    "parquet": Format("Parquet", "application/vnd.apache.parquet", "table", "Columns keep their types."),
    "npz": Format("NumPy NPZ", "application/octet-stream", "matrix", "The head's matrix, for numpy.load."),
    "zip": Format("All of it", "application/zip", "bundle", "All formats, and a script to compute it again."),
}


def format_of(path: str | os.PathLike[str], allowed: Collection[str] = tuple(FORMATS)) -> str:
    """The ending of a path, without its dot, in lower case: a key of `FORMATS`.

    Raises UserError that lists the allowed endings.
    """
    ending = os.path.splitext(os.fspath(path))[1].lstrip(".").lower()
    if ending not in allowed:
        known = ", ".join(f".{name}" for name in FORMATS if name in allowed)
        what = f"“.{ending}” is no ending that works here" if ending else "The file’s name has no ending"
        raise UserError(f"{what}. Use one of {known}.")
    return ending


def endings(holds: str) -> tuple[str, ...]:
    """The endings of the files that hold a "figure", "table", "matrix" or "bundle", as keys of `FORMATS`."""
    return tuple(name for name, entry in FORMATS.items() if entry.holds == holds)
