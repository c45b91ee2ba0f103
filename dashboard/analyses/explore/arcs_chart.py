"""One head as arcs over the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from dashboard.analyses.explore.arc_geometry import LONGEST, Row, along, bent
from dashboard.analyses.explore.edited_arcs import edited_arcs
from dashboard.analyses.explore.link_strokes import Links, links_of, strokes
from dashboard.analyses.explore.parse_arcs import Link, parse_arcs
from dashboard.analyses.explore.text import describe
from dashboard.charts import labels as lettering
from dashboard.charts import titles
from dashboard.charts.crosses import marks_inside, note
from dashboard.charts.drawing import NARROWEST, WIDTH, Drawing, sheet
from dashboard.charts.look import Look
from dashboard.charts.selections import pointed
from dashboard.charts.stretches import named_layers, placed, stretches_of
from dashboard.charts.theme import Palette
from dashboard.heads.view import HeadView

Role = Literal["syntax", "context", "position"]
COLOURS = {"syntax": "blue", "context": "orange", "position": "grey"}


def arcs(
    view: HeadView,
    look: Look,
    *,
    lit: Sequence[tuple[int, int]] = (),
    parse: Sequence[Link] = (),
    role: Role | None = None,
    heights: tuple[float, float] | None = None,
    cut: Sequence[tuple[int, int]] = (),
    replaced: Sequence[int] = (),
) -> Drawing:
    """The words in a row: arcs above look back, to an earlier word; arcs below look ahead.

    The larger the share, the wider and darker the arc; a disc over a word is the share it gives itself. The strongest
    links are drawn, see `link_strokes.links_of`; hovering over a word draws all its links, with their shares.

    Parameters
    ----------
    view: (n, n), shares in [0, 1] or norms
    look: 600 pixels wide by default; more than 50 words take 11.5 pixels each
    lit: links (i → j) to highlight, from 0.5 % on; the others are paler
    parse: dependencies (word, its head, its relation), each a dashed blue arc above the words
    role: of the head, which colours its arcs: syntax blue, context orange, position grey
    heights: pixels above and below the words, see `arc_heights` (default: as the arcs need)
    cut: links (i → j) that are dashed and crossed out; replaced: words that are framed, as their row is replaced

    All these places are those of the whole text, even if only a window of it is drawn.
    """
    p = look.palette
    ink = getattr(p, role) if role else p.ink
    cut, replaced = marks_inside(view, cut, replaced)
    lit, parse = _inside(view, lit), _inside(view, parse)
    names = lettering.labels_of(view.drawn)
    links = links_of(view)
    row = Row.of(view, names, _available_width(look.width))
    xs = [round(float(x), 1) for x in row.x]
    up, down = heights or row.heights(view, links, [*lit, *cut], parse)
    height = up + row.band + down
    scales = {
        "x": {"type": "quantitative", "scale": {"domain": [0, row.width], "nice": False}, "axis": None},
        "y": {"type": "quantitative", "scale": {"domain": [0, height], "nice": False, "reverse": True}, "axis": None},
    }
    nodes = [{"k": k, "x": x, "quiet": bool(view.special[k])} for k, x in enumerate(xs)]
    sides = "arcs look back" if view.causal else "arcs above look back, arcs below look ahead"
    sides += " · full colour: the marked pairs" if lit else ""
    sides += f" · {COLOURS[role]}: a {role} head" if role else ""
    sides += " · dashed blue: the parse" if parse else ""
    there = f" && !({_is(cut)})" if cut else ""
    at_rest = f"datum.w >= {links.threshold}{there}"
    faint = 0.35 if lit else 1
    marked = _arcs(row, ink, scales, up, down, _is(lit), {"expr": "word >= 0 ? 0.1 : 1"})
    marked["encoding"]["strokeOpacity"] = {"value": 0.9}  # its width shows the share
    return sheet(
        {
            "width": row.width,
            "height": height,
            "layer": [
                {"data": {"values": nodes}, "layer": [_all_words(row, p, scales, up)]},
                {
                    "data": {"values": links.rows},
                    "layer": [
                        _arcs(row, ink, scales, up, down, at_rest, {"expr": f"word >= 0 ? 0.1 : {faint}"}),
                        *([marked] if lit else []),
                        _arcs(row, ink, scales, up, down, f"datum.i === word{there}", 1),
                        _selves(ink, scales, up),
                        *_linked(row, p, scales, up, links),
                    ],
                },
                *(parse_arcs(row, p, scales, up, parse) if parse else []),
                *edited_arcs(row, names, cut, replaced, p, scales, (up, down)),
                *_stretches(row, view, p, up, height),
                {"data": {"values": nodes}, "layer": [_under_pointer(row, scales, up)]},
                _catch(row, view, links, scales, up),
            ],
        },
        look.theme,
        title=titles.title(view),
        subtitle=titles.subtitle(view, f"{sides} · {links.note}", *note(cut, replaced)),
        description=describe("Arcs over the sentence", [view]),
        width=max(row.width, min(look.width_or(WIDTH), NARROWEST)),
        params=[
            {"name": "words", "value": names},
            {"name": "xs", "value": xs},
            {"name": "ts", "value": [round(k / 16, 4) for k in range(17)]},
            pointed(["k"], ["catch"]),
            {"name": "word", "expr": "isValid(pointed.k) ? pointed.k[0] : -1"},
        ],
    )


def arc_heights(
    views: Sequence[HeadView], *, width: float | None = None, parse: Sequence[Link] = ()
) -> tuple[float, float]:
    """Pixels above and below the words that are enough for the arcs of each of these heads over the same words, so that
    their pictures line up side by side. width, parse: see `arcs`."""
    each = []
    for view in views:
        row = Row.of(view, lettering.labels_of(view.drawn), _available_width(width))
        each.append(row.heights(view, links_of(view), (), _inside(view, parse)))
    return max(up for up, _ in each), max(down for _, down in each)


def _available_width(width: float | None) -> float:
    return (width or WIDTH) - 12


def _inside(view: HeadView, links: Sequence[tuple]) -> list[tuple]:
    """The links with both ends in the view, by their places in the view."""
    moved = [(i - view.start, j - view.start, *rest) for i, j, *rest in links]
    return [link for link in moved if all(0 <= k < len(view) for k in link[:2])]


def _is(links: Sequence[tuple[int, int]]) -> str:
    """Vega expression: whether the datum is one of these links."""
    return f"indexof({[f'{i}-{j}' for i, j in links]}, datum.i + '-' + datum.j) >= 0"


def _arcs(row: Row, ink: str, scales: dict, up: float, down: float, which: str, opacity: dict | float) -> dict:
    return {
        "transform": [{"filter": f"datum.i !== datum.j && {which}"}, *bent(row, up, down)],
        "mark": {"type": "line", "interpolate": "natural", "stroke": ink, "opacity": opacity, "aria": False},
        "encoding": along(scales) | strokes(4.0 if row.upright else 5.5),
    }


def _stretches(row: Row, view: HeadView, p: Palette, up: float, height: float) -> list[dict]:
    """What tells the stretches of the words apart, below all arcs."""
    edges = row.edges[::-1] if row.x[0] > row.x[-1] else row.edges
    sides = placed(stretches_of(view.stretches), lambda words: float(edges[int(words)]))
    return named_layers(sides, p, across=True, at=height + 7, through=(up, height + 7))


def _lettering(row: Row, scales: dict, up: float) -> tuple[dict, dict]:
    """The mark and the encoding of a word: horizontal, or upright with its end at the arcs."""
    stand = {"angle": 270, "align": "right"} if row.upright else {"align": "center"}
    mark = {
        "type": "text",
        "baseline": "middle",
        "fontSize": row.size,
        "font": row.font,
        "limit": LONGEST,
        "aria": False,
    }
    middle = up + (12 if row.upright else row.band / 2)
    here = {
        "x": scales["x"] | {"field": "x"},
        "y": scales["y"] | {"datum": middle},
        "text": {"field": "name", "type": "nominal"},
    }
    return mark | stand, here


def _all_words(row: Row, p: Palette, scales: dict, up: float) -> dict:
    mark, here = _lettering(row, scales, up)
    return {
        "transform": [{"calculate": "words[datum.k]", "as": "name"}],
        "mark": mark | {"opacity": {"expr": "word >= 0 ? 0.35 : 1"}},
        "encoding": here | {"color": {"condition": {"test": "datum.quiet", "value": p.quiet}, "value": p.text}},
    }


def _under_pointer(row: Row, scales: dict, up: float) -> dict:
    mark, here = _lettering(row, scales, up)
    return {
        "transform": [{"calculate": "words[datum.k]", "as": "name"}, {"filter": "datum.k === word"}],
        "mark": mark | {"fontWeight": 700},
        "encoding": here,
    }


def _linked(row: Row, p: Palette, scales: dict, up: float, links: Links) -> list[dict]:
    """The keys of the hovered word, highlighted, with their shares in per cent below."""
    mark, here = _lettering(row, scales, up)
    linked = [
        {"filter": "datum.i === word"},
        {"calculate": "words[datum.j]", "as": "name"},
        {"calculate": "xs[datum.j]", "as": "x"},
        {"calculate": links.ink_scale.expr("datum.w", ".0f", ""), "as": "share"},
        {"calculate": "min(1, 0.25 + 3 * datum.w)", "as": "strength"},
    ]
    strength = {"fillOpacity": {"field": "strength", "type": "quantitative", "scale": None, "legend": None}}
    share = {"type": "text", "fontSize": 10.5, "baseline": "middle", "aria": False, "color": p.text}
    below = {
        "x": here["x"],
        "y": scales["y"] | {"datum": up + row.band - 5},
        "text": {"field": "share", "type": "nominal"},
    }
    return [
        {"transform": linked, "mark": mark, "encoding": here | strength},
        {"transform": [*linked, {"filter": "datum.w >= 0.01"}], "mark": share, "encoding": below},
    ]


def _selves(ink: str, scales: dict, up: float) -> dict:
    """A disc over each word; its area is the share that the word gives itself."""
    area = {"domain": [0, 1], "range": [0, 60]}
    return {
        "transform": [{"filter": "datum.i === datum.j && datum.w >= 0.02"}, {"calculate": "xs[datum.j]", "as": "x"}],
        "mark": {
            "type": "point",
            "filled": True,
            "shape": "circle",
            "fill": ink,
            "stroke": None,
            "aria": False,
            "opacity": {"expr": "word >= 0 ? 0.1 : 0.85"},
        },
        "encoding": {
            "x": scales["x"] | {"field": "x"},
            "y": scales["y"] | {"datum": up + 4},
            "size": {"field": "w", "type": "quantitative", "scale": area, "legend": None},
        },
    }


def _catch(row: Row, view: HeadView, links: Links, scales: dict, up: float) -> dict:
    """Transparent bars over the words that catch the pointer, each up to half-way to its neighbours."""
    order, edges = np.argsort(row.x), row.edges
    empty = [not row.any() for row in links.ink]
    values = [
        {"k": int(k), "from": float(edges[place]), "to": float(edges[place + 1]), "empty": bool(empty[k])}
        for place, k in enumerate(order)
    ]
    return {
        "name": "catch",
        "data": {"values": values},
        "transform": [{"calculate": f"words[datum.k] + ': {titles.nothing(view)}'", "as": "tip"}],
        "mark": {"type": "rect", "opacity": 0, "aria": False},
        "encoding": {
            "x": scales["x"] | {"field": "from"},
            "x2": {"field": "to"},
            "y": scales["y"] | {"datum": max(0, up - 30)},
            "y2": {"datum": up + row.band + 10},
            "tooltip": {"condition": {"test": "datum.empty", "field": "tip", "type": "nominal"}, "value": None},
        },
    }
