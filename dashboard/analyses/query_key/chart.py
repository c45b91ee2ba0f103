"""Queries and keys as points of one plane, coloured by a property of their words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.analyses.query_key.biplot import QueryKeyMap
from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.selections import pointed
from dashboard.charts.theme import PALETTES, Theme, gradient, ink, scale
from dashboard.heads.format import percent

BY = {"upos": "part of speech", "relation": "relation", "position": "position", "frequency": "frequency"}
# Paul Tol's muted scheme without the colours of syntax, context and position; lighter in the dark theme.
KINDS: dict[Theme, tuple[str, ...]] = {
    "light": ("#882255", "#117733", "#CC6677", "#44AA99", "#AA4499", "#999933", "#5b3fa8"),
    "dark": ("#E58FB5", "#5FBF7A", "#F29AA0", "#7FD6C6", "#D58BD0", "#D6D66B", "#A79BFF"),
}
OTHER = "other"
FLATTEST, TALLEST = 0.55, 0.85  # the plane's height, as a share of its width
RIM = 0.04  # of the plane's width, around the points
SIDE, NAME = 230.0, 80.0  # pixels for the legend of shapes, and for each entry of the colour legend next to it
PALEST = 2  # see `dashboard.analyses.similarity.map_chart`
SIGNS = {"query": "circle", "key": "triangle-up"}
SPEECH = {
    "NOUN": "noun",
    "PROPN": "name",
    "VERB": "verb",
    "AUX": "auxiliary",
    "ADJ": "adjective",
    "ADV": "adverb",
    "PRON": "pronoun",
    "DET": "determiner",
    "ADP": "preposition",
    "CCONJ": "and, or, but",
    "SCONJ": "conjunction",
    "PART": "particle",
    "NUM": "number",
    "PUNCT": "punctuation",
    "INTJ": "interjection",
    "SYM": "symbol",
    "X": "no class",
    "_": "unknown",
}
SAYS = {"query": "query, looks", "key": "key, is looked at"}
AWAY, SIZE = 9, 12.5  # pixels from a point to its word; font size


def query_key_chart(
    found: QueryKeyMap,
    look: Look,
    *,
    by: str,
    title: str,
    subtitle: Sequence[str],
    description: str,
) -> Drawing:
    """Queries as circles, keys as triangles. Hovering over a query draws lines to its strongest keys, over a key lines
    from the queries that attend to it most. The tooltip shows the word in its sentence.

    by: "upos", "relation", "position" or "frequency"; look: 600 pixels wide by default
    """
    p, width = look.palette, look.width_or(WIDTH)
    side = max(200.0, width - 12)
    rows = _rows(found, by)
    high, across, up = _plane(np.vstack([found.x, found.y]), side)
    _choose_sides(rows, across, side)
    x, y = (
        {"type": "quantitative", "axis": None, "scale": {"domain": list(domain), "nice": False, "zero": False}}
        for domain in (across, up)
    )
    at = {"x": x | {"field": "x"}, "y": y | {"field": "y"}}
    away = {"x": x | {"field": "to_x"}, "y": y | {"field": "to_y"}}
    to = {"x2": {"field": "to_x"}, "y2": {"field": "to_y"}}
    lines = [
        {"filter": "datum.id === at"},
        {"flatten": ["others", "shares"], "as": ["other", "share"]},
        {
            "lookup": "other",
            "from": {"data": {"name": "points"}, "key": "id", "fields": ["x", "y", "name", "left"]},
            "as": ["to_x", "to_y", "to_name", "to_left"],
        },
    ]
    word = {"type": "text", "baseline": "middle", "fontSize": SIZE, "aria": False}
    rims = ({"stroke": p.paper, "strokeWidth": 3.5, "color": p.paper}, {"color": p.text})
    layers = [
        {
            "data": {"values": [{"x": 0, "y": 0}]},
            "mark": {
                "type": "point",
                "shape": "M-1,0L1,0M0,-1L0,1",
                "filled": False,
                "size": 400,
                "stroke": p.quiet,
                "opacity": 1,
                "strokeWidth": 1.25,
                "aria": False,
            },
            "encoding": at,
        },
        {
            "transform": lines,
            "mark": {"type": "rule", "stroke": p.text, "aria": False},
            "encoding": at
            | to
            | {
                "strokeWidth": {
                    "field": "share",
                    "type": "quantitative",
                    "legend": None,
                    "scale": {"domain": [0, 1], "range": [0.6, 5]},
                },
                "opacity": {
                    "field": "share",
                    "type": "quantitative",
                    "legend": None,
                    "scale": {"domain": [0, 0.5], "range": [0.25, 1], "clamp": True},
                },
            },
        },
        {
            "transform": lines,
            "mark": {
                "type": "point",
                "shape": "circle",
                "filled": False,
                "size": 130,
                "strokeWidth": 1.5,
                "opacity": 1,
                "stroke": p.text,
                "aria": False,
            },
            "encoding": away,
        },
        {
            "name": "dots",
            # Every point has a place. A test for missing ones would change the colours of the legend's symbols.
            "mark": {
                "type": "point",
                "filled": True,
                "stroke": p.paper,
                "strokeWidth": 0.6,
                "aria": False,
                "invalid": "filter",
            },
            "encoding": at
            | {
                "shape": {
                    "field": "kind",
                    "type": "nominal",
                    "scale": {"domain": list(SIGNS), "range": list(SIGNS.values())},
                    "legend": _legend(2) | {"labelExpr": f"{SAYS}[datum.value]", "symbolFillColor": p.text},
                },
                "color": _colour(rows, by, look.theme, width),
                "size": {"condition": {"test": "datum.id === at", "value": 150}, "value": 46},
                "opacity": {"condition": {"test": "at >= 0 && datum.id !== at", "value": 0.25}, "value": 0.85},
                "tooltip": {"field": "tip", "type": "nominal"},
            },
        },
        *(
            {
                "transform": lines,
                "mark": word | rim | _beside("datum.to_left"),
                "encoding": away | {"text": {"field": "to_name", "type": "nominal"}},
            }
            for rim in rims
        ),
        *(
            {
                "transform": [{"filter": "datum.id === at"}],
                "mark": word | rim | _beside("datum.left") | {"fontWeight": 600},
                "encoding": at | {"text": {"field": "name", "type": "nominal"}},
            }
            for rim in rims
        ),
    ]
    return sheet(
        {
            "width": side,
            "height": high,
            "layer": [{"data": {"name": "points", "values": rows}, "layer": layers}],
            "resolve": {"scale": {"color": "independent", "opacity": "independent", "strokeWidth": "independent"}},
        },
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=width,
        params=[pointed(["id"], ["dots"]), {"name": "at", "expr": "isValid(pointed.id) ? pointed.id[0] : -1"}],
    )


def _rows(found: QueryKeyMap, by: str) -> list[dict]:
    """A row per point. others, shares: the points at the other end of its lines, and their attention weights."""
    layer, number = found.of.layers[found.head.layer], found.head.head
    keys, weights, n = layer.keys[number], layer.weights[number], len(found.x)
    to: dict[int, list[tuple[float, int]]] = {}
    for query, (places, shares) in enumerate(zip(keys.tolist(), weights.tolist(), strict=True)):
        for key, share in zip(places, shares, strict=True):
            if key >= 0:
                to.setdefault(key, []).append((share, query))
    names = [drawable(text, 40) for tokens in (found.of.tokens, found.of.key_tokens) for text in tokens["text"]]
    rows = []
    for place, one in enumerate(found.table.to_dict("records")):
        if one["kind"] == "query":
            pairs = [(float(w), n + int(k)) for k, w in zip(keys[place], weights[place], strict=True) if k >= 0]
            tip = f"{one['said']} · looks at " + _listed([(names[other], share) for share, other in pairs])
        else:
            pairs = sorted(to.get(place - n, []), reverse=True)[: len(keys[0])]
            tip = f"{one['said']} · " + (
                "is looked at by " + _listed([(names[other], share) for share, other in pairs])
                if pairs
                else "is no word’s strongest key"
            )
        rows.append(
            {
                "id": place,
                "kind": one["kind"],
                "x": round(float(one["x"]), 3),
                "y": round(float(one["y"]), 3),
                "name": names[place],
                "by": one[by],
                "tip": drawable(tip, 400),
                "others": [other for _, other in pairs],
                "shares": [round(share, 3) for share, _ in pairs],
            }
        )
    return rows


def _choose_sides(rows: list[dict], across: tuple[float, float], side: float) -> None:
    """Puts a point's word on its left ("left") where it would be cut off on its right."""
    for row in rows:
        pixel = (row["x"] - across[0]) / (across[1] - across[0]) * side
        row["left"] = pixel + AWAY + 1.06 * width_of(row["name"], SIZE) > side  # half-bold is a little wider


