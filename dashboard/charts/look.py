"""The two values that every chart takes: how it looks, and which heads are marked in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboard.charts.theme import PALETTES, Palette, Theme
from dashboard.heads.head_id import HeadId, clicked_expr, is_expr


@dataclass(frozen=True)
class Look:
    """How a chart is drawn.

    Attributes
    ----------
    theme: "light" or "dark"
    width: of the whole drawing, in pixels; None: the chart's own
    """

    theme: Theme = "light"
    width: float | None = None

    @property
    def palette(self) -> Palette:
        return PALETTES[self.theme]

    def width_or(self, usual: float) -> float:
        """The width in pixels; `usual` where none is set."""
        return self.width or usual

    def keywords(self) -> dict[str, Any]:
        """The same as the public functions (`dashboard.draw_atlas` …) take it."""
        return {"theme": self.theme, "width": self.width}


@dataclass(frozen=True)
class Selection:
    """Which heads a chart marks.

    A click moves the mark in the browser, without a new drawing. It counts while it is of the drawing's own epoch: the
    point parameter "head" has the fields layer, head and epoch.

    Attributes
    ----------
    head: the head on show, framed
    pinned: the heads of the tray
    epoch: how often something was chosen other than by a click. A selection that is clicked again unchanged tells
        nobody, so without it the cell that was clicked last could not be chosen again
    """

    head: HeadId | None = None
    pinned: tuple[HeadId, ...] = ()
    epoch: int = 0

    @property
    def clicked(self) -> str:
        """Vega expression: whether a click of this epoch has chosen a head."""
        return f"isValid(head.epoch) && head.epoch[0] === {self.epoch}"

    def selected_expr(self, *, parts: bool = False) -> str:
        """Vega expression: whether the datum is the head on show, before any click. parts: see `has_parts`"""
        return is_expr(self.head, parts=parts)

    def marked(self, *, parts: bool = False) -> str:
        """Vega expression: whether the datum is the head that was clicked or, before any click, the one on show."""
        return f"({self.clicked}) ? ({clicked_expr(parts=parts)}) : ({self.selected_expr(parts=parts)})"

    def keywords(self) -> dict[str, Any]:
        """The same as `dashboard.draw_atlas` takes it."""
        return {"selected": self.head, "tray": self.pinned, "epoch": self.epoch}
