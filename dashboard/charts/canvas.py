"""A drawing in pixels: pictures, boxes and words, each at a given place, in a handful of marks.

Small matrices side by side would be a chart each, with scales and axes of its own, which a browser compiles for a
tenth of a second and more. On a canvas they are one view of a few marks, drawn at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dashboard.charts.theme import WORDS_FONT


@dataclass
class Canvas:
    """What is drawn, in pixels from the top left corner: pictures lie below boxes, boxes below words.

    corner: by how many pixels the corners of boxes are rounded
    """

    corner: float = 0.0
    _images: list[dict] = field(default_factory=list)
    _boxes: dict[bool, list[dict]] = field(default_factory=lambda: {False: [], True: []})
    _frames: dict[bool, list[dict]] = field(default_factory=lambda: {False: [], True: []})
    _words: dict[tuple, list[dict]] = field(default_factory=dict)
    _places: list[dict] = field(default_factory=list)

    def image(self, x: float, y: float, width: float, height: float, url: str) -> None:
        self._images.append(_box(x, y, width, height) | {"url": url})

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        edge: str | None = None,
        tip: str | None = None,
    ) -> None:
        """A filled box; `tip` is shown on hover."""
        self._boxes[tip is not None].append(
            _box(x, y, width, height) | {"fill": fill, "edge": edge or fill} | ({} if tip is None else {"tip": tip})
        )

    def frame(
        self, x: float, y: float, width: float, height: float, colour: str, thick: float = 1.0, *, dashed: bool = False
    ) -> None:
        """A box of which only the edge is drawn."""
        self._frames[dashed].append(_box(x, y, width, height) | {"edge": colour, "thick": thick})

    def write(
        self,
        x: float,
        y: float,
        says: str,
        colour: str,
        size: float,
        *,
        weight: int = 400,
        align: str = "left",
        baseline: str = "alphabetic",
        angle: float = 0,
        limit: float | None = None,
        font: str = WORDS_FONT,
        tip: str | None = None,
    ) -> None:
        """Words at a place; longer than `limit` pixels they end in “…”."""
        look = (weight, align, baseline, limit, font, tip is not None)
        self._words.setdefault(look, []).append(
            {"x": round(x, 1), "y": round(y, 1), "says": says, "colour": colour, "size": size, "angle": angle}
            | ({} if tip is None else {"tip": tip})
        )

    def place(self, x: float, y: float, width: float, height: float, tip: str, **fields: object) -> None:
        """A clear box over all else that answers the pointer; `fields` are what a click on it selects."""
        self._places.append(_box(x, y, width, height) | {"tip": tip} | fields)

    def body(self, width: float, height: float, click: str | None = None) -> dict[str, Any]:
        """The canvas as a view of this size, for `dashboard.charts.drawing.sheet`.

        click: the name of the point parameter that holds the fields of the place that was clicked; None for none
        """
        x, y = _place("x", width, down=False), _place("y", height, down=True)
        box = {"x": x, "x2": {"field": "x2"}, "y": y, "y2": {"field": "y2"}}
        layers = []
        if self._images:
            layers.append(
                {
                    "data": {"values": self._images},
                    "mark": {"type": "image", "aspect": False, "smooth": False, "aria": False},
                    "encoding": box | {"url": {"field": "url", "type": "nominal"}},
                }
            )
        for tells, boxes in self._boxes.items():
            if boxes:
                layers.append(
                    {
                        "data": {"values": boxes},
                        "mark": {"type": "rect", "aria": False, "strokeWidth": 0.6, "cornerRadius": self.corner},
                        "encoding": box | {"fill": _as_is("fill"), "stroke": _as_is("edge")} | _tip(tells),
                    }
                )
        for dashed, frames in self._frames.items():
            if frames:
                edge = {"strokeDash": [3, 2], "cornerRadius": self.corner} if dashed else {}
                layers.append(
                    {
                        "data": {"values": frames},
                        "mark": {"type": "rect", "aria": False, "fillOpacity": 0, **edge},
                        "encoding": box | {"stroke": _as_is("edge"), "strokeWidth": _as_is("thick", "quantitative")},
                    }
                )
        for (weight, align, baseline, limit, font, tells), words in self._words.items():
            look = {"align": align, "baseline": baseline, "fontWeight": weight, "font": font}
            layers.append(
                {
                    "data": {"values": words},
                    "mark": {"type": "text", "aria": False, **look} | ({} if limit is None else {"limit": limit}),
                    "encoding": {
                        "x": x,
                        "y": y,
                        "text": {"field": "says", "type": "nominal"},
                        "color": _as_is("colour"),
                        "size": _as_is("size", "quantitative"),
                        "angle": _as_is("angle", "quantitative"),
                        **_tip(tells),
                    },
                }
            )
        if self._places:
            layers.append(self._catch(box, click))
        return {"width": round(width, 1), "height": round(height, 1), "layer": layers}

    def _catch(self, box: dict, click: str | None) -> dict:
        mark = {"type": "rect", "aria": False, "fillOpacity": 0} | ({"cursor": "pointer"} if click else {})
        layer = {"data": {"values": self._places}, "mark": mark, "encoding": box | _tip(True)}
        if click is None:
            return layer
        fields = [name for name in self._places[0] if name not in ("x", "x2", "y", "y2", "tip")]
        choose = {"type": "point", "on": "click", "fields": fields, "toggle": False, "clear": False}
        return layer | {"params": [{"name": click, "select": choose}]}


def _box(x: float, y: float, width: float, height: float) -> dict[str, Any]:
    return {"x": round(x, 1), "x2": round(x + width, 1), "y": round(y, 1), "y2": round(y + height, 1)}


def _place(field: str, most: float, *, down: bool) -> dict[str, Any]:
    scale = {"domain": [0, round(most, 1)], "nice": False, "zero": False, "reverse": down}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": None}


def _as_is(field: str, kind: str = "nominal") -> dict[str, Any]:
    return {"field": field, "type": kind, "scale": None, "legend": None}


def _tip(tells: bool) -> dict[str, Any]:
    return {"tooltip": {"field": "tip", "type": "nominal"}} if tells else {}
