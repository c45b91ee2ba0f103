"""The session's choices and the address bar, kept in step (see `choices`).

The address is read when a person changes it (a pasted link, back, forward) and written when they choose something.
The links between pages carry the choices, so every step is one entry in the browser's history.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from dashboard.analyses.scores.scores import SCORES
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.export import reports
from dashboard.heads.head_id import HeadId
from dashboard.ui import paths
from dashboard.ui.pins import Pin
from dashboard.ui.url_state import (
    HEAD,
    MOST_PINS,
    PAGE,
    Choices,
    digest,
    fits_in_link,
    from_address,
    page_named,
    tidy,
    to_address,
    within,
)

TEXTS_HELD = 10
STALE = 1.0  # seconds until a browser has received a change
LINKS_DELAY = 5.0  # seconds until a busy browser has received its links


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


def open_on(head: HeadId) -> None:
    """On a page with a best head, show it until a person chooses another. An address without a head means this one."""
    st.session_state["opens_on"] = head
    if not st.session_state.get("head_given") and choices().chosen != head:
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
    """Note that a widget, not the address, started the next run (see `read_address`)."""
    st.session_state["widget_run"] = True


def read_address(page: str) -> None:
    """Read the choices from the address of a page, unless we wrote that address ourselves.

    A quick person acts before the browser has the address that we wrote last, and the browser then sends an older one.
    So in a run that a widget started the address is ignored, and on the way to another page the choices are kept that
    its link did not have yet.
    """
    address = {name: value for name, value in st.query_params.to_dict().items() if name != PAGE}
    state = st.session_state
    followed = (left := state.get("page", page) != page) and _links_lead(address)
    state["page"] = page
    if left:  # the best head of the page before is not the one that an address of this page means
        state.pop("opens_on", None)
    if state.pop("widget_run", False) or ("choices" in state and (followed or address == state["address"])):
        state["address"] = address
        return
    found, state["notices"] = from_address(address, tuple(SCORES), _held_texts())
    state["choices"] = _with_report(found)
    state["address"], state["head_given"] = address, _names_head(address)
    begin_epoch()


def leads_on(address: Mapping[str, str]) -> bool:
    """Whether the bare address is one of versions before, in which it was that of “All heads”: a new session that asks
    for a head, or for how heads are drawn. One of today names its page as well."""
    return "choices" not in st.session_state and bool(page_named("", address)) and PAGE not in address


def show_report(key: str) -> None:
    """Make the report with this key the session's report, in the address too; "": none."""
    correct(report=key)
    st.session_state["another_report"] = True


def _with_report(found: Choices) -> Choices:
    """These choices; with the session's report if theirs is missing or no longer exists."""
    if found.report and reports.is_there(found.report):
        return found
    now = st.session_state["choices"].report if "choices" in st.session_state else ""
    return replace(found, report=now)


def remember_links(address: dict[str, str]) -> None:
    """Note the address that the links to all pages, as sent to the browser now, lead to."""
    state = st.session_state
    if address != (before := state.get("links_lead_to", address)):
        state["links_led_to"] = before, time.monotonic()
    state["links_lead_to"] = address


def _links_lead(address: dict[str, str]) -> bool:
    """Whether the links lead to this address, or did so until a moment ago: the browser may still have the old ones."""
    before, when = st.session_state.get("links_led_to", (None, 0.0))
    return address == st.session_state.get("links_lead_to") or (
        address == before and time.monotonic() - when < LINKS_DELAY
    )


def write_address() -> None:
    """Write the choices into the address. One that already gives these choices, in any form, stays:
    a rewritten address would add a step to the browser's history."""
    state = st.session_state
    _hold(choices().text)
    current, _ = from_address(state["address"], tuple(SCORES), _held_texts())
    if not state.pop("another_report", False):
        current = _with_report(current)
    best: HeadId | None = state.pop("opens_on", None)
    if best is not None and not _names_head(state["address"]):
        current = replace(current, **best.choice)
    if current != choices():
        address = to_address(choices())
        if best is not None:
            address = {name: value for name, value in address.items() if name not in HEAD}
            if state["head_given"]:
                address |= {name: str(value) for name, value in choices().chosen.choice.items() if value != ""}
        state["address"] = address
        st.query_params.from_dict(address | page_named(state["page"], address))


def _names_head(address: dict[str, str]) -> bool:
    return any(name in address for name in HEAD)


def _held_texts() -> dict[str, str]:
    """This session's last texts that are too long for a link, by digest, for back and forward."""
    return st.session_state.setdefault("held_texts", {})


def _hold(text: str) -> None:
    if fits_in_link(text):
        return
    held = _held_texts()
    held.pop(digest(text), None)
    held[digest(text)] = text
    while len(held) > TEXTS_HELD:
        del held[next(iter(held))]


def fit_to(layers: int, heads: int, numbers: Sequence[int]) -> None:
    """Replace chosen heads that the model does not have, with a notice."""
    fitted, notices = within(choices(), layers, heads, numbers)
    if notices:
        st.session_state["choices"] = fitted
        begin_epoch()
        st.session_state["notices"] = st.session_state["notices"] + notices


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
