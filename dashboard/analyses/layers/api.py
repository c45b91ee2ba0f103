"""How far heads reach and what layers add, for the page and a notebook: measured, and drawn."""

from __future__ import annotations

from dataclasses import replace

from dashboard.analyses.layers import flow as flows
from dashboard.analyses.layers.flow import MEASURES, Flow
from dashboard.analyses.layers.layers_chart import columns, moves
from dashboard.analyses.layers.word_chart import journey
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import WIDTH, Drawing
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export.snippet import about_model, reading
from dashboard.text import Encoding, Special, Unit


def flow(
    model: AttentionModel,
    text: str | Encoding,
    *,
    unit: Unit = "words",
    special: Special = "hide",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
) -> Flow:
    """What each layer does to the words of a text: how far their vectors move, by which part, to whom they come near.

    See `flow`. Raises UserError on an empty text, and where a model's layers cannot be told apart.
    """
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    found = flows.flow(model, encoding, unit=unit, special=special)
    return replace(found, reading=reading(encoding, bos=bos, limit=limit))


def draw_flow(
    flow: Flow,
    measure: str = "moved",
    *,
    word: int | None = None,
    theme: Theme = "light",
    width: float | None = None,
    start: int = 0,
    turn: int = 0,
) -> Drawing:
    """Words by layers: "moved", "turned" or "attention_share"; or (measure "journey") one word through the layers.

    word: which of the words, from 0, special positions not counted. A text that is too wide is drawn from `start` on.
    Raises UserError for another measure, and for a word that the text does not have.
    """
    if measure not in MEASURES and measure != "journey":
        raise UserError(f"There is no measure “{measure}”. Choose one of {', '.join([*MEASURES, 'journey'])}.")
    if (word is not None and not 0 <= word < len(flow.words)) or (word is None and measure == "journey"):
        raise UserError(f"Name a word by its number, 0 to {len(flow.words) - 1}.")
    made = about_model(
        flow,
        f"layers-{measure}",
        {"unit": flow.unit, "special": flow.hidden, **flow.reading},
        "draw_flow, flow",
        f"flow(model, text, unit={flow.unit!r}, special={flow.hidden!r}"
        + "".join(f", {name}={value!r}" for name, value in flow.reading.items())
        + ")",
        {"measure": measure, "word": word, "theme": theme, "width": width, "start": start or None},
        flow.text,
    )
    if measure == "journey":
        return journey(flow, word, theme, width=width).made_of(made)
    most = columns(width or WIDTH)
    if len(flow) > most:
        start = max(0, min(start, len(flow) - most))
        flow = flow.window(start, start + most)
    return moves(flow, MEASURES[measure], theme, word=word, width=width, turn=turn).made_of(made)
