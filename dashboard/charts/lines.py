"""One head as lines between two columns of words: the left look, the right are looked at."""

from __future__ import annotations

from dashboard.charts import labels as lettering
from dashboard.charts import wording
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.links import Links, links_of, strokes
from dashboard.charts.pointing import pointed
from dashboard.charts.theme import PALETTES, WORDS_FONT, Palette, Theme
from dashboard.heads.view import HeadView

WIDTH = 640  # pixels for the whole drawing
SHARE = 52  # pixels for "31.4 %" beside a word

# Which links belong to the word pointed at: on the left its own look, on the right those that look at it.
MINE = "(side === 0 ? datum.i : datum.j) === word"


def lines(view: HeadView, theme: Theme, *, width: float | None = None) -> Drawing:
    """Lines from every word (left) to the words it looks at (right), as wide and as dark as the share.

    Hovering over a word on either side lights all of its own lines and says their shares.
    """
    n = len(view)
    names = lettering.labels_of(view.labels)
    links = links_of(view)
    step, size = (25, 14.5) if n <= 24 else (20, 13.5) if n <= 48 else (17, 12.5)
    widest = max((lettering.width_of(name, size, mono=view.unit == "tokens") for name in names), default=0)
    column = min(170.0, widest) + 12
    across = max(140.0, (width or WIDTH) - 2 * (column + SHARE) - 12)
    place = _Place(across, step, n, column, size, lettering.font_of(view.unit))
    palette = PALETTES[theme]
    nodes = [{"side": side, "k": k, "quiet": view.special[k]} for side in (0, 1) for k in range(n)]
    return sheet(
        {
            "width": across,
            "height": n * step,
            "layer": [
                {"data": {"values": nodes}, "layer": [_all_words(place, palette, side) for side in (0, 1)]},
                {
                    "data": {"values": links.rows},
                    "layer": [
                        _curves(place, palette, links, pointed_at=False),
                        _curves(place, palette, links, pointed_at=True),
                        *(layer for side in (0, 1) for layer in _linked(place, palette, side)),
                    ],
                },
                {
                    "data": {"values": nodes},
                    "layer": [
                        *(_under_pointer(place, side) for side in (0, 1)),
                        _catch(place),
                    ],
                },
            ],
        },
        theme,
        title=wording.title([view]),
        subtitle=wording.subtitle(view, "left looks at right · " + links.note, room=width or WIDTH),
        description=wording.describe(view, "Lines between words"),
        params=[
            {"name": "words", "value": names},
            {"name": "ts", "value": [round(k / 12, 3) for k in range(13)]},
            pointed(["side", "k"], ["catch"]),
            {"name": "side", "expr": "isValid(pointed.side) ? pointed.side[0] : -1"},
            {"name": "word", "expr": "isValid(pointed.k) ? pointed.k[0] : -1"},
        ],
    )


class _Place:
    """Where things stand: both columns at x = 0 and x = across, a word every `step` pixels."""

    def __init__(self, across: float, step: float, n: int, column: float, size: float, font: str):
        self.across, self.step, self.column, self.size, self.font = across, step, column, size, font
        self.x = {"type": "quantitative", "scale": {"domain": [0, 1], "nice": False}, "axis": None}
        self.y = {
            "type": "quantitative", "axis": None,
            "scale": {"domain": [-0.5, n - 0.5], "nice": False, "zero": False, "reverse": True},
        }  # fmt: skip

    def text(self, side: int, away: float = 8, **more: object) -> dict:
        align = "right" if side == 0 else "left"
        return {
            "type": "text", "align": align, "dx": -away if side == 0 else away, "baseline": "middle",
            "fontSize": self.size, "limit": 170, "font": self.font, "aria": False, **more,
        }  # fmt: skip


