"""Everything about one figure in one zip."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dashboard.export.figure import figure_bytes
from dashboard.export.matrix import StoredMatrix, matrix_bytes
from dashboard.export.provenance import Provenance, file_stem
from dashboard.export.snippet import snippet
from dashboard.export.table import table_bytes
from dashboard.formats import FORMATS, endings

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.export.figure import Chart
    from dashboard.heads.view import HeadView

_DATE = (1980, 1, 1, 0, 0, 0)  # zip's first day: the content does not depend on the time

_README = """\
{headline}

Made with Two Heads, a dashboard for looking inside the attention of transformers.

{listed}
{matrices}provenance.json          model, revision, text, heads, options and versions
snippet.py               computes it again: run it from the folder of Two Heads

Attention is where a head looks. It does not by itself explain what the model does.
"""


def bundle(
    chart: Chart, frame: pd.DataFrame, views: Sequence[HeadView | StoredMatrix], provenance: Provenance
) -> bytes:
    """A zip of the picture in all formats, its table, each head's matrix, provenance, script and a note.

    Same arguments, same bytes.
    """
    stem = file_stem(provenance)
    files = {f"{stem}.{fmt}": figure_bytes(chart, fmt, provenance) for fmt in endings("figure")}
    files |= {f"{stem}.{fmt}": table_bytes(frame, fmt, provenance) for fmt in endings("table")}
    for fmt in endings("matrix"):
        files |= {f"{view.head}.{fmt}": matrix_bytes(view, provenance, fmt) for view in views}
    files["provenance.json"] = json.dumps(provenance.to_dict(), indent=1).encode()
    files["snippet.py"] = snippet(provenance).encode()
    files["README.txt"] = _README.format(
        headline=provenance.headline(), listed=_listed(stem), matrices=_listed_matrices(views)
    ).encode()
    return zipped(stem, files)


def _listed(stem: str) -> str:
    """A line of the list for files of the figure or table with the same content."""
    same: dict[str, list[str]] = {}
    for name in endings("figure", "table"):
        same.setdefault(FORMATS[name].contents, []).append(f".{name}")
    return "\n".join(f"{stem}{', '.join(names):<16}   {contents}" for contents, names in same.items())


def _listed_matrices(views: Sequence[HeadView | StoredMatrix]) -> str:
    if not views:
        return ""
    lines = [
        f"{', '.join(f'{view.head}.{fmt}' for view in views)}: {FORMATS[fmt].contents}\n" for fmt in endings("matrix")
    ]
    return "".join(lines)


def zipped(folder: str, files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", _DATE)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # the same bytes on Windows
            kind = FORMATS.get(name.rpartition(".")[2])
            entry.compress_type = zipfile.ZIP_STORED if kind and kind.packed else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()
