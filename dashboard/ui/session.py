"""The session's choices and the address bar, kept the same (see `choices`).

The address is read when a person changed it (a pasted link, back, forward) and written when they chose
something. Pages change through `links`, which carry the choices along, so every step is one entry in the
browser's history.
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
    OF_ALL_HEADS,
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
MOMENT = 5.0  # seconds in which a busy browser has the links that it was sent


def frame_stands() -> bool:
    """Whether this session has seen the frame of the pages."""
    return "frame_stands" in st.session_state


def frame_drawn() -> None:
    st.session_state["frame_stands"] = True


def choices() -> Choices:
    return st.session_state["choices"]


def change(**new: Any) -> None:
    """Choose something else. What was said about an earlier link or choice is said no more."""
    paths.choose(new)
    st.session_state["choices"] = choices().but(**new)
    st.session_state["notices"] = []
    if set(HEAD) & new.keys():
        st.session_state["head_given"] = True
    elif "pairs" in new:  # another question: it opens on its own best head
        st.session_state["head_given"] = False
    mark_widget_run()
    begin_epoch()


def correct(**new: Any) -> None:
    """Bring a choice within what there is, without a word: nothing that a person would miss."""
    st.session_state["choices"] = choices().but(**new)


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
    return Selection(st.session_state["selected"], choices().pinned, epoch())


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


def leads_on(address: Mapping[str, str]) -> bool:
    """Whether the bare address is one of versions before, in which it was that of “All heads”: a new session that asks
    for a head, or for how heads are drawn."""
    return "choices" not in st.session_state and any(name in address for name in (*HEAD, *OF_ALL_HEADS))


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
    return address == st.session_state.get("links_lead_to") or (address == before and time.monotonic() - when < MOMENT)


def write_address() -> None:
    """Make the address say what was chosen. One that already says it, in whatever words, is left alone:
    a rewritten address would be one more step on the way back."""
    state = st.session_state
    _hold(choices().text)
    said, _ = from_address(state["address"], tuple(SCORES), _held_texts())
    if not state.pop("another_report", False):
        said = _with_report(said)
    best: HeadId | None = state.pop("opens_on", None)
    if best is not None and not _names_head(state["address"]):
        said = replace(said, **best.choice)
    if said != choices():
        address = to_address(choices())
        if best is not None:
            address = {name: value for name, value in address.items() if name not in HEAD}
            if state["head_given"]:
                address |= {name: str(told) for name, told in choices().chosen.choice.items() if told != ""}
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
    shown = _shown().get(field)
    if shown is None or shown.value != value:
        _shown()[field] = Shown(value, shown.value if shown else None, time.monotonic())
    st.session_state[key] = value
    return {"key": key, "on_change": _take, "args": (field, key)}


def _take(field: str, key: str) -> None:
    value, shown = st.session_state[key], _shown()[field]
    if value is None:
        return
    if isinstance(value, str):
        value = tidy(field, value)
    if value == shown.before and time.monotonic() - shown.since < STALE:
        mark_widget_run()
        return
    _shown()[field] = Shown(value, None, time.monotonic())
    change(**{field: value})


@dataclass(frozen=True)
class Shown:
    """What a widget shows, what it showed before if that was changed by other means, and since when.

    A quick hand acts before the browser knows of such a change, and the widget then reports what it still shows: for a
    moment that is no choice.
    """

    value: Any
    before: Any
    since: float


def _shown() -> dict[str, Shown]:
    return st.session_state.setdefault("shown", {})


def click_head(head: HeadId, clicked: int) -> None:
    """Choose a head by a click on a picture of all heads, which marks it already if it was drawn in this epoch.
    clicked: the epoch that it was drawn in"""
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
    """How a chart is drawn on this screen. width: of the whole drawing, in pixels"""
    return Look(theme(), width)
