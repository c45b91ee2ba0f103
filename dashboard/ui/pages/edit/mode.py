"""Cutting links where a head is drawn: the mode in which a click cuts, the head under the hand, and what changes."""

from __future__ import annotations

import streamlit as st

from dashboard.analyses.explore.text import finding
from dashboard.heads.head_id import HeadId
from dashboard.ui import caches, figure, head_names, session
from dashboard.ui.model_and_text import Reading
from dashboard.ui.page import to_page
from dashboard.ui.pages.edit import hand, results

KEY = "choose_cutting"


def on(this: Reading) -> bool:
    """Whether links are cut on this page: the mode is on, and the model and the text are ones that can be edited."""
    return session.choices().cutting == "yes" and can(this) and len(this.encoding) <= caches.TOKENS_AT_MOST


def can(this: Reading) -> bool:
    """Whether the model runs, so that it can be edited."""
    return this.model.own_text is None


def named(this: Reading, head: HeadId) -> None:
    """What the head is called, and next to it the switch of the mode, over the picture."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width="content"):
            head_names.tell(this, [head])
        if can(this):
            _switch()
    if session.choices().cutting == "yes" and can(this) and not on(this):
        figure.remark(f"Links are cut in texts of up to {caches.TOKENS_AT_MOST:,} tokens. Shorten the text.")


def _switch() -> None:
    chosen = session.choices().cutting == "yes"
    st.session_state[KEY] = chosen
    st.toggle(
        "Cut links",
        key=KEY,
        on_change=_switched,
        help="When on, a click on a link cuts it: its weight becomes 0. What changes is shown next to the picture.",
        width="content",
    )


def _switched() -> None:
    session.change(cutting="yes" if st.session_state[KEY] else "no")


def head(this: Reading, head: HeadId, width: float, *, first: bool = False) -> tuple[str, ...]:
    """The head under the hand, and the list of edits, which are returned. first: as in `hand.edits`"""
    [view] = this.views(head, unit="words", special="show")
    made = hand.edits(this, view, first)
    hand.picture(this, view, made, width)
    figure.remark(f"{finding(view)} The weights are those without the edits.")
    hand.listed(this, made)
    hand.by_name(this, view, made)
    return made


def effect(this: Reading, made: tuple[str, ...], width: float) -> None:
    """What the edits change, with its controls."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        results.asks(this)
    results.show(this, made, width)


def own_page() -> None:
    """The way to the page that has nothing else, with this head and these edits."""
    to_page("edit", "Cut links of this head on a page of its own", ":material/link_off:", cutting="no")