def _beside(left: str) -> dict:
    return {"align": {"expr": f"{left} ? 'right' : 'left'"}, "dx": {"expr": f"{left} ? {-AWAY} : {AWAY}"}}


def _listed(pairs: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"“{word}” {percent(share)}" for word, share in pairs) or "special tokens alone"


def _plane(points: np.ndarray, side: float) -> tuple[float, tuple[float, float], tuple[float, float]]:
    """The plane's height in pixels and the domains of its axes, which include the origin and share one scale."""
    low, top = points.min(0, initial=0), points.max(0, initial=0)
    spread = np.maximum(top - low, 1e-6)
    high = side * min(max(spread[1] / spread[0], FLATTEST), TALLEST)
    rim = RIM * side
    step = max(spread[0] / (side - 2 * rim), spread[1] / (high - 2 * rim))
    middle, half = (low + top) / 2, step * np.array([side, high]) / 2
    ends = np.stack([middle - half, middle + half], 1).round(6).tolist()
    return round(float(high), 1), tuple(ends[0]), tuple(ends[1])


def _legend(columns: int) -> dict:
    look = {"title": None, "orient": "top", "symbolOpacity": 1, "symbolSize": 80, "offset": 6, "labelLimit": 90}
    return look | {"columns": columns}


def _colour(rows: list[dict], by: str, theme: Theme, width: float) -> dict:
    """The colour encoding. The seven most frequent parts of speech or relations have their own colour."""
    if by in ("upos", "relation"):
        kinds = pd.Series([row["by"] for row in rows]).value_counts().index[: len(KINDS[theme])].tolist()
        for row in rows:
            row["by"] = SPEECH.get(row["by"], row["by"]) if row["by"] in kinds else OTHER
        kinds = [SPEECH.get(kind, kind) for kind in kinds]
        others = [OTHER] if any(row["by"] == OTHER for row in rows) else []
        colours = [*KINDS[theme][: len(kinds)], *([PALETTES[theme].quiet] if others else [])]
        return {
            "field": "by",
            "type": "nominal",
            "scale": {"domain": [*kinds, *others], "range": colours},
            # The padding between two symbols also comes before the first: away from the other legend.
            "legend": _legend(max(2, int((width - SIDE) / NAME)))
            | {"symbolType": "circle", "symbolOffset": 12, "columnPadding": 0},
        }
    most = max([row["by"] for row in rows] + [1])
    if by == "position":
        key = gradient([0, most], "'position ' + datum.label") | {"orient": "top", "offset": 6}
        return {"field": "by", "type": "quantitative", "scale": scale(ink(theme)[PALEST:], 0, most), "legend": key}
    shades = ink(theme)[PALEST:]
    return {
        "field": "by",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [1, max(most, 2)], "range": [shades[0], shades[-1]], "clamp": True},
        "legend": gradient([1, most], "datum.value === 1 ? 'once' : format(datum.value, ',') + ' times in the corpus'")
        | {"orient": "top", "offset": 6},
    }
