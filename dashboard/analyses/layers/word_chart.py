"""One word through the layers: the parts of each change, its size, and the nearest words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dashboard.analyses.layers.layers_chart import OF_DECODER, PART_NAMES
from dashboard.analyses.layers.text import word_finding
from dashboard.charts import labels as lettering
from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import TOKENS_FONT, WORDS_FONT, Palette, Theme, ink, on_ink, scale
from dashboard.heads.format import percent

if TYPE_CHECKING:
    from dashboard.analyses.layers.residual_stream import ResidualStream

ROW = 22.0
HEAD = 42.0  # pixels above the rows, for the legend of the parts and the headings
NAMES = 48.0
NUMBER = 56.0
WIDEST, NARROWEST_WORD = 118.0, 66.0


def word_chart(stream: ResidualStream, word: int, look: Look) -> Drawing:
    """A row for the vector before the first layer and after each layer, from top to bottom.

    From left to right: a bar with the shares of attention, cross attention, feed-forward and normalisation in the
    layer's change (a part against the change is left of 0); the size of the change, relative to the vector's length;
    the words with the nearest vectors, shaded by the cosine.

    Parameters
    ----------
    word: a place in `stream.words`; look: 600 pixels wide by default
    """
    p, width = look.palette, look.width_or(WIDTH)
    position = int(stream.words[word])
    name = drawable(stream.known(position))
    parts, near = stream.parts(position), stream.neighbours(position)
    moved = stream.numbers["moved"][:, position]
    bar = max(90.0, min(240.0, 0.3 * width))
    left = NAMES + bar + NUMBER + 14
    count = int(near["rank"].max()) if len(near) else 0
    count = max(1, min(count, int((width - left) / NARROWEST_WORD))) if count else 0
    cell = min(WIDEST, (width - left) / count) if count else 0
    body = [
        *_rows(stream, p),
        *_bars(parts, p, bar, left + cell * count, stream),
        _numbers(moved, p, NAMES + bar + NUMBER),
        *(_near(near[near["rank"] <= count], p, look.theme, left, cell, stream) if count else []),
    ]
    return sheet(
        {
            "width": left + cell * count,
            "height": HEAD + ROW * (stream.layers + 1),
            "layer": body,
            "resolve": {"scale": {"color": "independent"}},
        },
        look.theme,
        title=f"“{name}” through the layers · {stream.model}",
        subtitle=[
            *([f"in the stretch “{stream.stretches[position]}”"] if stream.stretches else []),
            "bars: what made the change of each layer · size: of the change, relative to the vector",
            "right: the nearest words after each layer · shade: cosine after subtracting the mean, 0 to 1"
            if count
            else "nearest words need a text of three words and more",
        ],
        description=word_finding(stream, word),
        width=left + cell * count,
    )


def _at(x: float | dict, y: str | dict = "y") -> dict:
    """The encoding of a place in pixels."""
    across = {"value": x} if isinstance(x, float | int) else x
    down = {"field": y, "type": "quantitative", "scale": None, "axis": None} if isinstance(y, str) else y
    return {"x": across, "y": down}


def _pixels(field: str) -> dict:
    return {"field": field, "type": "quantitative", "scale": None, "axis": None}


def _middle(stage: int) -> float:
    return HEAD + ROW * (stage + 0.5)


def _text(p: Palette, **more: object) -> dict:
    return {"type": "text", "baseline": "middle", "aria": False, "fontSize": 12, "color": p.text, **more}


def _rows(stream: ResidualStream, p: Palette) -> list[dict]:
    stages = ["before", *(f"{stream.letter}{layer}" for layer in range(stream.layers))]
    names = [{"y": _middle(stage), "name": name} for stage, name in enumerate(stages)]
    mark = _text(p, align="right", color=p.quiet)
    field = {"text": {"field": "name", "type": "nominal"}}
    return [{"data": {"values": names}, "mark": mark, "encoding": _at(NAMES - 8) | field}]


def _bars(parts: pd.DataFrame, p: Palette, width: float, whole: float, stream: ResidualStream) -> list[dict]:
    """Stacked bars: parts that add to the change to the right of 0, parts against it to the left. whole: pixels of the
    drawing, for the legend"""
    share = parts.assign(share=parts["share"].fillna(0.0))
    up = share[share["share"] > 0].groupby("layer")["share"].sum().max() if len(share) else 1.0
    down = share[share["share"] < 0].groupby("layer")["share"].sum().min()
    # A bar is long if two parts nearly cancel each other; it is cut at three times the change.
    high = min(3.0, max(1.0, float(up) if up == up else 1.0))
    low = max(-2.0, min(0.0, float(down) if down == down else 0.0))
    part_names = OF_DECODER if stream.part else PART_NAMES
    fill = {"attention": p.plus, "cross_attention": p.quiet, "feed_forward": p.minus, "normalisation": p.paper}

    def x_of(value: float) -> float:
        return round(NAMES + width * (min(max(value, low), high) - low) / (high - low), 1)

    rows = []
    for layer in sorted(set(share["layer"])):
        one = share[share["layer"] == layer]
        right = left = 0.0
        for part, value in zip(one["part"], one["share"], strict=True):
            start = right if value >= 0 else left
            ends = sorted((x_of(start), x_of(start + value)))
            right, left = (right + value, left) if value >= 0 else (right, left + value)
            tip = f"{stream.letter}{layer}: {part_names[part]} makes up {percent(float(value))} of the change"
            y = HEAD + ROW * (int(layer) + 1)
            rows.append(
                {
                    "x": ends[0],
                    "x2": ends[1],
                    "y": y + 4,
                    "y2": y + ROW - 4,
                    "fill": fill[part],
                    "tip": tip,
                    "stroke": p.quiet if part == "normalisation" else fill[part],
                }
            )
    bars = {
        "data": {"values": rows},
        "mark": {"type": "rect", "aria": False, "strokeWidth": 1},
        "encoding": {
            "x": _pixels("x"),
            "x2": {"field": "x2"},
            "y": _pixels("y"),
            "y2": {"field": "y2"},
            **_COLOURS,
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }
    marks = [{"x": x_of(value), "name": name} for value, name in ((0.0, "0"), (1.0, "100 %"))]
    bottom = HEAD + ROW * (int(share["layer"].max()) + 2)
    rules = {
        "data": {"values": [{**mark, "y": HEAD + ROW, "y2": bottom} for mark in marks]},
        "mark": {"type": "rule", "aria": False, "stroke": p.quiet, "strokeWidth": 0.75},
        "encoding": {"x": _pixels("x"), "y": _pixels("y"), "y2": {"field": "y2"}},
    }
    ticks = {
        "data": {"values": [{**mark, "y": HEAD + ROW - 8} for mark in marks]},
        "mark": _text(p, fontSize=11, color=p.quiet),
        "encoding": _at(_pixels("x")) | {"text": {"field": "name", "type": "nominal"}},
    }
    present = list(dict.fromkeys(share["part"]))
    return [bars, rules, ticks, *_legend(present, part_names, fill, p, whole)]


# In Vega-Lite a rectangle with its own stroke takes its fill only from "color".
_COLOURS = {
    name: {"field": field, "type": "nominal", "scale": None, "legend": None}
    for name, field in (("color", "fill"), ("stroke", "stroke"))
}


def _legend(
    present: list[str], part_names: dict[str, str], fill: dict[str, str], p: Palette, whole: float
) -> list[dict]:
    """In one line; in two where the drawing is too narrow, the first above it."""
    widths = [14 + lettering.width_of(part_names[part], 11.5) + 12 for part in present]
    first = len(present) if NAMES + sum(widths) <= whole else len(present) // 2
    x, rows = NAMES, []
    for k, part in enumerate(present):
        name, y = part_names[part], 2 if k >= first or first == len(present) else -14
        x = NAMES if k == first else x
        rows.append(
            {
                "x": x,
                "x2": x + 10,
                "y": y,
                "y2": y + 10,
                "text": x + 14,
                "middle": y + 5.5,
                "name": name,
                "fill": fill[part],
                "stroke": p.quiet if part == "normalisation" else fill[part],
            }
        )
        x += widths[k]
    box = {
        "mark": {"type": "rect", "aria": False, "strokeWidth": 1},
        "encoding": {
            "x": _pixels("x"),
            "x2": {"field": "x2"},
            "y": _pixels("y"),
            "y2": {"field": "y2"},
            **_COLOURS,
        },
    }
    name = {
        "mark": _text(p, align="left", fontSize=11.5, color=p.quiet),
        "encoding": _at(_pixels("text"), "middle") | {"text": {"field": "name", "type": "nominal"}},
    }
    return [{"data": {"values": rows}, "layer": [box, name]}]


def _numbers(moved, p: Palette, right: float) -> dict:
    rows = [
        {"y": _middle(layer + 1), "name": "–" if value != value else f"{value:.2f}"}
        for layer, value in enumerate(moved)
    ]
    text = {"text": {"field": "name", "type": "nominal"}}
    heading = _text(p, align="right", fontSize=11.5, color=p.quiet, text="size")
    return {
        "layer": [
            {"data": {"values": rows}, "mark": _text(p, align="right"), "encoding": _at(right) | text},
            {"data": {"values": [{"y": HEAD - 9}]}, "mark": heading, "encoding": _at(right)},
        ]
    }


def _near(near: pd.DataFrame, p: Palette, theme: Theme, left: float, cell: float, stream: ResidualStream) -> list[dict]:
    def after(stage: int) -> str:
        return f"after {stream.letter}{stage - 1}" if stage else "before the first layer"

    rows = [
        {
            "x": left + cell * (row["rank"] - 1),
            "x2": left + cell * row["rank"] - 2,
            "middle": left + cell * (row["rank"] - 0.5),
            "top": HEAD + ROW * row["stage"] + 1,
            "bottom": HEAD + ROW * (row["stage"] + 1) - 1,
            "y": _middle(row["stage"]),
            "word": drawable(row["text"]),
            "cosine": round(max(0.0, float(row["cosine"])), 3),
            "tip": f"{after(row['stage'])}: {drawable(row['text'])}, cosine {row['cosine']:.2f}".replace("-", "−"),
        }
        for row in near.to_dict("records")
    ]
    boxes = {
        "mark": {"type": "rect", "aria": False},
        "encoding": {
            "x": _pixels("x"),
            "x2": {"field": "x2"},
            "y": _pixels("top"),
            "y2": {"field": "bottom"},
            "fill": {"field": "cosine", "type": "quantitative", "scale": scale(ink(theme), 0, 1), "legend": None},
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }
    words = {
        "mark": _text(p, limit=cell - 8, font=TOKENS_FONT if stream.unit == "tokens" else WORDS_FONT, tooltip=None),
        "encoding": _at(_pixels("middle"))
        | {"text": {"field": "word", "type": "nominal"}, "color": on_ink(theme, "datum.cosine")},
    }
    headings = [
        {"x": left + cell * (rank - 0.5), "y": HEAD - 9, "name": "nearest" if rank == 1 else f"{rank}."}
        for rank in sorted(near["rank"].unique().tolist())
    ]
    heading = {
        "data": {"values": headings},
        "mark": _text(p, fontSize=11.5, color=p.quiet),
        "encoding": _at(_pixels("x")) | {"text": {"field": "name", "type": "nominal"}},
    }
    return [{"data": {"values": rows}, "layer": [boxes, words]}, heading]