def _curves(place: _Place, p: Palette, links: Links, *, pointed_at: bool) -> dict:
    """An S from word to word for each link: those strong enough to stand always, or the pointed word's own."""
    which = f"word >= 0 && {MINE}" if pointed_at else f"datum.w >= {links.threshold}"
    return {
        "transform": [
            {"filter": which},
            {"calculate": "datum.i + '-' + datum.j", "as": "link"},
            {"calculate": "ts", "as": "t"},
            {"flatten": ["t"]},
            {"calculate": "datum.i + (datum.j - datum.i) * datum.t * datum.t * (3 - 2 * datum.t)", "as": "y"},
        ],
        "mark": {
            "type": "line", "interpolate": "monotone", "orient": "vertical", "stroke": p.ink, "aria": False, "strokeCap": "butt",
            "opacity": 1 if pointed_at else {"expr": "word >= 0 ? 0.1 : 1"},
        },
        "encoding": {
            "x": place.x | {"field": "t"},
            "y": place.y | {"field": "y"},
            "order": {"field": "t", "type": "quantitative"},
            **strokes(min(6.5, place.step * 0.32)),
        },
    }  # fmt: skip


NAME = {"text": {"field": "name", "type": "nominal"}}


def _column(place: _Place, side: int) -> tuple[list[dict], dict]:
    """Transforms and encoding of the words of one column."""
    own = [{"filter": f"datum.side === {side}"}, {"calculate": "words[datum.k]", "as": "name"}]
    return own, {"x": place.x | {"datum": side}, "y": place.y | {"field": "k"}} | NAME


def _all_words(place: _Place, p: Palette, side: int) -> dict:
    own, here = _column(place, side)
    return {
        "transform": own,
        "mark": place.text(side, opacity={"expr": "word >= 0 ? 0.35 : 1"}),
        "encoding": here | {"color": {"condition": {"test": "datum.quiet", "value": p.quiet}, "value": p.text}},
    }


def _under_pointer(place: _Place, side: int) -> dict:
    own, here = _column(place, side)
    return {
        "transform": [*own, {"filter": f"side === {side} && datum.k === word"}],
        "mark": place.text(side, fontWeight=700),
        "encoding": here,
    }


def _linked(place: _Place, p: Palette, side: int) -> list[dict]:
    """While a word of the other column is pointed at, those linked to it come forward with their share."""
    there = "j" if side == 1 else "i"
    linked = [
        {"filter": f"word >= 0 && side === {1 - side} && {MINE}"},
        {"calculate": f"words[datum.{there}]", "as": "name"},
        {"calculate": "format(datum.w * 100, '.1f') + ' %'", "as": "share"},
        {"calculate": "min(1, 0.25 + 3 * datum.w)", "as": "strength"},
    ]
    at = {
        "x": place.x | {"datum": side}, "y": place.y | {"field": there},
        "fillOpacity": {"field": "strength", "type": "quantitative", "scale": None, "legend": None},
    }  # fmt: skip
    share = place.text(side, place.column + 8, fontSize=place.size - 2, font=WORDS_FONT, color=p.text)
    return [
        {"transform": linked, "mark": place.text(side), "encoding": at | NAME},
        {"transform": linked, "mark": share, "encoding": at | {"text": {"field": "share", "type": "nominal"}}},
    ]


def _catch(place: _Place) -> dict:
    """Clear bars over both columns that take the pointer; they also keep room for the shares.

    One layer for both, as Vega-Lite lets only the layer that a selection names take the pointer.
    """
    edge = place.column + SHARE
    left, right = f"datum.side === 0 ? {-edge} : {place.across - 30}", f"datum.side === 0 ? 30 : {place.across + edge}"
    return {
        "name": "catch",
        "transform": [
            {"calculate": left, "as": "left"},
            {"calculate": right, "as": "right"},
            {"calculate": "datum.k - 0.5", "as": "from"},
            {"calculate": "datum.k + 0.5", "as": "to"},
        ],
        "mark": {"type": "rect", "opacity": 0, "aria": False},
        "encoding": {
            "x": {"field": "left", "type": "quantitative", "scale": None}, "x2": {"field": "right"},
            "y": place.y | {"field": "from"}, "y2": {"field": "to"},
        },
    }  # fmt: skip
