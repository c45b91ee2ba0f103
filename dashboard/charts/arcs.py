"""One head as arcs over the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.charts import labels as lettering
from dashboard.charts import wording
from dashboard.charts.drawing import NARROWEST, WIDTH, Drawing, sheet
from dashboard.charts.links import FAINTEST, Links, links_of, strokes
from dashboard.charts.pointing import pointed
from dashboard.charts.theme import PALETTES, Palette, Theme
from dashboard.heads.view import HeadView

HIGHEST = 210.0  # pixels of the arc over the whole row
ROUND = 120.0  # pixels up to which an arc is half a circle
LONGEST = 120.0  # pixels of a word
LOW = 14.0  # pixels of the arcs on a side that has none at rest


def arcs(
    view: HeadView,
    theme: Theme,
    *,
    width: float | None = None,
    lit: Sequence[tuple[int, int]] = (),
    parse: Sequence[tuple[int, int]] = (),
) -> Drawing:
    """The words in a row: arcs above look back, to an earlier word, arcs below look ahead.

    An arc is as wide and as dark as the share; a disc over a word is what it gives itself. Drawn are the
    strongest, see `links.links_of`; pointing at a word draws all that it looks at and says the shares.

    Parameters
    ----------
    view: weights (n, n) in [0, 1]
    width: pixels for the whole drawing (default 600); more than 50 words take 11.5 pixels each
    lit: links (i → j) by position that are drawn in full, however weak, while the others recede
    parse: pairs of words that a parse links: a thin blue arc over the words for each
    """
    p = PALETTES[theme]
    names = lettering.labels_of(view.labels)
    links = links_of(view)
    row = _Row.of(view, names, (width or WIDTH) - 12)
    xs = [round(float(x), 1) for x in row.x]
    up, down = row.heights(view, links, parse)
    height = up + row.band + down
    scales = {
        "x": {"type": "quantitative", "scale": {"domain": [0, row.width], "nice": False}, "axis": None},
        "y": {"type": "quantitative", "scale": {"domain": [0, height], "nice": False, "reverse": True}, "axis": None},
    }
    nodes = [{"k": k, "x": x, "quiet": bool(view.special[k])} for k, x in enumerate(xs)]
    sides = "arcs look back" if view.causal else "arcs above look back, arcs below look ahead"
    sides += " · blue: the parse" if parse else ""
    at_rest = f"datum.w >= {links.threshold}"
    faint = 0.2 if lit else 1
    return sheet(
        {
            "width": row.width,
            "height": height,
            "layer": [
                {"data": {"values": nodes}, "layer": [_all_words(row, p, scales, up)]},
                *([_parse(row, p, scales, up, parse)] if parse else []),
                {
                    "data": {"values": links.rows},
                    "layer": [
                        _arcs(row, p, scales, up, down, at_rest, {"expr": f"word >= 0 ? 0.1 : {faint}"}),
                        *([_arcs(row, p, scales, up, down, _is(lit), {"expr": "word >= 0 ? 0.1 : 1"})] if lit else []),
                        _arcs(row, p, scales, up, down, "datum.i === word", 1),
                        _selves(p, scales, up),
                        *_linked(row, p, scales, up),
                    ],
                },
                {"data": {"values": nodes}, "layer": [_under_pointer(row, scales, up)]},
                _catch(row, view, scales, up),
            ],
        },
        theme,
        title=wording.title(view),
        subtitle=wording.subtitle(view, f"{sides} · {links.note}"),
        description=wording.describe("Arcs over the sentence", [view]),
        width=max(row.width, min(width or WIDTH, NARROWEST)),
        params=[
            {"name": "words", "value": names},
            {"name": "xs", "value": xs},
            {"name": "ts", "value": [round(k / 16, 4) for k in range(17)]},
            pointed(["k"], ["catch"]),
            {"name": "word", "expr": "isValid(pointed.k) ? pointed.k[0] : -1"},
        ],
    )


def _is(links: Sequence[tuple[int, int]]) -> str:
    """Vega expression: whether a link is one of these."""
    return f"indexof({[f'{i}-{j}' for i, j in links]}, datum.i + '-' + datum.j) >= 0"


@dataclass(frozen=True)
class _Row:
    """Where the words stand: set as a sentence where they fit, else upright at even steps.

    x: the middle of each word (n); width, band: pixels of the row and of the height its words take; size,
    font: of the type; upright: the words run from bottom to top.
    """

    x: np.ndarray
    width: float
    band: float
    size: float
    font: str
    upright: bool

    @classmethod
    def of(cls, view: HeadView, names: list[str], room: float) -> _Row:
        mono = view.unit == "tokens"
        font = lettering.font_of(mono=mono)
        backwards = lettering.right_to_left(view.text)
        for size in (15.0, 13.0):
            widths = np.array([max(10.0, lettering.width_of(name, size, mono=mono)) for name in names])
            gap = min(26.0, (room - widths.sum()) / len(names))
            if gap >= 8:
                ends = np.cumsum(widths + gap)
                x = ends - (widths + gap) / 2
                return cls(ends[-1] - x if backwards else x, float(ends[-1]), 34.0, size, font, upright=False)
        size = 13.0 if len(names) <= 40 else 11.5
        step = max(11.5, min(30.0, room / len(names)))
        longest = min(LONGEST, max(lettering.width_of(name, size, mono=mono) for name in names))
        x = (np.arange(len(names)) + 0.5) * step
        width = len(names) * step
        return cls(width - x if backwards else x, width, longest + 26, size, font, upright=True)

    def heights(
        self, view: HeadView, links: Links, parse: Sequence[tuple[int, int]] = ()
    ) -> tuple[float, float]:  # fmt: skip
        """Pixels over and under the words: enough for the arcs drawn at rest, and a strip where only a pointed word
        has any."""
        i, j = np.nonzero(view.weights >= links.threshold)
        span = np.abs(self.x[i] - self.x[j])
        any_link = view.weights >= FAINTEST
        back, ahead = np.tril(any_link, -1).any(), np.triu(any_link, 1).any()

        def enough(spans: np.ndarray) -> float:
            return max(56.0 if spans.size else LOW, _arch(spans.max(initial=0), self.width)) + 10

        above = np.array([*span[j < i], *(abs(self.x[a] - self.x[b]) for a, b in parse)])
        return enough(above) if back or parse else 12.0, enough(span[j > i]) if ahead else 12.0


def _arch(span: float, width: float) -> float:
    """Pixels of height of an arc over `span` pixels: half a circle while it is short, flatter when long."""
    return span / 2 if span <= ROUND else ROUND / 2 + (HIGHEST - ROUND / 2) * (span - ROUND) / (width - ROUND)


def _arcs(row: _Row, p: Palette, scales: dict, up: float, down: float, which: str, opacity: dict | float) -> dict:
    return {
        "transform": [{"filter": f"datum.i !== datum.j && {which}"}, *_bent(row, up, down)],
        "mark": {"type": "line", "interpolate": "natural", "stroke": p.ink, "opacity": opacity, "aria": False},
        "encoding": _along(scales) | strokes(4.0 if row.upright else 5.5),
    }


def _parse(row: _Row, p: Palette, scales: dict, up: float, parse: Sequence[tuple[int, int]]) -> dict:
    """The parse's links, over the words whichever way they run."""
    values = [{"i": max(pair), "j": min(pair)} for pair in parse]
    return {
        "data": {"values": values},
        "transform": _bent(row, up, up),
        "mark": {
            "type": "line", "interpolate": "natural", "stroke": p.syntax, "strokeWidth": 1.4, "aria": False,
            "opacity": {"expr": "word >= 0 ? 0.35 : 0.9"},
        },
        "encoding": _along(scales) | {"detail": {"field": "link", "type": "nominal"}},
    }  # fmt: skip


