"""A PDF from vl-convert with document information, reproducible byte by byte.

vl-convert writes fonts and the resources of a page in an order that changes from call to call. qpdf, through pikepdf,
writes the objects in the order in which they are reached from the document's root, and a dictionary's entries by name.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from dashboard.export.provenance import Provenance
from dashboard.export.sanitize import legal

if TYPE_CHECKING:
    import pikepdf


def stamp_pdf(data: bytes, title: str, description: str, provenance: Provenance | None) -> bytes:
    """A PDF with title, subject (the description) and `/Provenance` (JSON) as its document information."""
    import pikepdf

    entries = {"Title": title, "Subject": description, "Creator": "Two Heads", "Producer": "vl-convert"}
    if provenance is not None:
        entries["Provenance"] = provenance.to_json()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return written(pdf, entries)


def written(pdf: pikepdf.Pdf, entries: dict[str, str]) -> bytes:
    """A PDF as a file's content, with these entries as its document information. Same PDF, same bytes."""
    import pikepdf

    pdf.trailer.Info = pdf.make_indirect(
        pikepdf.Dictionary({f"/{name}": legal(text) for name, text in entries.items()})
    )
    out = io.BytesIO()
    pdf.save(out, min_version="1.7", deterministic_id=True, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()
