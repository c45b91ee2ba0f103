"""One head on the text itself: the words, shaded by attention."""

from __future__ import annotations

from dashboard.analyses.explore.text import describe
from dashboard.charts import labels as lettering
from dashboard.charts import titles
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.ink import InkScale, round_up
from dashboard.charts.look import Look
from dashboard.charts.selections import pointed
from dashboard.charts.text_lines import BOX, UNREAD, heading_layers, set_text
from dashboard.charts.theme import gradient, ink, on_ink, scale
from dashboard.charts.vega_arrays import pack, split_expr, value_expr
from dashboard.heads.view import HeadView

MEASURE = 640.0  # pixels of a line of text
_WHAT = {
    "weight": "attention a word receives",
    "contribution": "norm of what a word contributes",
    "rollout": "rollout share of a word over these layers",
    "mean_weight": "attention a word receives, mean of the heads",
    "summed_weight": "attention a word receives, sum of the heads",
    "largest_weight": "largest attention any of the heads gives a word",
}
_SHADED = {
    "weight": "the attention each word receives",
    "contribution": "what each word contributes",
    "rollout": "the rollout share of each word over these layers",
    "mean_weight": "the mean attention of the heads to each word",
    "summed_weight": "the summed attention of the heads to each word",
    "largest_weight": "the largest attention of any of the heads to each word",
}


def reading(view: HeadView, look: Look) -> Drawing:
    """The text, set in lines, each word on its shade of ink.

    At rest the shade is the attention that a word receives, as a mean over all queries; hovering over a word shades
    its keys instead. The legend is for the shade at rest.

    Parameters
    ----------
    view: (n, n), shares in [0, 1] or norms; look: 640 pixels wide by default
    """
    p = look.palette
    width = look.width_or(MEASURE) - 12
    page = set_text(view, width)
    ink_scale = InkScale.of(view)
    weights = ink_scale.inked(view)
    looks = view.allowed.any(axis=1)
    received = weights[looks].mean(axis=0) if looks.any() else weights.sum(axis=0)
    most_received, most_given = round_up(float(received.max())), round_up(float(weights.max()))
    empty = [not row.any() for row in weights]
    places = [
        {"x": place.x, "x1": place.x + place.width, "y": place.y, "word": place.word, "quiet": bool(view.special[k])}
        for k, place in enumerate(page.places)
    ]
    words = [{"k": k, "w": round(float(received[k]), 4), "empty": bool(empty[k])} for k in range(len(view))]
    rows = [{"i": i, "v": packed} for i, packed in enumerate(pack(weights))]

    x = {"type": "quantitative", "scale": {"domain": [0, width], "nice": False}, "axis": None}
    y = {"type": "quantitative", "scale": {"domain": [0, page.height], "nice": False, "reverse": True}, "axis": None}
    box = {"x": x | {"field": "x"}, "x2": {"field": "x1"}, "y": y | {"field": "y"}, "y2": {"field": "y1"}}
    rounded = {"type": "rect", "cornerRadius": 3, "aria": False}
    type_ = {
        "type": "text",
        "align": "center",
        "baseline": "middle",
        "aria": False,
        "fontSize": page.size,
        "limit": width,
        "font": lettering.font_of(mono=view.unit == "tokens"),
    }

    def shaded(most: float, legend: dict | None) -> list[dict]:
        """Boxes with the ink of `w`, and the words on them."""
        colour = {"field": "w", "type": "quantitative", "scale": scale(ink(look.theme), 0, most), "legend": legend}
        on_shade = on_ink(look.theme, f"datum.w / {most}", quiet="datum.quiet")
        at = {"x": x | {"field": "xm"}, "y": y | {"field": "ym"}, "text": {"field": "word", "type": "nominal"}}
        return [
            {"mark": rounded, "encoding": box | {"color": colour}},
            {"mark": type_, "encoding": at | {"color": on_shade}},
        ]

    at_rest = {
        "data": {"values": words},
        "transform": [{"filter": "word < 0"}, *_placed("datum.k")],
        "layer": shaded(most_received, gradient([0, most_received], ink_scale.expr("datum.value"))),
    }
    pointed_at = {
        "data": {"values": rows},
        "transform": [
            {"filter": "datum.i === word"},
            {"calculate": split_expr("datum.v"), "as": "piece"},
            {"flatten": ["piece"]},
            {"window": [{"op": "row_number", "as": "j1"}]},
            {"calculate": value_expr("datum.piece"), "as": "w"},
            *_placed("datum.j1 - 1"),
        ],
        "layer": shaded(most_given, None),
    }
    tip = {"condition": {"test": "datum.empty", "field": "tip", "type": "nominal"}, "value": None}
    on_top = {
        "data": {"values": words},
        "transform": [
            *_placed("datum.k"),
            {"calculate": f"datum.word + ': {titles.nothing(view)}'", "as": "tip"},
        ],
        "layer": [
            {
                "transform": [{"filter": "datum.k === word"}],
                "mark": rounded | {"fillOpacity": 0, "stroke": p.text, "strokeWidth": 1.5},
                "encoding": box,
            },
            {
                "name": "catch",
                "mark": {"type": "rect", "opacity": 0, "aria": False},
                "encoding": box | {"tooltip": tip},
            },
        ],
    }
    if any(view.unknown):
        unread = {
            "data": {"values": [{"k": k} for k, count in enumerate(view.unknown) if count]},
            "transform": _placed("datum.k"),
            "mark": rounded | {"fillOpacity": 0, "stroke": p.quiet, "strokeWidth": 1.25, "strokeDash": [3, 2]},
            "encoding": box,
        }
        on_top["layer"].insert(0, unread)
    return sheet(
        {
            "width": width,
            "height": page.height,
            "layer": [at_rest, pointed_at, on_top, *heading_layers(page, p, width)],
            "resolve": {"scale": {"color": "independent"}},
        },
        look.theme,
        title=titles.title(view),
        subtitle=titles.subtitle(
            view,
            f"shade: {_WHAT[view.measure]}, mean over all, 0 to {ink_scale.up_to(most_received)}",
            *([UNREAD] if any(view.unknown) else []),
        ),
        description=describe(f"The text, shaded by {_SHADED[view.measure]}; the head is one", [view]),
        width=width,
        params=[
            {"name": "places", "value": places},
            pointed(["k"], ["catch"]),
            {"name": "word", "expr": "isValid(pointed.k) ? pointed.k[0] : -1"},
        ],
    )


def _placed(index: str) -> list[dict]:
    """Transforms that look up the place of word `index` (a Vega expression)."""
    return [
        {"calculate": f"places[{index}]", "as": "place"},
        *({"calculate": f"datum.place.{name}", "as": name} for name in ("x", "x1", "y", "word", "quiet")),
        {"calculate": f"datum.y + {BOX}", "as": "y1"},
        {"calculate": f"datum.y + {BOX / 2}", "as": "ym"},
        {"calculate": "(datum.x + datum.x1) / 2", "as": "xm"},
    ]
