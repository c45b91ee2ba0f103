"""Heads on a grid, a row a layer and a column a head: where each stands, its frames, and the click that chooses one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dashboard.charts.drawing import WIDTH
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Palette
from dashboard.heads.head_id import HeadId, Part, click_fields, datum_of, has_parts, heads_of, name_expr

if TYPE_CHECKING:
    import pandas as pd


STRIP = "strip at the foot of a cell: the untrained twin, in the same shades"


@dataclass(frozen=True)
class Grid:
    """Places of layers × heads cells, in pixels. parts: whether the heads on it have parts; letter: how theirs is
    written."""

    layers: int
    heads: int
    width: float
    height: float
    quiet: str
    parts: bool = False
    letter: str = "L"

    def of_part(self, part: Part) -> Grid:
        """The same for the heads of a part."""
        return replace(self, parts=bool(part), letter=HeadId(0, 0, part).letter)

    @classmethod
    def of(cls, layers: int, heads: int, look: Look, *, square: bool = False) -> Grid:
        """Cells that fill the width: 8 to 46 wide, and lower where there are many layers."""
        across = max(8.0, min(46.0, int((look.width_or(WIDTH) - 50) / heads * 2) / 2))
        if square:
            across = min(across, max(24.0, int(960 / layers)))
        down = across if square else max(9.0, min(30.0, 480 / layers, across))
        return cls(layers, heads, across, int(down * 2) / 2, look.palette.quiet)

    @classmethod
    def over(cls, table: pd.DataFrame, look: Look) -> Grid:
        """The same for the heads of a table, a row each."""
        grid = cls.of(int(table["layer"].max()) + 1, int(table["head"].max()) + 1, look)
        return grid.of_part(heads_of(table)[0].part) if has_parts(table) and len(table) else grid

    @property
    def name(self) -> str:
        """Vega expression: the name of a cell's head."""
        return name_expr(parts=self.parts)

    def where(self) -> dict:
        """Encoding of x and y: heads across, layers down, both counted from 0."""

        def axis(count: int, step: float, letter: str, across: bool) -> dict:
            every = next(k for k in (1, 2, 4, 8, 16, 32, 64, 128, 256) if step * k >= (24 if across else 13))
            return {
                "orient": "top" if across else "left",
                "title": None,
                "values": list(range(0, count, every)),
                "labelExpr": f"'{letter}' + datum.value",
                "labelAngle": 0,
                "labelFontSize": 11.5,
                "labelPadding": 6,
                "labelColor": self.quiet,
            }

        def band(count: int, step: float) -> dict:
            inner = self.gap(step) / step
            return {"type": "band", "domain": list(range(count)), "paddingInner": inner, "paddingOuter": inner / 2}

        return {
            "x": {
                "field": "head",
                "type": "ordinal",
                "scale": band(self.heads, self.width),
                "axis": axis(self.heads, self.width, "H", True),
            },
            "y": {
                "field": "layer",
                "type": "ordinal",
                "scale": band(self.layers, self.height),
                "axis": axis(self.layers, self.height, self.letter, False),
            },
        }

    def strips(self, p: Palette, colour: dict, field: str) -> list[dict]:
        """A strip at the foot of each cell, in the colours of the cells, for a second figure of the head, and a line of
        paper above it. colour: the encoding of the cells' colour; field: of the second figure"""
        high = max(2.5, min(5.0, self.height * 0.2))
        foot = (self.height - self.gap(self.height) - high) / 2
        wide = self.width - self.gap(self.width)

        def bar(height: float, up: float, mark: dict, encoding: dict) -> dict:
            mark = {"type": "rect", "width": wide, "height": height, "yOffset": foot - up, "aria": False} | mark
            there = [{"filter": f"isValid(datum.{field})"}]
            return {"transform": there, "mark": mark, "encoding": self.where() | encoding}

        shade = colour | {"field": field}
        return [bar(high + 1, 0.5, {"fill": p.paper}, {}), bar(high, 0, {}, {"color": shade})]

    @staticmethod
    def gap(step: float) -> float:
        """Pixels between two cells."""
        return 1.5 if step >= 20 else 1 if step >= 12 else 0.5

    def frames(self, p: Palette, selection: Selection) -> list[dict]:
        """A frame round the head on show, dashes round the pinned ones; heads that are not there have none."""
        moves = [
            {"calculate": f"{selection.clicked} ? head.{field}[0] : datum.{field}", "as": field}
            for field in click_fields(parts=self.parts)
        ]

        def frame(heads: Sequence[HeadId], **stroke: object) -> dict:
            return {
                "data": {"values": [datum_of(h, parts=self.parts) for h in heads]},
                "mark": {"type": "rect", "fillOpacity": 0, "aria": False, **stroke},
                "encoding": self.where(),
            }

        def there(heads: Sequence[HeadId | None]) -> list[HeadId]:
            return [h for h in heads if h is not None and self._has(h)]

        pinned, selected = there(selection.pinned), there([selection.head])
        frames = [frame(pinned, stroke=p.text, strokeWidth=1.25, strokeDash=[3, 2])] if pinned else []
        if selected:  # a rim of paper, so that the frame is seen on a dark cell too
            both = frame(selected, stroke=p.paper, strokeWidth=5), frame(selected, stroke=p.text, strokeWidth=2.25)
            frames += [one | {"transform": moves} for one in both]
        return frames

    def _has(self, head: HeadId) -> bool:
        return head.layer < self.layers and head.head < self.heads and (self.parts or head.letter == "L")

    def catch(self, tip: str, selection: Selection) -> dict:
        """Clear cells on top that say `tip` (a Vega expression) and take the click."""
        fields = click_fields("epoch", parts=self.parts)
        choose = {"type": "point", "on": "click", "fields": fields, "toggle": False, "clear": False}
        return {
            "transform": [{"calculate": tip, "as": "tip"}, {"calculate": str(selection.epoch), "as": "epoch"}],
            "mark": {"type": "rect", "fillOpacity": 0, "cursor": "pointer", "aria": False},
            "params": [{"name": "head", "select": choose}],
            "encoding": self.where() | {"tooltip": {"field": "tip", "type": "nominal"}},
        }
