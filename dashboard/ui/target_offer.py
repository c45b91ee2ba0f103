"""What stands on a page whose decoder has no target yet: two targets to take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.capture.write_target import MOST_BEAMS
from dashboard.errors import UserError
from dashboard.ui import caches, session
from dashboard.ui.markdown import error_said
from dashboard.ui.url_state import tidy

if TYPE_CHECKING:
    from dashboard.ui.model_and_text import Opened


def offer_targets(this: Opened) -> None:
    """Say that the decoder needs a target, and offer two."""
    st.info("The decoder reads a target. Type one at the top, or take one of these.", icon=":material/edit:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Beams",
            1,
            MOST_BEAMS,
            key="beams",
            width=120,
            help="1: the most probable token at each step. More: that many candidate texts are kept at each step, and "
            "the most probable one wins.",
        )
        st.button(
            "What the model writes",
            on_click=_take_written,
            args=(this,),
            help="The target that the model writes for this text, by a search over these beams.",
        )
        st.button("The text itself", on_click=session.change, kwargs={"target": tidy("target", session.choices().text)})


def _take_written(this: Opened) -> None:
    try:
        written = caches.target(
            this.key, session.choices().text, this.bos, this.model, st.session_state.get("beams", 1)
        )
    except UserError as wrong:
        st.toast(error_said(wrong))
        return
    if written:
        session.change(target=tidy("target", written))
    else:
        st.toast("The model ends this text at once, so it writes nothing. Type a target.")
