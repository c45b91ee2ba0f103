"""The row of one token through a head: products that sum to a score, weights, mixed values, and the head's output."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from dashboard.analyses.inside.steps import Inside, QueryRow
from dashboard.analyses.inside.text import arithmetic, factor, finding
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import labels_of, width_of
from dashboard.charts.look import Look
from dashboard.charts.raster import png_uri
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import PALETTES, TOKENS_FONT, Theme, signed
from dashboard.charts.titles import wrap
from dashboard.heads.format import number, percent

WIDTH = 980.0
KEYS, LEAST = 10, 0.005  # at most this many keys get a line, with at least this weight; the others share one
LINE = 21.0
LABELS = 118.0
GAP = 30.0


def query_row_chart(this: Inside, row: QueryRow, look: Look = Look()) -> Drawing:
    """The row of one token, from q · k to what its head adds to the layer's output.

    Four parts: the products of query and key by dimension, which sum to the score of one key; the weights of the ten
    strongest keys; their values times these weights, which sum to the head's result; and the norm of what every head of
    the layer adds to the token.

    Parameters
    ----------
    this, row: from `steps`
    look: 980 pixels wide by default
    """
    mixing = _Mixing.of(this, row)
    width = look.width_or(WIDTH) - 26 - mixing.left  # right of the labels, where all parts begin
    name = drawable(this.encoding.drawn[row.query])
    parts = [_products(this, row, width, look.theme), _mixing(row, mixing, width, look.theme)]
    if row.norms is not None:
        parts.append(_lengths(this, row.norms, width, look.theme))
    return sheet(
        {"vconcat": parts, "spacing": 30},
        look.theme,
        title=f"“{name}” through {this.head} · {drawable(this.model)}",
        subtitle=[
            f"token {row.query} of {len(this.encoding):,}, counted from 0 · green above 0, purple below",
            *filter(None, [_stretches(this, row)]),
        ],
        description=f"{finding(this, row)} {arithmetic(this, row, 'scores')}",
        width=width + mixing.left,
    )


def _stretches(this: Inside, row: QueryRow) -> str:
    """In which stretches of the text query and key stand; "" for a text of one."""
    looks, seen = this.encoding.stretches, this.seen.stretches
    found = [f"query: {looks[row.query]}"] if looks else []
    return " · ".join([*found, f"key: {seen[row.key]}"] if seen else found)


def _title(text: str, below: str, width: float) -> dict:
    return {
        "text": wrap(text, width, 14),
        "subtitle": wrap(below, width, 12),
        "fontSize": 13.5,
        "subtitleFontSize": 12,
        "subtitlePadding": 3,
        "offset": 10,
        "frame": "group",
    }


def _level(*titles: dict) -> list[dict]:
    """Titles for charts side by side, with subtitles of the same number of lines, so that the charts are level."""
    most = max(len(title["subtitle"]) for title in titles)
    return [title | {"subtitle": title["subtitle"] + [" "] * (most - len(title["subtitle"]))} for title in titles]


def _products(this: Inside, row: QueryRow, width: float, theme: Theme) -> dict:
    p, d = PALETTES[theme], this.d
    name, other = drawable(this.encoding.drawn[row.query]), drawable(this.keys[row.key])
    score, scaled = float(row.scores[row.key]), float(row.scaled[row.key])
    values = [{"k": k, "w": float(f"{value:.5g}")} for k, value in enumerate(row.products)]
    every = next(step for step in (1, 2, 4, 8, 16, 32, 64, 128) if d / step <= width / 34)
    return {
        "width": width,
        "height": 96,
        "title": _title(
            f"Query of “{name}” · key of “{other}”, by dimension",
            f"the {d} products sum to {number(score)};  {number(score)} {factor(this)} = {number(scaled)}",
            width,
        ),
        "data": {"values": values},
        "mark": {"type": "bar", "aria": False, "width": {"band": 0.8}},
        "encoding": {
            "x": {
                "field": "k",
                "type": "ordinal",
                "title": None,
                "axis": {"values": list(range(0, d, every)), "labelAngle": 0, "labelColor": p.quiet},
            },
            "y": {
                "field": "w",
                "type": "quantitative",
                "title": None,
                "axis": {"tickCount": 3, "labelColor": p.quiet, "labelExpr": "replace(datum.label, '-', '−')"},
            },
            "color": {"condition": {"test": "datum.w < 0", "value": p.minus}, "value": p.plus},
            "tooltip": [
                {"field": "k", "type": "ordinal", "title": "dimension"},
                {"field": "w", "type": "quantitative", "title": "q · k", "format": ".3~r"},
            ],
        },
    }


@dataclass(frozen=True, eq=False)
class _Mixing:
    """A line for each of the strongest keys, one for all others, and their sum.

    labels, shares, scores, weighted: of the lines; weighted is share · value (lines, d). The sum has no share or score
    """

    labels: list[str]
    shares: list[float]
    scores: list[str]
    weighted: np.ndarray

    @classmethod
    def of(cls, this: Inside, row: QueryRow) -> _Mixing:
        order = np.argsort(-row.weights, kind="stable")
        order = order[np.isfinite(row.masked[order])]
        count = int(min(KEYS, max(2, (row.weights >= LEAST).sum())))
        first, rest = order[:count], order[count:]
        labels = [f"{k} {label}" for k, label in zip(first, labels_of([this.keys[k] for k in first]), strict=True)]
        shares = [float(row.weights[k]) for k in first]
        scores = [number(float(row.masked[k])) for k in first]
        weighted = [row.weights[k] * row.values[k] for k in first]
        if len(rest):
            labels.append(f"{len(rest):,} more")
            shares.append(float(row.weights[rest].sum()))
            scores.append("")
            weighted.append(row.weights[rest] @ row.values[rest])
        return cls([*labels, "the sum"], shares, scores, np.array([*weighted, row.mixed]))

    @property
    def left(self) -> float:
        """The width of the labels in pixels."""
        return min(LABELS, max(width_of(label, 12, mono=True) for label in self.labels)) + 12


def _mixing(row: QueryRow, mixing: _Mixing, width: float, theme: Theme) -> dict:
    """Shares on the left, shares times values on the right, a line for each key and one for the sum."""
    p, labels, shares = PALETTES[theme], mixing.labels, mixing.shares
    count = len(labels)
    bars = 0.27 * width
    cells = width - bars - GAP
    top = float(np.abs(mixing.weighted).max()) or 1.0
    titles = _level(
        _title("Attention weights", "softmax of the scores", bars),
        _title("Weight · value, by dimension", f"the last line is their sum · full colour: {number(top)}", cells),
    )
    lines = [
        {"i": i, "label": label, "share": share, "says": percent(share), "score": score}
        for i, (label, share, score) in enumerate(zip(labels, shares, mixing.scores, strict=False))
    ]
    lines.append({"i": count - 1, "label": labels[-1], "share": 0, "says": percent(sum(shares)), "score": ""})
    y = {
        "field": "i",
        "type": "ordinal",
        "title": None,
        "scale": {"domain": list(range(count)), "paddingInner": 0.0},
        "axis": {
            "labelExpr": f"{json.dumps(labels)}[datum.value]",
            "labelFont": TOKENS_FONT,
            "labelLimit": LABELS,
            "labelOverlap": False,
        },
    }
    x = {
        "field": "share",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [0, 1.45 * max(*shares, 0.001)]},
        "axis": None,
    }
    shared = {
        "width": bars,
        "height": count * LINE,
        "title": titles[0],
        "data": {"values": lines},
        "layer": [
            {
                "mark": {"type": "bar", "aria": False, "color": p.ink, "height": {"band": 0.62}},
                "encoding": {
                    "y": y,
                    "x": x,
                    "tooltip": [
                        {"field": "label", "type": "nominal", "title": "key"},
                        {"field": "score", "type": "nominal", "title": "score"},
                        {"field": "says", "type": "nominal", "title": "share"},
                    ],
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 12, "aria": False},
                "encoding": {"y": y, "x": x, "text": {"field": "says", "type": "nominal"}},
            },
        ],
    }
    plane = {"type": "quantitative", "axis": None}
    across = plane | {"scale": {"domain": [0, cells], "nice": False}}
    down = plane | {"scale": {"domain": [0, count], "nice": False, "reverse": True}}
    url = png_uri(mixing.weighted, signed(theme), -top, top)
    image = {
        "data": {"values": [{}]},
        "mark": {"type": "image", "url": url, "aspect": False, "smooth": False, "aria": False},
        "encoding": {
            "x": across | {"datum": 0},
            "x2": {"datum": cells},
            "y": down | {"datum": 0},
            "y2": {"datum": count},
        },
    }
    frame = {
        "data": {"values": [{}]},
        "mark": {"type": "rect", "aria": False, "fillOpacity": 0, "stroke": p.text, "strokeWidth": 1.2},
        "encoding": image["encoding"] | {"y": down | {"datum": count - 1}},
    }
    mixed = {
        "width": cells,
        "height": count * LINE,
        "title": titles[1],
        "layer": [image, frame],
    }
    return {"hconcat": [shared, mixed], "spacing": GAP}


def _lengths(this: Inside, norms: np.ndarray, width: float, theme: Theme) -> dict:
    p, head = PALETTES[theme], this.head.head
    own, every = float(norms[head]), float(norms.sum())
    values = [
        {"h": k, "w": float(f"{value:.5g}"), "says": number(float(value))} for k, value in enumerate(norms.tolist())
    ]
    share = percent(own / every) if every else "none"
    x = {
        "field": "h",
        "type": "ordinal",
        "title": None,
        "axis": {"labelExpr": "'H' + datum.value", "labelAngle": 0, "labelOverlap": "greedy"},
    }
    y = {
        "field": "w",
        "type": "quantitative",
        "title": None,
        "axis": None,
        "scale": {"domain": [0, 1.2 * max(float(norms.max()), 1e-9)]},
    }
    layers = [
        {
            "mark": {"type": "bar", "aria": False, "width": {"band": 0.62}},
            "encoding": {
                "x": x,
                "y": y,
                "color": {"condition": {"test": f"datum.h === {head}", "value": p.ink}, "value": p.hair},
                "tooltip": [
                    {"field": "h", "type": "ordinal", "title": "head"},
                    {"field": "says", "type": "nominal", "title": "length"},
                ],
            },
        }
    ]
    if width / this.heads > 30:
        layers.append(
            {
                "mark": {"type": "text", "dy": -8, "fontSize": 11.5, "aria": False},
                "encoding": {"x": x, "y": y, "text": {"field": "says", "type": "nominal"}},
            }
        )
    return {
        "width": width,
        "height": 96,
        "title": _title(
            "What each head adds to the layer's output",
            f"length of the part of each head, through its slice of W_O · {this.head}: {number(own)}, {share} of all",
            width,
        ),
        "data": {"values": values},
        "layer": layers,
    }
