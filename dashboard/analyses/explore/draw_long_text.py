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
    return map_of(model, Part(source, rows, keys), Look(theme, width), given(bos=bos, limit=limit))


def map_of(model: AttentionModel, part: Part, look: Look, reading: Mapping[str, Any]) -> Drawing:
    """As `draw_long_text`, of a part of a text that was read. reading: the options with which it was read"""
    return head_map(part, look).made_of(map_provenance(model, part, look, reading))


def map_provenance(model: AttentionModel, part: Part, look: Look, reading: Mapping[str, Any]) -> Provenance:
    """The provenance of a map, as for `map_of`."""
    source, (rows, keys), of = part.source, part.asked, Model.of(model)
    options = given(rows=rows, keys=keys) | dict(reading) | look.keywords()
    text, read = source.encoding.text, {"unit": source.unit, "special": source.hidden}
    call = Call("draw_long_text", (of, Text(text), str(source.head)), read | options, makes="figure")
    return origin(of, text, "long-text", call, heads=[source.head], **read, options=options)