def _bent(row: _Row, up: float, down: float) -> list[dict]:
    """From links (i, j) the points of their arcs: over the words where j stands before i, else under them."""
    flat = f"{ROUND / 2} + {HIGHEST - ROUND / 2} * (datum.span - {ROUND}) / {max(1.0, row.width - ROUND)}"
    height = f"(datum.span <= {ROUND} ? datum.span / 2 : {flat})"  # `_arch`
    return [
        {"calculate": "datum.i + '-' + datum.j", "as": "link"},
        {"calculate": "abs(xs[datum.i] - xs[datum.j])", "as": "span"},
        # A faint link of a pointed word may reach further than any at rest: it is drawn flatter, not cut.
        {"calculate": f"datum.j < datum.i ? -min({height}, {up - 6}) : min({height}, {down - 6})", "as": "h"},
        {"calculate": "ts", "as": "t"},
        {"flatten": ["t"]},
        {"calculate": "(xs[datum.i] + xs[datum.j] + (xs[datum.i] - xs[datum.j]) * cos(PI * datum.t)) / 2", "as": "x"},
        {"calculate": f"(datum.h < 0 ? {up} : {up + row.band}) + datum.h * sin(PI * datum.t)", "as": "y"},
    ]


def _along(scales: dict) -> dict:
    return {
        "x": scales["x"] | {"field": "x"}, "y": scales["y"] | {"field": "y"},
        "order": {"field": "t", "type": "quantitative"},
    }  # fmt: skip


def _lettering(row: _Row, scales: dict, up: float) -> tuple[dict, dict]:
    """The mark and the encoding of a word: set level, or upright with its end at the arcs."""
    stand = {"angle": 270, "align": "right"} if row.upright else {"align": "center"}
    mark = {
        "type": "text", "baseline": "middle", "fontSize": row.size, "font": row.font, "limit": LONGEST, "aria": False,
    }  # fmt: skip
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


def _catch(row: _Row, view: HeadView, scales: dict, up: float) -> dict:
    """Clear bars over the words that take the pointer, each up to half-way to its neighbours."""
    order = np.argsort(row.x)
    edges = np.concatenate([[0], (row.x[order][1:] + row.x[order][:-1]) / 2, [row.width]]).round(1)
    empty = ~view.weights.any(axis=1)
    values = [
        {"k": int(k), "from": float(edges[place]), "to": float(edges[place + 1]), "empty": bool(empty[k])}
        for place, k in enumerate(order)
    ]
    return {
        "name": "catch",
        "data": {"values": values},
        "transform": [{"calculate": f"words[datum.k] + ': {wording.nothing(view)}'", "as": "tip"}],
        "mark": {"type": "rect", "opacity": 0, "aria": False},
        "encoding": {
            "x": scales["x"] | {"field": "from"},
            "x2": {"field": "to"},
            "y": scales["y"] | {"datum": max(0, up - 30)},
            "y2": {"datum": up + row.band + 10},
            "tooltip": {"condition": {"test": "datum.empty", "field": "tip", "type": "nominal"}, "value": None},
        },
    }
