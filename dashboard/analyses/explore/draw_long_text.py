"""The map of one head over a long text, as a picture and with the lines that make it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.analyses.explore.long_text import read_long
from dashboard.analyses.explore.map_chart import Part, head_map
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Text, given
from dashboard.export.provenance import origin
from dashboard.heads.head_id import HeadId
from dashboard.heads.head_rows import HeadRows
from dashboard.heads.view import existing_head
from dashboard.text import Encoding, Special, Unit


def draw_long_text(
    model: AttentionModel,
    text: str | Encoding,
    head: str | HeadId,
    *,
    rows: tuple[int, int] | None = None,
    keys: tuple[int, int] | None = None,
    unit: Unit = "tokens",
    special: Special = "show",
    bos: bool = True,
    limit: int | None = None,
    theme: Theme = "light",
    width: float | None = None,
) -> Drawing:
    """Draw the map of one head over a text of any length that the model takes, or a part of it, in at most 512 × 512
    squares; a square of several positions shows the largest weight among them.

    Parameters
    ----------
    model, text, head, unit, special, bos, limit: as for `attention`; the head's whole map is never held
    rows, keys: from which positions to which, counted from 0, the last one not included (default: all)

    Raises UserError for a part that the text does not have, and for a model whose queries and keys cannot be read.
    """
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit)
    name = existing_head(model, head)
    source = read_long(model, encoding, layers=[name.layer]).rows(name, unit=unit, special=special)
    how = {"bos": bos, "limit": limit}
    return map_of(
        model, source, Look(theme, width), rows=rows, keys=keys, reading={k: v for k, v in how.items() if v is not None}
    )


def map_of(
    model: AttentionModel,
    source: HeadRows,
    look: Look,
    *,
    rows: tuple[int, int] | None = None,
    keys: tuple[int, int] | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Drawing:
    """As `draw_long_text`, of a head of a text that was read. reading: the options with which it was read"""
    drawn = head_map(Part(source, rows, keys), look)
    return drawn.made_of(map_provenance(model, source, look, rows=rows, keys=keys, reading=reading))


def map_provenance(
    model: AttentionModel,
    source: HeadRows,
    look: Look,
    *,
    rows: tuple[int, int] | None = None,
    keys: tuple[int, int] | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Provenance:
    """The provenance of a map."""
    options = given(rows=rows, keys=keys) | dict(reading or {}) | look.keywords()
    how = {"unit": source.unit, "special": source.hidden} | options
    text = source.encoding.text
    call = Call("draw_long_text", (Model.of(model), Text(text), str(source.head)), how, makes="figure")
    return origin(
        Model.of(model),
        text,
        "long-text",
        call,
        heads=[source.head],
        unit=source.unit,
        special=source.hidden,
        options=options,
    )
