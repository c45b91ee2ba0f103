"""Writing a drawing, a table or a head's view to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.errors import UserError
from dashboard.export import (
    Provenance,
    figure_bytes,
    matrix_bytes,
    provenance_of,
    table_bytes,
    write_file,
)
from dashboard.formats import either, endings, format_of
from dashboard.heads.links import links
from dashboard.heads.view import HeadView

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.export.figure import Chart


def save(thing: Chart | pd.DataFrame | HeadView, path: str | Path, provenance: Provenance | None = None) -> Path:
    """Write a chart (.png, .svg, .pdf …), a table (.csv, .xlsx …) or a HeadView (.npz, or as a table).

    The ending says how; `dashboard.formats.FORMATS` has them all. The file is written whole or not at all. Where no
    provenance is given, a view, a drawing of `draw` and a table of `scores` bring their own.

    Raises UserError for an ending that does not fit, or a place that cannot be written.
    """
    import pandas as pd

    path = Path(path)
    ending = format_of(path)
    if provenance is None:
        provenance = _own_provenance(thing)
    if isinstance(thing, HeadView):
        if ending in endings("matrix"):
            return write_file(path, matrix_bytes(thing, provenance, ending))
        thing = links(thing)
    if isinstance(thing, pd.DataFrame):
        if ending not in endings("table"):
            raise UserError(f"A table is written as {either(endings('table'))}, not .{ending}.")
        return write_file(path, table_bytes(thing, ending, provenance))
    if ending not in endings("figure"):
        raise UserError(f"A picture is written as {either(endings('figure'))}, not .{ending}.")
    return write_file(path, figure_bytes(thing, ending, provenance))


def _own_provenance(thing: object) -> Provenance | None:
    """The provenance that a view, a drawing or a table of scores carries."""
    import pandas as pd

    if isinstance(thing, HeadView):
        return provenance_of([thing], "matrix")
    if isinstance(thing, pd.DataFrame):
        stored = thing.attrs.get("provenance")
        return Provenance.from_dict(stored) if stored else None
    return getattr(thing, "provenance", None)
