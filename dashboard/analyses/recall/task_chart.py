"""The recall task as a picture: one sequence, and the two ways from the question mark back to the first symbol."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.look import Look
from dashboard.charts.series import HUES

LARGEST = 46.0  # pixels of a box
MOST_SYMBOLS = 14  # boxes at most


def letters(tokens: Sequence[int], symbols: int) -> list[str]:
    """Symbols as letters a, b, c …, beyond z as numbers; the question mark is the number `symbols`."""
    return ["?" if t == symbols else chr(ord("a") + t) if symbols <= 26 else str(t) for t in tokens]


def task(tokens: Sequence[int], symbols: int, look: Look) -> Drawing:
    """One sequence of the task as boxes. Above: attention's one step; below: a recurrent network's, one per place.

    tokens: of `task.sequences`, n of them, at most 14; look: the width is that of the whole drawing
    """
    signs = letters(tokens, symbols)
    n, width, p = len(signs), look.width_or(600.0), look.palette
    step = min(LARGEST + 14, (width - 40) / n)
    box = step - 14
    top, foot = 74.0, 74.0 + box
    middles = [20 + (k + 0.5) * step for k in range(n)]
    x, y = ({"field": f, "type": "quantitative", "scale": None, "axis": None} for f in ("x", "y"))
    boxes = [
        {
            "x": m - box / 2,
            "x2": m + box / 2,
            "y": top,
            "y2": foot,
            "mx": m,
            "my": top + box / 2,
            "sign": sign,
            "first": k == 0,
            "last": k == n - 1,
        }
        for k, (m, sign) in enumerate(zip(middles, signs, strict=True))
    ]
    ends = {"test": "datum.first || datum.last", "value": p.text}
    a, b = middles[-1], middles[0]
    arc = [{"x": a + (b - a) * t / 24, "y": top - 8 - 46 * (1 - (2 * t / 24 - 1) ** 2), "t": t} for t in range(25)]
    hops = [{"x": middles[k] + 3, "x2": middles[k + 1] - 3, "y": foot + 18} for k in range(n - 1)]
    purple, ink = HUES["purple"][look.theme], HUES["ink"][look.theme]
    layers = [
        {
            "data": {"values": boxes},
            "layer": [
                {
                    "mark": {"type": "rect", "cornerRadius": 5, "fillOpacity": 0, "aria": False},
                    "encoding": {
                        "x": x,
                        "x2": {"field": "x2"},
                        "y": y,
                        "y2": {"field": "y2"},
                        "stroke": {"condition": ends, "value": p.hair},
                        "strokeWidth": {"condition": ends | {"value": 2}, "value": 1.25},
                    },
                },
                {
                    "mark": {"type": "text", "aria": False, "fontSize": min(17, box * 0.45), "fontWeight": 600},
                    "encoding": {
                        "x": x | {"field": "mx"},
                        "y": y | {"field": "my"},
                        "text": {"field": "sign", "type": "nominal"},
                        "color": {"condition": ends, "value": p.quiet},
                    },
                },
            ],
        },
        {
            "data": {"values": arc},
            "mark": {"type": "line", "color": ink, "strokeWidth": 3, "aria": False},
            "encoding": {"x": x, "y": y, "order": {"field": "t", "type": "quantitative"}},
        },
        {
            "data": {"values": hops},
            "layer": [
                {
                    "mark": {"type": "rule", "color": purple, "strokeWidth": 2, "aria": False},
                    "encoding": {"x": x, "x2": {"field": "x2"}, "y": y},
                },
                {
                    "mark": {
                        "type": "point",
                        "shape": "triangle-right",
                        "filled": True,
                        "size": 50,
                        "opacity": 1,
                        "color": purple,
                        "aria": False,
                        "xOffset": -3,
                    },
                    "encoding": {"x": x | {"field": "x2"}, "y": y},
                },
            ],
        },
        _note(f"attention: 1 step back to “{signs[0]}”", (a + b) / 2, 6, ink, x, y),
        _note(f"a recurrent network: {n - 1} steps with “{signs[0]}” in mind", (a + b) / 2, foot + 42, purple, x, y),
    ]
    return sheet(
        {"width": n * step + 40, "height": foot + 52, "layer": layers},
        look.theme,
        title="The task: which symbol came first?",
        subtitle=["a symbol, distractors that do not matter, and a question mark"],
        description=task_finding(signs),
        width=width,
    )


def task_finding(signs: Sequence[str]) -> str:
    """The example in a sentence."""
    return (
        f"The task: after “{' '.join(signs)}” the right answer is “{signs[0]}”. Attention gets there in 1 step, a "
        f"recurrent network in {len(signs) - 1}."
    )


def _note(text: str, at: float, y_at: float, colour: str, x: dict, y: dict) -> dict:
    return {
        "data": {"values": [{"x": at, "y": y_at, "note": text}]},
        "mark": {"type": "text", "aria": False, "color": colour, "fontSize": 12.5},
        "encoding": {"x": x, "y": y, "text": {"field": "note", "type": "nominal"}},
    }
