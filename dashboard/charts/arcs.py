"""One head as arcs over the sentence."""

from __future__ import annotations

import numpy as np

from dashboard.charts import labels as lettering
from dashboard.charts import wording
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.links import FAINTEST, Links, links_of, strokes
from dashboard.charts.pointing import pointed
from dashboard.charts.theme import PALETTES, Palette, Theme
from dashboard.heads.view import HeadView

WIDTH = 640  # pixels for the whole drawing
HIGHEST = 210.0  # pixels of the longest arc


def arcs(view: HeadView, theme: Theme, *, width: float | None = None) -> Drawing:
    """The words in a row: arcs above look back, to an earlier word, arcs below look ahead.

    An arc is as wide and as dark as the share; a disc over a word is what it gives itself. Hovering over a
    word lights all that it looks at and says the shares.
    """
    n = len(view)
    p = PALETTES[theme]
    names = lettering.labels_of(view.labels)
    links = links_of(view)
    row = _Row.of(view, names, width or WIDTH)
    up, down = row.heights(view, links)
    band = row.band
    scales = {
        "x": {"type": "quantitative", "scale": {"domain": [0, row.width], "nice": False}, "axis": None},
        "y": {"type": "quantitative", "scale": {"domain": [0, up + band + down], "nice": False, "reverse": True}, "axis": None},
    }
    nodes = [{"k": k, "x": round(float(x), 1), "quiet": view.special[k]} for k, x in enumerate(row.x)]
    return sheet(
        {
            "width": row.width,
            "height": up + band + down,
            "layer": [
                {"data": {"values": nodes}, "layer": [_all_words(row, p, scales, up)]},
                {
                    "data": {"values": links.rows},
                    "layer": [
                        _arcs(row, p, links, scales, up, down, pointed_at=False),
                        _arcs(row, p, links, scales, up, down, pointed_at=True),
                        _selves(p, scales, up),
                        *_linked(row, p, scales, up),
                    ],
                },
                {"data": {"values": nodes}, "layer": [_under_pointer(row, scales, up)]},
                _catch(row, scales, up),
            ],
        },
        theme,
        title=wording.title([view]),
        subtitle=wording.subtitle(
            view, "arcs above look back, arcs below look ahead · " + links.note if not view.causal
            else "arcs from a word to what it looks back at · " + links.note, room=max(row.width, 420),
        ),
        description=wording.describe(view, "Arcs over the sentence"),
        params=[
            {"name": "words", "value": names},
            {"name": "xs", "value": [round(float(x), 1) for x in row.x]},
            {"name": "ts", "value": [round(k / 16, 4) for k in range(17)]},
            pointed(["k"], ["catch"]),
            {"name": "word", "expr": "isValid(pointed.k) ? pointed.k[0] : -1"},
        ],
    )  # fmt: skip


class _Row:
    """Where the words stand: set as a sentence where they fit, else upright at even steps.

    x: the middle of each word (n); upright: words run from bottom to top; band: pixels the words take.
    """

    def __init__(self, x: np.ndarray, width: float, band: float, size: float, upright: bool, font: str):
        self.x, self.width, self.band, self.size, self.upright, self.font = x, width, band, size, upright, font

    @classmethod
    def of(cls, view: HeadView, names: list[str], room: float) -> _Row:
        mono = view.unit == "tokens"
        font = lettering.font_of(view.unit)
        backwards = lettering.right_to_left(view.text)
        for size in (15.0, 13.0):
            widths = np.array([max(10.0, lettering.width_of(x, size, mono=mono)) for x in names])
            gap = min(26.0, (room - 20 - widths.sum()) / len(names))
            if gap >= 8:
                edges = np.cumsum(widths + gap)
                x = edges - (widths + gap) / 2
                return cls(edges[-1] - x if backwards else x, float(edges[-1]), 34, size, False, font)
        size = 13.0 if len(names) <= 40 else 11.5
        step = max(12.0, min(30.0, (room - 20) / len(names)))
        longest = min(120.0, max(lettering.width_of(x, size, mono=mono) for x in names))
        x = (np.arange(len(names)) + 0.5) * step
        return cls(len(names) * step - x if backwards else x, len(names) * step, longest + 26, size, True, font)

    def heights(self, view: HeadView, links: Links) -> tuple[float, float]:
        """Pixels over and under the words: enough for the arcs drawn at rest, and some for a hovered word's."""
        i, j = np.nonzero(view.weights >= links.threshold)
        span = np.abs(self.x[i] - self.x[j])
        anything = view.weights >= FAINTEST
        return tuple(
            max(60.0, height_of(span[side].max(initial=0), self.width)) + 8 if any_arc else 12.0
            for side, any_arc in ((j < i, np.tril(anything, -1).any()), (j > i, np.triu(anything, 1).any()))
        )


def height_of(span: float, width: float) -> float:
    """Pixels of an arc over `span` pixels: half a circle while it is short, flatter when long."""
    return span / 2 if span <= 120 else 60 + (HIGHEST - 60) * (span - 120) / max(1.0, width - 120)


