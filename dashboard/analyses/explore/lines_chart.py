"""One head as lines between two columns of words: queries on the left, keys on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.analyses.explore.link_strokes import Links, links_of, strokes
from dashboard.analyses.explore.text import describe
from dashboard.charts import labels as lettering
from dashboard.charts import titles
from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.look import Look
from dashboard.charts.selections import pointed
from dashboard.charts.stretches import BAND, named_layers, placed, stretches_of
from dashboard.charts.theme import WORDS_FONT, Palette
from dashboard.heads.view import HeadView

SHARE = 52.0  # pixels for "31.4 %" next to a word
LONGEST = 160.0  # pixels of a word
_WORDS = ("words", "seen")  # the Vega parameters with the words; one serves both columns of one text

# Whether a link belongs to the hovered word: a query on the left, a key on the right.
MINE = "word >= 0 && (side === 0 ? datum.i : datum.j) === word"


def lines(view: HeadView, look: Look) -> Drawing:
    """Lines from every query (left) to its keys (right); the larger the share, the wider and darker the line.

    The strongest links are drawn, see `link_strokes.links_of`; hovering over a word on either side draws all its links,
    with their shares. The height grows with the number of words.

    Parameters
    ----------
    view: (m, k), shares in [0, 1] or norms; for links between two texts there is one text on each side
    look: 600 pixels wide by default
    """
    p = look.palette
    axes = (view.queries, view.keys)
    names = [lettering.labels_of(axis.drawn) for axis in (axes[:1] if view.one_axis else axes)]
    links = links_of(view)
    place = _Place.of(view, names, look.width_or(WIDTH))
    empty = [not row.any() for row in links.ink]
    nodes = [
        {"side": side, "k": k, "quiet": bool(axes[side].special[k]), "empty": side == 0 and bool(empty[k])}
        for side in (0, 1)
        for k in range(len(axes[side]))[view.crop[side]]
    ]
    return sheet(
        {
            "width": place.across,
            "height": place.n * place.step,
            "layer": [
                {"data": {"values": nodes}, "layer": [_all_words(place, p, side) for side in (0, 1)]},
                {
                    "data": {"values": links.rows},
                    "layer": [
                        _curves(place, p, f"datum.w >= {links.threshold}", {"expr": "word >= 0 ? 0.1 : 1"}),
                        _curves(place, p, MINE, 1),
                        *(layer for side in (0, 1) for layer in _linked(place, p, side, links)),
                    ],
                },
                {
                    "data": {"values": nodes},
                    "layer": [*(_under_pointer(place, side) for side in (0, 1)), _catch(place, titles.nothing(view))],
                },
                *_stretches(place, p, 0, view.queries.stretches[view.crop[0]]),
                *_stretches(place, p, 1, view.keys.stretches[view.crop[1]]),
            ],
        },
        look.theme,
        title=titles.title(view),
        subtitle=titles.subtitle(view, "left: queries · right: keys · " + links.note),
        description=describe("Lines between words", [view]),
        width=look.width_or(WIDTH),
        params=[
            *({"name": name, "value": words} for name, words in zip(_WORDS, names, strict=False)),
            {"name": "ts", "value": [round(k / 12, 3) for k in range(13)]},
            pointed(["side", "k"], ["catch"]),
            {"name": "side", "expr": "isValid(pointed.side) ? pointed.side[0] : -1"},
            {"name": "word", "expr": "isValid(pointed.k) ? pointed.k[0] : -1"},
        ],
    )


@dataclass(frozen=True)
class _Place:
    """The layout: both columns `column` pixels wide and `across` pixels apart, with a word every `step` pixels.

    n: number of words in the longer column; first: the position at the top of each; words: the Vega parameter of each
    """

    n: int
    first: tuple[int, int]
    across: float
    column: float
    step: float
    size: float
    font: str
    words: tuple[str, str] = ("words", "words")

    @classmethod
    def of(cls, view: HeadView, names: list[list[str]], width: float) -> _Place:
        mono, n = view.unit == "tokens", max(map(len, names))
        step, size = (25.0, 14.5) if n <= 24 else (20.0, 13.5) if n <= 48 else (17.0, 12.5)
        widest = max((lettering.width_of(name, size, mono=mono) for words in names for name in words), default=0)
        column = min(LONGEST, widest) + 12
        names_beside = sum(BAND for axis in (view.queries, view.keys) if axis.stretches)
        across = max(140.0, width - 2 * (column + SHARE) - 12 - names_beside)
        sides = [range(len(axis))[part] for axis, part in zip((view.queries, view.keys), view.crop, strict=True)]
        first = sides[0].start, sides[1].start
        words = (_WORDS[0], _WORDS[len(names) - 1])
        return cls(max(map(len, sides)), first, across, column, step, size, lettering.font_of(mono=mono), words)

    @property
    def x(self) -> dict:
        return {"type": "quantitative", "scale": {"domain": [0, 1], "nice": False}, "axis": None}

    @property
    def y(self) -> dict:
        span = {"domain": [-0.5, self.n - 0.5], "nice": False, "zero": False, "reverse": True}
        return {"type": "quantitative", "scale": span, "axis": None}

    def text(self, side: int, away: float = 8, **more: object) -> dict:
        """The mark of a word of this column, `away` pixels from its lines."""
        return {
            "type": "text",
            "align": "left" if side else "right",
            "dx": away if side else -away,
            "baseline": "middle",
            "fontSize": self.size,
            "font": self.font,
            "limit": LONGEST,
            "aria": False,
            **more,
        }

    def word(self, side: int) -> tuple[list[dict], dict]:
        """Transforms and encoding of the words of this column."""
        own = [
            {"filter": f"datum.side === {side}"},
            {"calculate": f"{self.words[side]}[datum.k]", "as": "name"},
            {"calculate": self.at("datum.k", side), "as": "y"},
        ]
        return own, {"x": self.x | {"datum": side}, "y": self.y | {"field": "y"}, **_NAME}

    def at(self, k: str, side: int) -> str:
        """Vega expression: the row of position `k` (an expression) in its column."""
        return f"{k} - {self.first[side]}" if self.first[side] else k


_NAME = {"text": {"field": "name", "type": "nominal"}}


def _curves(place: _Place, p: Palette, which: str, opacity: dict | float) -> dict:
    """An S curve for each link that passes the filter: horizontal at its ends, so that neighbours stay distinct."""
    return {
        "transform": [
            {"filter": which},
            {"calculate": "datum.i + '-' + datum.j", "as": "link"},
            {"calculate": "ts", "as": "t"},
            {"flatten": ["t"]},
            {"calculate": place.at("datum.i", 0), "as": "from"},
            {"calculate": place.at("datum.j", 1), "as": "to"},
            {"calculate": "datum.from + (datum.to - datum.from) * datum.t * datum.t * (3 - 2 * datum.t)", "as": "y"},
        ],
        "mark": {
            "type": "line",
            "interpolate": "monotone",
            "orient": "vertical",
            "stroke": p.ink,
            "strokeCap": "butt",
            "opacity": opacity,
            "aria": False,
        },
        "encoding": {
            "x": place.x | {"field": "t"},
            "y": place.y | {"field": "y"},
            "order": {"field": "t", "type": "quantitative"},
            **strokes(min(6.5, place.step * 0.32)),
        },
    }


def _all_words(place: _Place, p: Palette, side: int) -> dict:
    own, here = place.word(side)
    return {
        "transform": own,
        "mark": place.text(side, opacity={"expr": "word >= 0 ? 0.35 : 1"}),
        "encoding": here | {"color": {"condition": {"test": "datum.quiet", "value": p.quiet}, "value": p.text}},
    }


def _under_pointer(place: _Place, side: int) -> dict:
    own, here = place.word(side)
    return {
        "transform": [*own, {"filter": f"side === {side} && datum.k === word"}],
        "mark": place.text(side, fontWeight=700),
        "encoding": here,
    }


def _linked(place: _Place, p: Palette, side: int, links: Links) -> list[dict]:
    """The words linked to the hovered word of the other column, highlighted, with their shares."""
    there = "j" if side == 1 else "i"
    linked = [
        {"filter": f"side === {1 - side} && {MINE}"},
        {"calculate": f"{place.words[side]}[datum.{there}]", "as": "name"},
        {"calculate": place.at(f"datum.{there}", side), "as": "y"},
        {"calculate": links.ink_scale.expr("datum.w", ".1f"), "as": "share"},
        {"calculate": "min(1, 0.3 + 3 * datum.w)", "as": "strength"},
    ]
    at = {
        "x": place.x | {"datum": side},
        "y": place.y | {"field": "y"},
        "fillOpacity": {"field": "strength", "type": "quantitative", "scale": None, "legend": None},
    }
    share = place.text(side, place.column + 8, fontSize=place.size - 2, font=WORDS_FONT, color=p.text)
    return [
        {"transform": linked, "mark": place.text(side), "encoding": at | _NAME},
        {"transform": linked, "mark": share, "encoding": at | {"text": {"field": "share", "type": "nominal"}}},
    ]


def _stretches(place: _Place, p: Palette, side: int, names: Sequence[str]) -> list[dict]:
    """What tells the stretches of a column apart, beside it."""
    edge = place.column + SHARE
    at, inner, turn = (place.across + edge, place.across + 8, 90) if side else (-edge, -8, -90)
    sides = placed(stretches_of(names), lambda words: words * place.step)
    return named_layers(sides, p, across=False, at=at, through=(at, inner), turn=turn)


def _catch(place: _Place, nothing: str) -> dict:
    """Transparent bars over both columns that catch the pointer; they also reserve space for the shares.

    One layer for both, since in Vega-Lite only the layer that a selection names catches the pointer.
    """
    edge = place.column + SHARE
    return {
        "name": "catch",
        "transform": [
            {"calculate": f"datum.side === 0 ? {-edge} : {place.across - 30}", "as": "left"},
            {"calculate": f"datum.side === 0 ? 30 : {place.across + edge}", "as": "right"},
            {"calculate": f"datum.side === 0 ? {place.at('datum.k', 0)} : {place.at('datum.k', 1)}", "as": "y"},
            {"calculate": "datum.y - 0.5", "as": "from"},
            {"calculate": "datum.y + 0.5", "as": "to"},
            {"calculate": f"words[datum.k] + ': {nothing}'", "as": "tip"},
        ],
        "mark": {"type": "rect", "opacity": 0, "aria": False},
        "encoding": {
            "x": {"field": "left", "type": "quantitative", "scale": None},
            "x2": {"field": "right"},
            "y": place.y | {"field": "from"},
            "y2": {"field": "to"},
            "tooltip": {"condition": {"test": "datum.empty", "field": "tip", "type": "nominal"}, "value": None},
        },
    }
