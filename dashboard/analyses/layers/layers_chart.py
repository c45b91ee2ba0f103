"""What each layer does to the words of a text, in one grid: a row per layer, a column per word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import labels as lettering
from dashboard.charts.drawing import NARROWEST, WIDTH, Drawing, sheet
from dashboard.charts.ink import next_round
from dashboard.charts.look import Look
from dashboard.charts.stretches import BAND, divided, named_layers, placed, stretches_of
from dashboard.charts.theme import gradient, ink, scale
from dashboard.heads.format import percent

if TYPE_CHECKING:
    from dashboard.analyses.layers.residual_stream import Measure, ResidualStream

LEAST_CELL = 9.0  # pixels: narrower columns can be neither read nor hovered
MARGIN = 44.0  # pixels for the names of the layers, and for a slanted label at the right
PART_NAMES = {
    "attention": "attention",
    "cross_attention": "cross attention",
    "feed_forward": "feed-forward",
    "normalisation": "normalisation",
}
OF_DECODER = PART_NAMES | {"attention": "self attention"}
"""Of a decoder with a source."""


def columns(width: float) -> int:
    """The number of words that fit in a drawing of this width."""
    return max(8, int((width - 2 * MARGIN) / LEAST_CELL))


def moves(
    stream: ResidualStream,
    measure: Measure,
    look: Look,
    *,
    word: int | None = None,
    epoch: int = 0,
) -> Drawing:
    """Words by layers, shaded by one measure, with no ink at 0.

    A click selects a word: the point parameter "word" has the fields place (its place in `stream.words`) and epoch.

    Parameters
    ----------
    stream: of at most `columns(width)` positions; measure: of `MEASURES`
    word: the place in `stream.words` of the selected word, which is framed
    look: 600 pixels wide by default; epoch: as in `dashboard.charts.look.Selection`
    """
    p, n, width = look.palette, len(stream), look.width_or(WIDTH)
    values = stream.numbers[measure.name]
    names = lettering.labels_of(stream.drawn)
    mono = stream.unit == "tokens"
    step = max(LEAST_CELL, min(44.0, int(2 * (width - 2 * MARGIN) / n) / 2))
    down = max(9.0, min(28.0, int(2 * 480 / stream.layers) / 2))
    high = 1.0 if measure.share else _top(values)
    parted = stretches_of(stream.stretches)
    place_of = {int(position): place for place, position in enumerate(stream.words)}
    chosen = None if word is None else int(stream.words[word]) - stream.start
    value_text = f"{_value_expr('datum.v', measure.share)}"
    rows = [
        {
            "layer": layer,
            "k": list(range(n)),
            "v": [None if np.isnan(value) else round(float(value), 4) for value in values[layer]],
        }
        for layer in range(stream.layers)
    ]
    across = {"type": "quantitative", "scale": {"domain": [0, n], "nice": False}}
    every = next(k for k in (1, 2, 4, 8, 16) if down * k >= 13)
    y = {
        "field": "layer",
        "type": "ordinal",
        "scale": {"type": "band", "domain": list(range(stream.layers)), "padding": 0},
        "axis": {
            "title": None,
            "values": list(range(0, stream.layers, every)),
            "labelExpr": f"'{stream.letter}' + datum.value",
            "labelColor": p.quiet,
            "labelFontSize": 11.5,
        },
    }
    label_layout = lettering.lay_out(names, step, mono=mono, across=True)
    quiet = [k for k, special in enumerate(stream.special) if special]
    axis = {
        "orient": "top",
        "title": None,
        "values": [k + 0.5 for k in range(0, n, label_layout.every)],
        "labelExpr": "words[floor(datum.value)]",
        "labelFont": lettering.font_of(mono=mono),
        "labelFontSize": label_layout.size,
        "labelAngle": label_layout.angle,
        "labelAlign": "left" if label_layout.angle else "center",
        "labelBaseline": "middle" if label_layout.angle else "bottom",
        "labelLimit": lettering.LONGEST,
        "labelOverlap": False,
        "labelColor": {
            "condition": {"test": f"indexof({quiet}, floor(datum.value)) >= 0", "value": p.quiet},
            "value": p.text,
        },
        "labelFontWeight": {
            "condition": {"test": f"floor(datum.value) === {-1 if chosen is None else chosen}", "value": 700},
            "value": 400,
        },
    }
    ends = {"x": across | {"field": "k", "axis": axis}, "x2": {"field": "k1"}, "y": y}
    tip = f"words[datum.k] + ', layer ' + datum.layer + ': ' + (isValid(datum.v) ? {value_text} : 'nothing moved')"
    choose = {"type": "point", "on": "click", "fields": ["place", "epoch"], "toggle": False, "clear": False}
    places = [place_of.get(stream.start + k) for k in range(n)]
    cells = {
        "data": {"values": rows},
        "transform": [
            {"flatten": ["k", "v"]},
            {"calculate": "datum.k + 1", "as": "k1"},
            {"calculate": "max(0, datum.v)", "as": "shade"},
            {"calculate": "places[datum.k]", "as": "place"},
            {"calculate": str(epoch), "as": "epoch"},
            {"calculate": tip, "as": "tip"},
        ],
        "mark": {"type": "rect", "aria": False, "cursor": "pointer", "stroke": p.paper, "strokeWidth": 0.5},
        "params": [{"name": "word", "select": choose}],
        "encoding": ends
        | {
            "color": {
                "field": "shade",
                "type": "quantitative",
                "scale": scale(ink(look.theme), 0, high),
                "legend": gradient(
                    [0, high / 2, high],
                    _value_expr("datum.value", measure.share, short=True),
                    BAND if parted else 0,
                ),
            },
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }
    frame = {
        "data": {"values": [] if chosen is None or not 0 <= chosen < n else [{"k": chosen, "k1": chosen + 1}]},
        "mark": {"type": "rect", "aria": False, "fillOpacity": 0, "stroke": p.text, "strokeWidth": 2},
        "encoding": {
            "x": across | {"field": "k", "axis": axis},
            "x2": {"field": "k1"},
            "y": {"value": 0},
            "y2": {"value": down * stream.layers},
        },
    }
    mean = stream.mean(measure.name) if stream.whole is None else np.nanmean(values, 1)
    most = int(np.nanargmax(mean)) if np.isfinite(mean).any() else None
    unit = "share of the change" if measure.share else "times the vector’s length" if measure.name == "moved" else ""
    what = "1 − cosine, " if measure.name == "turned" else ""
    end = "" if measure.share or high >= np.nanmax(values, initial=0) else " and more"
    found = (
        f"On average most in {stream.letter}{most}: "
        f"{percent(float(mean[most])) if measure.share else f'{mean[most]:.2f}'}."
        if most is not None
        else "Nothing moved."
    )
    full = f"{high * 100:.3g}\u00a0%" if measure.share else f"{high:g}{end}"
    window = "" if stream.whole is None else f" · {stream.start + 1:,} to {stream.start + n:,} of {stream.whole:,}"
    height, sides = down * stream.layers, placed(parted, lambda words: words * step)
    names_below = named_layers(sides, p, across=True, at=height + 7, through=(0, height + 7))
    return sheet(
        {"width": step * n, "height": height, "layer": [cells, *names_below, frame]},
        look.theme,
        title=f"{measure.title} · {stream.model}",
        subtitle=[
            " · ".join(filter(None, [f"{stream.unit}{window}", "rows: layers", divided(stream.stretches)])),
            f"shade: {what}0 to {full} {unit}".rstrip(),
        ],
        description=f"{measure.title}, by layer and {stream.unit.removesuffix('s')}, {stream.model}. {found}",
        width=max(step * n + MARGIN, min(width, NARROWEST)),
        params=[{"name": "words", "value": names}, {"name": "places", "value": places}],
    )


def _top(values: np.ndarray) -> float:
    """The value drawn as full ink: the 95th percentile, rounded up, as a first layer may move ten times as far."""
    seen = values[np.isfinite(values)]
    high = float(np.quantile(seen, 0.95)) if seen.size else 1.0
    return round(next_round(high, range(-3, 5), (1, 1.5, 2, 3, 5)) or high or 1.0, 6)


def _value_expr(value: str, share: bool, short: bool = False) -> str:
    """Vega expression: a value (an expression) formatted as text."""
    if share:
        return f"replace(format({value} * 100, '{'.3~r' if short else '.1f'}'), '-', '−') + ' %'"
    return f"format({value}, '{'.3~r' if short else '.2f'}')"
