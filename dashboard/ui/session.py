"""The session's choices and the address bar, kept the same (see `choices`).

The address is read when a person changed it (a pasted link, back, forward) and written when they chose
something. Pages change through `links`, which carry the choices along, so every step is one entry in the
browser's history.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from dashboard.analyses.scores.scores import SCORES
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.export import reports
from dashboard.heads.head_id import HeadId
from dashboard.ui import paths
from dashboard.ui.url_state import (
    HEAD,
    TRAY_SIZE,
    Choices,
    digest,
    fits_in_link,
    from_address,
    tidy,
    to_address,
    within,
)

TEXTS_HELD = 10
STALE = 1.0  # seconds in which a browser has heard what was changed
LINKS_DELAY = 5.0  # seconds in which a busy browser has the links that it was sent


def choices() -> Choices:
    return st.session_state["choices"]


def change(**new: Any) -> None:
    """Choose something else. What was said about an earlier link or choice is said no more."""
    paths.choose(new)
    st.session_state["choices"] = replace(choices(), **new)
    st.session_state["notices"] = []
    if set(HEAD) & new.keys():
        st.session_state["head_given"] = True
    elif "pairs" in new:  # another question: it opens on its own best head
        st.session_state["head_given"] = False
    mark_widget_run()
    begin_epoch()


def correct(**new: Any) -> None:
    """Bring a choice within what there is, without a word: nothing that a person would miss."""
    st.session_state["choices"] = replace(choices(), **new)


def open_on(head: HeadId) -> None:
    """On a page that has a best head, show that one until a person chooses another. An address that names none stands
    for it."""
    st.session_state["opens_on"] = head
    if not st.session_state.get("head_given") and choices().chosen != head:
        correct(**head.choice)
        begin_epoch()


def epoch() -> int:
    """How often a head, or anything else, was chosen other than by a click on a picture of all heads."""
    return st.session_state.get("epoch", 0)


def begin_epoch() -> None:
    """From here on earlier clicks no longer count, and pictures of all heads mark the head that is chosen now."""
    st.session_state["epoch"] = epoch() + 1
    st.session_state["selected"] = choices().chosen


def selection() -> Selection:
    """What pictures of all heads mark. A click moves the mark in the browser, without a new drawing: the head is the
    one that was chosen when this epoch began."""
    return Selection(st.session_state["selected"], choices().tray, epoch())


def mark_widget_run() -> None:
    """The next run was asked for by something on the page, not by the address (see `read_address`)."""
    st.session_state["widget_run"] = True


def read_address(page: str) -> None:
    """Take over what the address of a page says, where it is not what we wrote there ourselves.

    A quick hand acts before the browser knows the address that we wrote last; what comes with it is an echo of the
    address before. So with an action only the action counts, and on the way to another page the choices stay that the
    links did not know yet.
    """
    address = st.query_params.to_dict()
    state = st.session_state
    followed = state.get("page", page) != page and _links_lead(address)
    state["page"] = page
    if state.pop("widget_run", False) or ("choices" in state and (followed or address == state["address"])):
        state["address"] = address
        return
    found, state["notices"] = from_address(address, tuple(SCORES), _held_texts())
    state["choices"] = _with_report(found)
    state["address"], state["head_given"] = address, _names_head(address)
    begin_epoch()


def show_report(key: str) -> None:
    """The report under this key is the one that is collected from now on, and the address says so; "": none."""
    correct(report=key)
    st.session_state["another_report"] = True


def _with_report(found: Choices) -> Choices:
    """An address from before the report began, or of one that is gone, leaves the report that is there."""
    if found.report and reports.is_there(found.report):
        return found
    now = st.session_state["choices"].report if "choices" in st.session_state else ""
    return replace(found, report=now)


def remember_links(address: dict[str, str]) -> None:
    """The links to all pages that the browser is sent now lead to this address."""
    state = st.session_state
    if address != (before := state.get("links_lead_to", address)):
        state["links_led_to"] = before, time.monotonic()
    state["links_lead_to"] = address


def _links_lead(address: dict[str, str]) -> bool:
    """Whether the links lead to this address, or did so a moment ago, so that the browser may still have had those."""
    before, when = st.session_state.get("links_led_to", (None, 0.0))
    return address == st.session_state.get("links_lead_to") or (
        address == before and time.monotonic() - when < LINKS_DELAY
    )


def write_address() -> None:
    """Make the address say what was chosen. One that already says it, in whatever words, is left alone:
    a rewritten address would be one more step on the way back."""
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
        st.query_params.from_dict(state["address"])


def _names_head(address: dict[str, str]) -> bool:
    return any(name in address for name in HEAD)


def _held_texts() -> dict[str, str]:
    """The last texts of this session that are too long for a link, by digest: back and forward find them here."""
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
    """Bring the chosen heads within what the model has, and say so."""
    fitted, notices = within(choices(), layers, heads, numbers)
    if notices:
        st.session_state["choices"] = fitted
        begin_epoch()
        st.session_state["notices"] = st.session_state["notices"] + notices


def notices() -> list[str]:
    return st.session_state["notices"]


def bound(field: str) -> dict[str, Any]:
    """Arguments that tie a widget to a choice: ``st.selectbox("Unit", options, **bound("unit"))``.

    The choice is the truth; the widget shows it and changes it.
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
    """What a widget shows, what it showed before if that was changed by other means, and since when.

    A quick hand acts before the browser knows of such a change, and the widget then reports what it still shows: for a
    moment that is no choice.
    """

    value: Any
    before: Any
    since: float


def _widget_values() -> dict[str, WidgetValue]:
    return st.session_state.setdefault("widget_values", {})


def click_head(head: HeadId, clicked: int) -> None:
    """Choose a head by a click on a picture of all heads, which marks it already if it was drawn in this epoch.
    clicked: the epoch that it was drawn in"""
    correct(**head.choice)
    st.session_state["notices"], st.session_state["head_given"] = [], True
    mark_widget_run()
    if clicked != epoch():
        begin_epoch()


def add_to_tray(head: HeadId) -> None:
    tray = choices().tray
    if head not in tray and len(tray) < TRAY_SIZE:
        change(tray=(*tray, head))


def remove_from_tray(head: HeadId) -> None:
    change(tray=tuple(other for other in choices().tray if other != head))


def theme() -> Theme:
    """The theme on the person's screen, "light" or "dark"."""
    return "dark" if st.context.theme.type == "dark" else "light"


def look(width: float | None = None) -> Look:
    """How a chart is drawn on this screen. width: of the whole drawing, in pixels"""
    return Look(theme(), width)
