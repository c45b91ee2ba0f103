"""A head step by step by the built-in attention, and the check that it matches the model's own.

For the page, the command line and a notebook.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from dashboard.analyses.inside.steps import Inside, Layer, inside, open_layer, query_row
from dashboard.analyses.inside.steps_chart import steps
from dashboard.analyses.inside.token_chart import query_row_chart
from dashboard.analyses.inside.verify import TOLERANCE, Check, check
from dashboard.capture import AttentionModel
from dashboard.capture.layer_trace import LayerRun, layer_run, watch_layers
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Text, given
from dashboard.export.provenance import origin, provenance_of_text, reading
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import existing_head
from dashboard.text import Encoding

if TYPE_CHECKING:
    import pandas as pd


def look_inside(
    model: AttentionModel,
    text: str | Encoding,
    head: str | HeadId,
    *,
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
) -> Inside:
    """Every step of one head over a text by the built-in attention, from the layer's input to its output.

    Parameters as in `attention`. `.maps` has each step's shape, range and a map of at most 96 × 96; `.layer.check` has
    the differences from the model's own attention. See `steps`. Raises UserError: empty text, no such head, a model
    whose queries and keys cannot be captured.
    """
    wanted = existing_head(model, head)
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    layer = look_at_layer(model, encoding, wanted.layer)
    return one_head(model, encoding, layer, wanted.head, reading(encoding, bos=bos, limit=limit))


def look_at_layer(model: AttentionModel, encoding: Encoding, layer: int) -> Layer:
    """What the heads of a layer share, in one forward pass up to that layer; `one_head` then costs little."""
    return open_layer(layer_run(model, encoding, layer))


def one_head(model: AttentionModel, encoding: Encoding, layer: Layer, head: int, how: dict[str, object]) -> Inside:
    """Every step of one head of an opened layer. `how`: how the text was read (bos, limit, pair)."""
    return inside(layer, head, encoding, model, how)


def draw_inside(
    this: Inside,
    picture: str = "steps",
    *,
    query: int = 0,
    key: int | None = None,
    step: str = "",
    theme: Theme = "light",
    width: float | None = None,
    epoch: int | None = None,
) -> Drawing:
    """Draw all steps as small maps ("steps"), or one token's row through the head with its numbers ("row").

    Parameters
    ----------
    this: from `look_inside`
    query: the query token, from 0
    key: the key token to show in detail, None for the one with the largest weight
    step: for "steps", the framed one: x, q, k, v, scores, scaled, masked, weights, mixed, joined or output
    theme, width: as in `draw`
    epoch: for a page where a click on one of the "steps" selects it, see `steps_chart`

    Raises UserError for another picture or step, and for a token that the text does not have.
    """
    if picture not in ("steps", "row"):
        raise UserError(f"There is no picture “{picture}”. Choose steps or row.")
    if step and step not in this.maps:
        raise UserError(f"There is no step “{step}”. Choose one of {', '.join(this.maps)}.")
    row = query_row(this, query, key)
    if picture == "steps":
        chart = steps(this, row, step, Look(theme, width), epoch=epoch)
    else:
        chart = query_row_chart(this, row, Look(theme, width))
    look = given(query=query, key=key, step=step or None, theme=theme, width=width)
    return chart.made_of(_origin(this, picture, look))


def _origin(this: Inside, picture: str, drawing: dict[str, object]) -> Provenance:
    model, text, head = Model.kept(this), this.encoding.texts[0], str(this.head)
    looked = Call("look_inside", (model, Text(text), head), this.reading, to="inside")
    call = Call("draw_inside", (looked, picture), drawing, makes="figure")
    options = dict(this.reading) | drawing
    return origin(model, text, f"inside-{picture}", call, heads=(head,), unit="tokens", options=options)


def verify(
    model: AttentionModel,
    text: str | Encoding,
    *,
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> pd.DataFrame:
    """Compare the built-in attention with the model's own in every layer: a row per layer.

    Returns
    -------
    columns layer; begins ("x": the layer's input, or "q, k, v" if its projections cannot be identified); weights: the
    largest |ours − the model's| over all heads, rows and keys; output: the same after the output projection (empty if
    there is none to be seen); size: the largest number of the model's output, for comparison. A difference above 1e-4
    is more than rounding: see `differs`.

    The model's own weights are those of the library's eager attention; its output is that of its own output projection.
    The weights of a layer are never in memory as a whole. Raises UserError as `look_inside` does.
    """
    import pandas as pd

    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    found: list[Check] = []

    def receive(run: LayerRun) -> None:
        found.append(check(run))
        if progress is not None:
            progress(len(found) / model.layers, f"Layer {run.number} of 0 to {model.layers - 1}")

    watch_layers(model, encoding, receive)
    table = pd.DataFrame([asdict(layer) for layer in found])
    table.attrs["provenance"] = provenance_of_text(model, encoding, "verify", bos=bos, **given(limit=limit)).to_dict()
    return table


def differs(table: pd.DataFrame) -> bool:
    """Whether any difference of `verify` is more than rounding: above 1e-4, or NaN where there should be a number."""
    unseen = table["output"].isna() & table["size"].isna()
    return not bool(((table["weights"] <= TOLERANCE) & (unseen | (table["output"] <= TOLERANCE))).all())
