"""What each layer does to the words of a text, measured and drawn: for the page and a notebook."""

from __future__ import annotations

from dataclasses import replace

from dashboard.analyses.layers import residual_stream as streams
from dashboard.analyses.layers.layers_chart import columns, moves
from dashboard.analyses.layers.residual_stream import MEASURES, ResidualStream
from dashboard.analyses.layers.word_chart import word_chart
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import WIDTH, Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export.call import Call, Model, Text, given
from dashboard.export.provenance import origin, reading
from dashboard.text import Encoding, Special, Unit


def residual_stream(
    model: AttentionModel,
    text: str | Encoding,
    *,
    unit: Unit = "words",
    special: Special = "hide",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
) -> ResidualStream:
    """What each layer does to the words of a text: how far their vectors move, by which part, and the nearest words.

    See `ResidualStream`. model: of an encoder–decoder the encoder, or a decoder from `of_part`, whose parts are self
    attention, cross attention and feed-forward; the text is then the target. Raises UserError for an empty text, and
    for a model whose layers cannot be identified.
    """
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    found = streams.residual_stream(model, encoding, unit=unit, special=special)
    return replace(found, reading=reading(encoding, bos=bos, limit=limit))


def draw_residual_stream(
    stream: ResidualStream,
    measure: str = "moved",
    *,
    word: int | None = None,
    theme: Theme = "light",
    width: float | None = None,
    start: int = 0,
    epoch: int = 0,
) -> Drawing:
    """Draw words by layers: "moved", "turned", "attention_share" or, of a decoder with an encoder,
    "cross_attention_share"; or (measure "journey") one word through the layers.

    word: the number of a word, from 0, without special positions. A text that is too wide is drawn from `start` on.
    Raises UserError for another measure, and for a word that the text does not have.
    """
    those = ", ".join([*stream.measures, "journey"])
    if measure not in MEASURES and measure != "journey":
        raise UserError(f"There is no measure “{measure}”. Choose one of {those}.")
    if (word is not None and not 0 <= word < len(stream.words)) or (word is None and measure == "journey"):
        raise UserError(f"Name a word by its number, 0 to {len(stream.words) - 1}.")
    if measure not in (*stream.measures, "journey"):
        raise UserError(f"{stream.model} has no cross attention here. Choose one of {those}.")
    model, how = Model.kept(stream), {"unit": stream.unit, "special": stream.hidden}
    again = Call("residual_stream", (model, Text(stream.text)), how | stream.reading, to="stream")
    look = given(measure=measure, word=word, theme=theme, width=width, start=start or None)
    call = Call("draw_residual_stream", (again,), look, makes="figure")
    options = how | stream.reading | look
    made = origin(model, stream.text, f"layers-{measure}", call, **how, options=options)
    if word is not None and measure == "journey":
        return word_chart(stream, word, Look(theme, width)).made_of(made)
    most = columns(width or WIDTH)
    if len(stream) > most:
        start = max(0, min(start, len(stream) - most))
        stream = stream.window(start, start + most)
    return moves(stream, MEASURES[measure], Look(theme, width), word=word, epoch=epoch).made_of(made)
