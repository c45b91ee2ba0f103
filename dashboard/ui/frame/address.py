"""The session's choices and the address bar, kept in step (see `session.choices`).

The address is read when a person changes it (a pasted link, back, forward) and written when they choose something.
The links between pages carry the choices, so every step is one entry in the browser's history.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.analyses.scores.scores import SCORES
from dashboard.export import reports
from dashboard.heads.head_id import HeadId
from dashboard.ui.session import STALE, begin_epoch, choices
from dashboard.ui.url_fields import digest, fits_in_link
from dashboard.ui.url_state import (
    FIRST_HEAD,
    HEAD,
    PAGE,
    Choices,
    from_address,
    page_named,
    to_address,
)

TEXTS_HELD = 10
LINKS_DELAY = 5.0  # seconds until a busy browser has received its links
LINKS_HELD = 20  # that many older ones are known within that time


def of(choices: Choices) -> dict[str, str]:
    """The address of a link to these choices. The first head is named in it where a person chose it and the address
    would else be bare, since that may open on another one."""
    first = {"head": str(FIRST_HEAD.head)} if st.session_state.get("head_given") else {}
    return to_address(choices) or first


def read(page: str) -> None:
    """Read the choices from the address of a page, unless we wrote that address ourselves.

    A quick person acts before the browser has the address that we wrote last, and the browser then sends an older one.
    So in a run that a widget started the address is ignored, and so is one that we left a moment ago, unless a person
    stepped back to it; on the way to another page the choices are kept that its link did not have yet.
    """
    address = {name: value for name, value in st.query_params.to_dict().items() if name != PAGE}
    state = st.session_state
    followed = (left := state.get("page", page) != page) and _links_lead(address)
    state["page"], state["arrives"] = page, left
    if left:  # the best head of the page before is not the one that an address of this page means
        state.pop("opens_on", None)
    if state.pop("widget_run", False) or ("choices" in state and (followed or address == state["address"])):
        state["address"] = address
        return
    if not left and _left_just_now(address):
        state["instead_of"] = address  # in case that the address of now got lost
        return
    found, state["notices"] = from_address(address, tuple(SCORES), _held_texts())
    state["choices"] = _with_report(found)
    state["address"], state["head_given"] = address, _names_head(address)
    begin_epoch()


def leads_on(address: Mapping[str, str]) -> bool:
    """Whether the bare address is one of versions before, in which it was that of “All heads”: a new session that asks
    for a head, or for how heads are drawn. One of today names its page as well."""
    return "choices" not in st.session_state and bool(page_named("", address)) and PAGE not in address


def _with_report(found: Choices) -> Choices:
    """These choices; with the session's report if theirs is missing or no longer exists."""
    if found.report and reports.is_there(found.report):
        return found
    now = st.session_state["choices"].report if "choices" in st.session_state else ""
    return replace(found, report=now)


def links() -> tuple[dict[str, str], dict[str, str]]:
    """Where the links to all pages but the first lead, with the choices of now, and the link to the first."""
    here = of(choices())
    return here, here | page_named("", here)


def remember_links() -> None:
    """Note the address that the links on the page, as sent to the browser in this run, lead to."""
    now = of(choices())
    if now != (before := st.session_state.get("links_lead_to", now)):
        _note("links_led_to", before)
    st.session_state["links_lead_to"] = now


def _note(kept: str, address: dict[str, str]) -> None:
    """Note, under this key of the session, an address whose place another takes now."""
    now = time.monotonic()
    recent = [(one, when) for one, when in st.session_state.get(kept, ()) if now - when < LINKS_DELAY]
    st.session_state[kept] = [*recent, (address, now)][-LINKS_HELD:]


def _noted(kept: str, address: dict[str, str], seconds: float) -> bool:
    """Whether that was done with this address less than so many seconds ago."""
    now = time.monotonic()
    return any(address == one and now - when < seconds for one, when in st.session_state.get(kept, ()))


def _links_lead(address: dict[str, str]) -> bool:
    """Whether the links lead to this address, or did so until a moment ago: the browser may still have the old ones."""
    return address == st.session_state.get("links_lead_to") or _noted("links_led_to", address, LINKS_DELAY)


def _left_just_now(address: dict[str, str]) -> bool:
    """Whether the browser, which has not heard of a newer one, sends an address that we left; no step back does so."""
    run = get_script_run_ctx()
    return run is not None and not run.is_history_navigation and _noted("addresses_left", address, STALE)


def write() -> None:
    """Write the choices into the address, before the page runs. On the way to another page the browser does not have
    that page's path yet, and would add these choices to the one of the page before: then it waits for `write_again`."""
    _hold(choices().text)
    opens_on = st.session_state.pop("opens_on", None)
    if not st.session_state["arrives"]:
        _write(opens_on)


def write_again() -> None:
    """Write the address after the page, which may have corrected a choice, or opened on its best head: an address that
    still names the head of the page before would bring that back on a reload. It takes the place of the one that the
    link led to, or that was written before the page, and is no step of its own."""
    if (address := _address_now(st.session_state.get("opens_on"))) is not None:
        _note("addresses_left", st.session_state["address"])
        st.session_state["instead_of"], st.session_state["address"] = st.session_state["address"], address


def _write(opens_on: tuple[HeadId, bool] | None) -> None:
    """An address that already gives these choices, in any form, stays: a rewritten one would add a step to the
    browser's history. One without its page's name is rewritten: a quick person left the page that wrote it.

    opens_on: the head that the page opened on, which an address without a head means, and whether only a bare one does
    """
    state, address = st.session_state, _address_now(opens_on)
    if address is None and page_named(state["page"], state["address"]) and PAGE not in st.query_params:
        address = state["address"]
    if address is not None:
        _note("addresses_left", state["address"])
        state["address"] = address
        st.query_params.from_dict(address | page_named(state["page"], address))


def _address_now(opens_on: tuple[HeadId, bool] | None) -> dict[str, str] | None:
    """The address of the choices, None where the one that is there gives them already."""
    best, bare = opens_on or (None, False)
    state = st.session_state
    current, _ = from_address(state["address"], tuple(SCORES), _held_texts())
    if not state.pop("another_report", False):
        current = _with_report(current)
    if best is not None and not (state["address"] if bare else _names_head(state["address"])):
        current = replace(current, **best.choice)
    if current == choices():
        return None
    address = of(choices())
    if best is not None and not bare:
        address = {name: value for name, value in address.items() if name not in HEAD}
        if state["head_given"]:
            address |= {name: str(value) for name, value in choices().chosen.choice.items() if value != ""}
    return address


def shown() -> tuple[dict[str, str], dict[str, str], dict[str, str] | None]:
    """The address of what the page shows; what names the page in it; and the address whose place it takes in this
    run."""
    state = st.session_state
    return state["address"], page_named(state["page"], state["address"]), state.pop("instead_of", None)


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
