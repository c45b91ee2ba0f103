"""One head on the text itself: the words, shaded by attention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.charts import labels as lettering
from dashboard.charts import wording
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.packing import pack, split_expr, value_expr
from dashboard.charts.pointing import pointed
from dashboard.charts.safe import shown
from dashboard.charts.theme import PALETTES, Theme, ink, scale
from dashboard.heads.view import HeadView

WIDTH = 680  # pixels for the whole drawing
LINE = 34.0  # pixels from line to line


def reading(view: HeadView, theme: Theme, *, width: float | None = None) -> Drawing:
    """The text, set in lines. At rest each word's shade is the attention it receives, the mean over all words;
    hovering over a word shades what that word looks at instead, and a bar under the words says how much."""
    n = len(view)
    p = PALETTES[theme]
    room = (width or WIDTH) - 12
    page = set_text(view, room)
    received = view.weights.mean(axis=0) if n else np.zeros(0)
    top_rest, top_look = _top(received), _top(view.weights.max(axis=1) if n else received)
    words = [
        {
            "k": k, "x": place.x, "y": place.y, "x1": place.x + place.width, "word": place.word,
            "r": round(float(received[k]), 4), "quiet": view.special[k],
        }
        for k, place in enumerate(page.places)
    ]  # fmt: skip
    x = {"type": "quantitative", "scale": {"domain": [0, room], "nice": False}, "axis": None}
    y = {"type": "quantitative", "scale": {"domain": [0, page.height], "nice": False, "reverse": True}, "axis": None}
    box = {"x": x | {"field": "x"}, "x2": {"field": "x1"}, "y": y | {"field": "y"}, "y2": {"field": "y1"}}
    colours = ink(theme)
    key = {
        "orient": "bottom", "direction": "horizontal", "gradientLength": 150, "gradientThickness": 9, "offset": 16,
        "labelFontSize": 11.5, "title": None,
    }  # fmt: skip

    def shade(value: str, top: float, legend: dict | None) -> dict:
        return {"field": value, "type": "quantitative", "scale": scale(colours, 0, top), "legend": legend}

    lettered = {
        "type": "text", "align": "center", "baseline": "middle", "aria": False, "fontSize": page.size,
        "font": lettering.font_of(view.unit), "limit": room,
    }  # fmt: skip

    def text(value: str, top: float) -> dict:
        # Paper on a dark shade, ink on a light one: both at least 4.5 : 1.
        colour = {"condition": [{"test": f"datum.{value} > {top * 0.5}", "value": p.paper}, {"test": "datum.quiet", "value": p.quiet}], "value": p.text}
        return {"x": x | {"field": "xm"}, "y": y | {"field": "ym"}, "text": {"field": "word", "type": "nominal"}, "color": colour}

    boxes = [
        {"calculate": f"datum.y + {LINE - 8}", "as": "y1"},
        {"calculate": f"datum.y + {(LINE - 8) / 2}", "as": "ym"},
        {"calculate": "(datum.x + datum.x1) / 2", "as": "xm"},
    ]
    look = [
        {"filter": "datum.i === word"},
        {"calculate": split_expr("datum.v"), "as": "piece"},
        {"flatten": ["piece"]},
        {"window": [{"op": "row_number", "as": "j1"}]},
        {"calculate": "datum.j1 - 1", "as": "j"},
        {"calculate": value_expr("datum.piece"), "as": "w"},
        {"calculate": "places[datum.j]", "as": "p"},
        *({"calculate": f"datum.p.{name}", "as": name} for name in ("x", "x1", "y", "word", "quiet")),
        *boxes,
    ]
    rounded = {"type": "rect", "cornerRadius": 3, "aria": False}
    resting = {"transform": [*boxes, {"filter": "word < 0"}]}
    looking = {"transform": look}
    legend = key | {"values": [0, top_rest], "labelExpr": _percent(top_rest)}
    frame = {**rounded, "fillOpacity": 0, "stroke": p.text, "strokeWidth": 1.5}
    at_rest = [
        resting | {"mark": rounded, "encoding": box | {"color": shade("r", top_rest, legend)}},
        resting | {"mark": lettered, "encoding": text("r", top_rest)},
    ]
    pointed_at = [
        looking | {"mark": rounded, "encoding": box | {"color": shade("w", top_look, None)}},
        looking | {"mark": lettered, "encoding": text("w", top_look)},
    ]
    on_top = [
        {"transform": [*boxes, {"filter": "datum.k === word"}], "mark": frame, "encoding": box},
        {"name": "catch", "transform": boxes, "mark": {"type": "rect", "opacity": 0, "aria": False}, "encoding": box},
    ]
    rows = [{"i": i, "v": v} for i, v in enumerate(pack(view.weights))]
    return sheet(
        {
            "width": room,
            "height": page.height,
            "layer": [
                {"data": {"values": words}, "layer": at_rest},
                {"data": {"values": rows}, "layer": pointed_at},
                {"data": {"values": [{k: w[k] for k in ("k", "x", "x1", "y")} for w in words]}, "layer": on_top},
            ],
            "resolve": {"scale": {"color": "independent"}},
        },
        theme,
        title=wording.title([view]),
        subtitle=wording.subtitle(
            view, f"shade: attention a word receives, mean over all, {wording.range_of(top_rest)}",
            f"point at a word: the shade is where it looks, {wording.range_of(top_look)}", room=room,
        ),
        description=wording.describe(view, "Text shaded by attention"),
        params=[
            {"name": "places", "value": [{key: w[key] for key in ("x", "x1", "y", "word", "quiet")} for w in words]},
            pointed(["k"], ["catch"]),
            {"name": "word", "expr": "isValid(pointed.k) ? pointed.k[0] : -1"},
        ],
    )  # fmt: skip


PAD = 3.0  # pixels of shade on either side of a word


@dataclass(frozen=True)
class Place:
    """A word on the page: its left edge, the top of its line, its width, and what is written."""

    x: float
    y: float
    width: float
    word: str


@dataclass(frozen=True)
class Page:
    """All places in reading order, the height they take, and the size of the type."""

    places: list[Place]
    height: float
    size: float


def set_text(view: HeadView, room: float) -> Page:
    """The text as lines of at most `room` pixels; from the right where it reads so.

    What stands between two words in the text is kept as it is: none (pieces of a word, punctuation), a space,
    or the end of a line.
    """
    size = 17.0
    mono = view.unit == "tokens"
    backwards = lettering.right_to_left(view.text)
    places: list[Place] = []
    x, y, last = 0.0, 4.0, None
    for label, span in zip(view.labels, view.spans, strict=True):
        fresh = span is not None and span[1] > span[0] and (last is None or span[0] >= last)
        word = shown(view.text[span[0] : span[1]].strip() or label) if fresh else shown(label)
        width = min(room, lettering.width_of(word, size, mono=mono) + 2 * PAD)
        between = view.text[last : span[0]] if last is not None and fresh else " "
        gap = 1.0 if fresh and not between and view.text[span[0]] != " " else 5.0
        if "\n" in between:
            x, y = 0.0, y + LINE * min(2, between.count("\n"))
        elif x and x + gap + width > room:
            x, y = 0.0, y + LINE
        elif x:
            x += gap
        left = room - x - width if backwards else x
        places.append(Place(round(left, 1), y, round(width, 1), word))
        x += width
        if span is not None:
            last = max(last or 0, span[1])
    return Page(places, y + LINE, size)


def _top(values: np.ndarray) -> float:
    from dashboard.charts.heatmap import round_up

    return round_up(float(values.max())) if values.size and values.max() > 0 else 1.0


def _percent(top: float) -> str:
    return "format(datum.value * 100, '.3~r') + ' %'"
