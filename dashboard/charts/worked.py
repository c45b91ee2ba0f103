"""The toy worked through: every step as a small matrix with its numbers, or one step with what it is made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.theme import PALETTES, Theme, contrast, ink, paint, signed
from dashboard.charts.toy_parts import STEPS, Part, Toy, arithmetic, number, saying

CELL, LINE = 46.0, 28.0  # pixels of a cell across and down
LONGEST = 92.0  # pixels of a word beside a matrix
GAP = 30.0

# step → the matrices it is made of, with the signs between them; the last one is the step itself
MADE_OF: dict[str, tuple[str, ...]] = {
    "x": ("x",),
    "q": ("x", "·", "w_q", "=", "q"),
    "k": ("x", "·", "w_k", "=", "k"),
    "v": ("x", "·", "w_v", "=", "v"),
    "scores": ("q", "·", "kt", "=", "scores"),
    "scaled": ("scores", "→", "scaled"),
    "masked": ("scaled", "→", "masked"),
    "weights": ("masked", "→", "weights"),
    "mixed": ("weights", "·", "v", "=", "mixed"),
    "joined": ("mixed0", "beside", "mixed1", "=", "joined"),
}


def worked(toy: Toy, step: str, row: int, theme: Theme, *, width: float | None = None) -> Drawing:
    """All steps in order ("all"), or one of `STEPS` with what it is made of; the row of one word is framed.

    Numbers are shaded purple below 0 and green above it, shares are ink. Scores have one scale before and after
    scaling, values one before and after mixing; every other matrix has its own.

    Parameters
    ----------
    toy: of `work_through`; row: the word that is followed, from 0; width: pixels for the whole drawing (default 980)
    """
    room = (width or 980.0) - 12
    names = [*toy.shown_steps] if step == "all" else [*MADE_OF[step]]
    lines: list[list[dict]] = [[]]
    used = 0.0
    for name in names:
        part = toy.parts.get(name)
        framed = row if part is not None and part.rows is toy.names and (step != "mixed" or name != "v") else None
        panel = _sign(name, theme) if part is None else _panel(part, _top(toy, part.kind), framed, theme)
        across = (30.0 if part is None else _across(part)) + GAP
        if lines[-1] and used + across > room + GAP:
            lines.append([])
            used = 0.0
        lines[-1].append(panel)
        used += across
    heads = f", head {toy.head} of {toy.example.heads}" if toy.example.heads > 1 else ""
    title = f"Attention by hand{heads}" if step == "all" else f"{STEPS[step]}{heads}"
    followed = f"framed: the row of “{toy.names[row]}”"
    return sheet(
        {"vconcat": [{"hconcat": line, "spacing": GAP} for line in lines], "spacing": 26},
        theme,
        title=title,
        subtitle=[
            f"{len(toy.names)} words, {toy.example.numbers_per_word} numbers each, d = {toy.d} · {followed}",
            "purple below 0, green above · ink: share of attention",
        ],
        description=f"{title}: {saying(toy, row)} {arithmetic(toy, step, row)}",
        width=max(room, 320.0),
    )


def _top(toy: Toy, kind: str) -> float:
    """The number that is full colour: the largest of all matrices of this kind."""
    if kind == "shares":
        return 1.0
    values = np.concatenate([part.values.ravel() for part in toy.parts.values() if part.kind == kind])
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0


def _left(part: Part) -> float:
    return min(LONGEST, max(width_of(name, 12.5) for name in part.rows)) + 8


def _across(part: Part) -> float:
    return _left(part) + max(len(part.columns) * CELL, width_of(part.formula, 12))


def _panel(part: Part, top: float, row: int | None, theme: Theme) -> dict:
    """One matrix: cells, their numbers, the frame round the row that is followed."""
    p = PALETTES[theme]
    shares = part.kind == "shares"
    colours = _colours(theme, shares)
    n, m = part.values.shape
    hidden = ~np.isfinite(part.values)
    shades = paint(np.where(hidden, 0.0, part.values), colours, 0.0 if shares else -top, top)
    words = _readable(shades, theme)
    cells = [
        {
            "i": i, "j": j, "fill": "#{:02x}{:02x}{:02x}".format(*shades[i, j]),
            "text": p.quiet if hidden[i, j] else words[i][j],
            "says": _percent(part.values[i, j]) if shares else number(part.values[i, j]),
            "tip": f"{part.rows[i]} → {part.columns[j]}" if part.words else f"{part.rows[i]}, number {part.columns[j]}",
        }
        for i in range(n)
        for j in range(m)
    ]  # fmt: skip
    x = {"type": "quantitative", "scale": {"domain": [0, m], "nice": False, "zero": False}}
    y = {"type": "quantitative", "scale": {"domain": [0, n], "nice": False, "zero": False, "reverse": True}}
    place = {
        "x": x | {"field": "j", "axis": _axis(part.columns, across=True, lean=part.words)},
        "y": y | {"field": "i", "axis": _axis(part.rows, across=False)},
    }
    size = {"width": CELL, "height": LINE, "xOffset": CELL / 2, "yOffset": LINE / 2}
    rect = {
        "mark": {"type": "rect", "aria": False, "stroke": p.hair, "strokeWidth": 0.6, **size},
        "encoding": place | {
            "color": {"field": "fill", "type": "nominal", "scale": None, "legend": None},
            "tooltip": [
                {"field": "tip", "type": "nominal", "title": part.title},
                {"field": "says", "type": "nominal", "title": "is"},
            ],
        },
    }  # fmt: skip
    written = {
        "mark": {
            "type": "text", "aria": False, "fontSize": 12, "limit": CELL - 2, "xOffset": CELL / 2, "yOffset": LINE / 2,
        },
        "encoding": place | {
            "text": {"field": "says", "type": "nominal"},
            "color": {"field": "text", "type": "nominal", "scale": None, "legend": None},
        },
    }  # fmt: skip
    frame = {
        "data": {"values": [] if row is None else [{"i": row, "i1": row + 1, "j": 0, "j1": m}]},
        "mark": {"type": "rect", "aria": False, "fillOpacity": 0, "stroke": p.text, "strokeWidth": 1.75},
        "encoding": {
            "x": place["x"], "x2": {"field": "j1"}, "y": place["y"], "y2": {"field": "i1"},
        },
    }  # fmt: skip
    return {
        "width": m * CELL,
        "height": n * LINE,
        "title": {
            "text": f"{part.title}  {part.shape}", "subtitle": part.formula, "fontSize": 13.5, "subtitleFontSize": 12,
            "offset": 8, "frame": "group", "subtitlePadding": 2,
        },
        "layer": [
            {"data": {"values": cells}, "layer": [rect, written]},
            frame,
        ],
    }  # fmt: skip


@lru_cache
def _colours(theme: Theme, shares: bool) -> list[str]:
    return ink(theme) if shares else signed(theme)


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if value >= 0.095 or value < 0.0005 else f"{100 * value:.1f} %"


def _readable(shades: np.ndarray, theme: Theme) -> list[list[str]]:
    """The colour of the words on each shade: the theme's own, or black or white where that has more contrast."""
    own = PALETTES[theme].text
    inks = {colour: contrast(_rgb(colour), shades) for colour in (own, "#000000", "#ffffff")}
    return [
        [
            own if inks[own][i, j] >= 4.5 else max(("#000000", "#ffffff"), key=lambda colour: inks[colour][i, j])
            for j in range(shades.shape[1])
        ]
        for i in range(shades.shape[0])
    ]


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])


def _axis(names: Sequence[str], *, across: bool, lean: bool = False) -> dict:
    """Names in the middle of their cells."""
    leans = lean and max(width_of(name, 12) for name in names) > CELL - 4
    return {
        "orient": "top" if across else "left",
        "title": None,
        "values": [k + 0.5 for k in range(len(names))],
        "labelExpr": f"{_json(names)}[floor(datum.value)]",
        "labelAngle": -35 if leans else 0,
        "labelAlign": ("left" if leans else "center") if across else "right",
        "labelBaseline": "bottom" if across else "middle",
        "labelLimit": LONGEST,
        "labelOverlap": False,
        "labelPadding": 4,
    }


def _json(names: Sequence[str]) -> str:
    """A list of strings as a Vega expression."""
    return json.dumps(list(names))


def _sign(sign: str, theme: Theme) -> dict:
    """What is done between two matrices."""
    mark = {"type": "text", "fontSize": 20 if len(sign) == 1 else 13, "aria": False, "color": PALETTES[theme].quiet}
    return {
        "width": 30,
        "height": 2 * LINE,
        "data": {"values": [{"sign": sign}]},
        "mark": mark,
        "encoding": {"text": {"field": "sign", "type": "nominal"}},
    }