def _arcs(row: _Row, p: Palette, links: Links, scales: dict, up: float, down: float, *, pointed_at: bool) -> dict:
    which = "datum.i === word" if pointed_at else f"datum.w >= {links.threshold}"
    height = f"(datum.span <= 120 ? datum.span / 2 : 60 + {HIGHEST - 60} * (datum.span - 120) / {max(1.0, row.width - 120)})"
    return {
        "transform": [
            {"filter": f"datum.i !== datum.j && {which}"},
            {"calculate": "datum.i + '-' + datum.j", "as": "link"},
            {"calculate": "abs(xs[datum.i] - xs[datum.j])", "as": "span"},
            # A faint link of a hovered word may be longer than any at rest: it is drawn flatter, not cut.
            {"calculate": f"datum.j < datum.i ? -min({height}, {up - 6}) : min({height}, {down - 6})", "as": "h"},
            {"calculate": "ts", "as": "t"},
            {"flatten": ["t"]},
            {"calculate": "(xs[datum.i] + xs[datum.j]) / 2 + (xs[datum.i] - xs[datum.j]) / 2 * cos(PI * datum.t)", "as": "x"},
            {"calculate": f"(datum.h < 0 ? {up} : {up + row.band}) + datum.h * sin(PI * datum.t)", "as": "y"},
        ],
        "mark": {
            "type": "line", "interpolate": "natural", "stroke": p.ink, "aria": False,
            "opacity": 1 if pointed_at else {"expr": "word >= 0 ? 0.1 : 1"},
        },
        "encoding": {
            "x": scales["x"] | {"field": "x"}, "y": scales["y"] | {"field": "y"},
            "order": {"field": "t", "type": "quantitative"}, **strokes(5.5 if not row.upright else 4),
        },
    }  # fmt: skip


def _lettering(row: _Row, scales: dict, up: float) -> tuple[dict, dict]:
    """The mark and the encoding of a word: set level, or upright with its end at the arcs."""
    stand = {"angle": 270, "align": "right"} if row.upright else {"align": "center"}
    mark = {"type": "text", "baseline": "middle", "fontSize": row.size, "font": row.font, "limit": 120, "aria": False}
    middle = up + (12 if row.upright else row.band / 2)
    here = {
        "x": scales["x"] | {"field": "x"}, "y": scales["y"] | {"datum": middle},
        "text": {"field": "name", "type": "nominal"},
    }  # fmt: skip
    return mark | stand, here


def _all_words(row: _Row, p: Palette, scales: dict, up: float) -> dict:
    mark, here = _lettering(row, scales, up)
    return {
        "transform": [{"calculate": "words[datum.k]", "as": "name"}],
        "mark": mark | {"opacity": {"expr": "word >= 0 ? 0.35 : 1"}},
        "encoding": here | {"color": {"condition": {"test": "datum.quiet", "value": p.quiet}, "value": p.text}},
    }


def _under_pointer(row: _Row, scales: dict, up: float) -> dict:
    mark, here = _lettering(row, scales, up)
    return {
        "transform": [{"calculate": "words[datum.k]", "as": "name"}, {"filter": "datum.k === word"}],
        "mark": mark | {"fontWeight": 700},
        "encoding": here,
    }


def _linked(row: _Row, p: Palette, scales: dict, up: float) -> list[dict]:
    """What the word under the pointer looks at comes forward, with its share in per cent below."""
    mark, here = _lettering(row, scales, up)
    linked = [
        {"filter": "datum.i === word"},
        {"calculate": "words[datum.j]", "as": "name"},
        {"calculate": "xs[datum.j]", "as": "x"},
        {"calculate": "format(datum.w * 100, '.0f')", "as": "share"},
        {"calculate": "min(1, 0.25 + 3 * datum.w)", "as": "strength"},
    ]
    strength = {"fillOpacity": {"field": "strength", "type": "quantitative", "scale": None, "legend": None}}
    share = {"type": "text", "fontSize": 10.5, "baseline": "middle", "aria": False, "color": p.text}
    below = {
        "x": here["x"], "y": scales["y"] | {"datum": up + row.band - 5},
        "text": {"field": "share", "type": "nominal"},
    }  # fmt: skip
    return [
        {"transform": linked, "mark": mark, "encoding": here | strength},
        {"transform": [*linked, {"filter": "datum.w >= 0.01"}], "mark": share, "encoding": below},
    ]


def _selves(p: Palette, scales: dict, up: float) -> dict:
    """A disc over each word, its area the share that the word gives itself."""
    area = {"domain": [0, 1], "range": [0, 60]}
    return {
        "transform": [{"filter": "datum.i === datum.j && datum.w >= 0.02"}, {"calculate": "xs[datum.j]", "as": "x"}],
        "mark": {
            "type": "point", "filled": True, "shape": "circle", "fill": p.ink, "stroke": None, "aria": False,
            "opacity": {"expr": "word >= 0 ? 0.1 : 0.85"},
        },
        "encoding": {
            "x": scales["x"] | {"field": "x"}, "y": scales["y"] | {"datum": up + 4},
            "size": {"field": "w", "type": "quantitative", "scale": area, "legend": None},
        },
    }  # fmt: skip


def _catch(row: _Row, scales: dict, up: float) -> dict:
    """Clear bars over the words that take the pointer, each up to half-way to its neighbours."""
    order = np.argsort(row.x)
    sorted_x = row.x[order]
    middle = (sorted_x[1:] + sorted_x[:-1]) / 2
    left, right = np.empty_like(row.x), np.empty_like(row.x)
    left[order] = np.concatenate([[0], middle])
    right[order] = np.concatenate([middle, [row.width]])
    values = [
        {"k": k, "from": round(float(a), 1), "to": round(float(b), 1)}
        for k, (a, b) in enumerate(zip(left, right, strict=True))
    ]
    return {
        "name": "catch", "data": {"values": values},
        "mark": {"type": "rect", "opacity": 0, "aria": False},
        "encoding": {
            "x": scales["x"] | {"field": "from"}, "x2": {"field": "to"},
            "y": scales["y"] | {"datum": max(0, up - 30)}, "y2": {"datum": up + row.band + 10},
        },
    }  # fmt: skip
