"""The session's choices, and what changes them: widgets, clicks, pins. `dashboard.ui.frame.address` keeps the address
bar in step."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.heads.head_id import HeadId, Part
from dashboard.ui import paths
from dashboard.ui.frame.existing_heads import within
from dashboard.ui.pins import Pin
from dashboard.ui.url_state import (
    HEAD,
    MOST_PINS,
    Choices,
    tidy,
)

STALE = 1.0  # seconds until a browser has received a change


def frame_stands() -> bool:
    """Whether this session has seen the frame of the pages."""
    return "frame_stands" in st.session_state


def frame_drawn() -> None:
    st.session_state["frame_stands"] = True


def choices() -> Choices:
    return st.session_state["choices"]


def change(**new: Any) -> None:
    """Change choices. Notices about an earlier link or choice are dropped."""
    paths.choose(new)
    st.session_state["choices"] = choices().but(**new)
    st.session_state["notices"] = []
    if set(HEAD) & new.keys():
        st.session_state["head_given"] = True
    elif "pairs" in new:  # a new search opens on its own best head
        st.session_state["head_given"] = False
    mark_widget_run()
    begin_epoch()


def correct(**new: Any) -> None:
    """Correct a choice silently, where a person would not miss the old one."""
    st.session_state["choices"] = choices().but(**new)


def told(key: str) -> Mapping[str, Any]:
    """What the browser tells of the picture or component with this key: {"selection": …}, or its values by name.

    Empty where it tells it late, of a page that has been left and of which nothing is kept.
    """
    return st.session_state.get(key) or {}


def selected(key: str) -> Mapping[str, Any]:
    """What is selected in the picture with this key, by the selection's name."""
    return told(key).get("selection") or {}


def open_on(head: HeadId, *, bare: bool = False) -> None:
    """On a page with a best head, show it until a person chooses another. An address without a head means this one.

    bare: only a bare address does. Another one without a head means the first head, as in versions before
    """
    st.session_state["opens_on"] = head, bare
    meant = not (bare and st.session_state["address"])
    if meant and not st.session_state.get("head_given") and choices().chosen != head:
        correct(**head.choice)
        begin_epoch()


def epoch() -> int:
    """The selection epoch: how many choices were made other than by a click on a picture of all heads."""
    return st.session_state.get("epoch", 0)


def begin_epoch() -> None:
    """Begin a selection epoch: earlier clicks no longer count, and pictures of all heads mark the chosen head."""
    st.session_state["epoch"] = epoch() + 1
    st.session_state["selected"] = choices().chosen


def selection() -> Selection:
    """What pictures of all heads mark: the head that was chosen when this epoch began.

    A click moves the mark in the browser, without a new drawing.
    """
    return Selection(st.session_state["selected"], choices().pinned, epoch())


def mark_widget_run() -> None:
    """Note that a widget, not the address, started the next run (see `dashboard.ui.frame.address.read`)."""
    st.session_state["widget_run"] = True


def show_report(key: str) -> None:
    """Make the report with this key the session's report, in the address too; "": none."""
    correct(report=key)
    st.session_state["another_report"] = True


def fit_to(
    layers: int,
    heads: int,
    numbers: Sequence[int],
    part: Part = "",
    others: Collection[HeadId] = (),
    exist: Collection[HeadId] = (),
) -> None:
    """Replace chosen heads that the model does not have, with a notice. part, others, exist: as in `within`"""
    fitted, notices = within(choices(), layers, heads, numbers, part, others, exist)
    if notices:
        st.session_state["choices"] = fitted
        begin_epoch()
        st.session_state["notices"] = st.session_state["notices"] + notices


def read_own(text: str, title: str) -> None:
    """Read the only text that a file of weights is over, with a notice where another was chosen. title: the file's"""
    if choices().text != text or choices().pair:
        correct(text=text, pair="", start=0)
        st.session_state["notices"] = [
            *notices(),
            f"{title} holds the attention over its own text, which is shown. Another text needs a model that runs.",
        ]


def notices() -> list[str]:
    return st.session_state["notices"]


def bound(field: str) -> dict[str, Any]:
    """Arguments that tie a widget to a choice: ``st.selectbox("Unit", options, **bound("unit"))``.

    The widget shows the choice and changes it; it has no state of its own.
    """
    key = f"choose_{field}"
    value = getattr(choices(), field)
    widget = _widget_values().get(field)
    if widget is None or widget.value != value:
        _widget_values()[field] = WidgetValue(value, widget.value if widget else None, time.monotonic())
    st.session_state[key] = value
    return {"key": key, "on_change": _take, "args": (field, key)}


def _take(field: str, key: str) -> None:
    value, widget = st.session_state[key], _widget_values()[field]
    if value is None:
        return
    if isinstance(value, str) != isinstance(getattr(choices(), field), str):
        mark_widget_run()  # the label of an option that is not there any more: what it stood for is not known
        return
    if isinstance(value, str):
        value = tidy(field, value)
    if value == widget.before and time.monotonic() - widget.since < STALE:
        mark_widget_run()
        return
    _widget_values()[field] = WidgetValue(value, None, time.monotonic())
    change(**{field: value})


@dataclass(frozen=True)
class WidgetValue:
    """The value of a widget, its value before if something else changed it, and since when.

    A quick person acts before the browser has received such a change, and the widget then reports its old value. For a
    moment that does not count as a choice.
    """

    value: Any
    before: Any
    since: float


def _widget_values() -> dict[str, WidgetValue]:
    return st.session_state.setdefault("widget_values", {})


def click_head(head: HeadId, clicked: int) -> None:
    """Choose a head by a click on a picture of all heads. A picture of this epoch marks it already.

    clicked: the epoch of the picture
    """
    correct(**head.choice)
    st.session_state["notices"], st.session_state["head_given"] = [], True
    mark_widget_run()
    if clicked != epoch():
        begin_epoch()


def pin(head: HeadId) -> None:
    """Pin a head of the chosen model."""
    pinned = choices().pinned
    if head not in pinned and len(choices().pins) < MOST_PINS:
        change(pinned=(*pinned, head))
        st.toast(f"Pinned: {head}", icon=":material/keep:")


def unpin(gone: Pin) -> None:
    change(pins=tuple(pin for pin in choices().pins if pin != gone))


def show_pin(pin: Pin) -> None:
    """Choose a pinned head, and its model where that is another. A link may have named that: what it names by a path
    is still opened only by a person who says so (`paths`)."""
    correct(**({"model": pin.model} if pin.model else {}), **pin.head.choice)
    st.session_state["notices"], st.session_state["head_given"] = [], True
    mark_widget_run()
    begin_epoch()


def theme() -> Theme:
    """The theme on the person's screen, "light" or "dark"."""
    return "dark" if st.context.theme.type == "dark" else "light"


def look(width: float | None = None) -> Look:
    """Theme and width for a chart on this screen. width: of the whole drawing, in pixels"""
    return Look(theme(), width)
