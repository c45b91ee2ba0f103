"""“Carry a head over” in one pair of texts: all heads, token by token, measured after a click."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.analyses.patching.draw import draw_patch
from dashboard.analyses.patching.text import patch_finding, too_close
from dashboard.errors import UserError
from dashboard.ui import figure, head_names, head_picker, session
from dashboard.ui.figure import Click, Figure
from dashboard.ui.page import problem
from dashboard.ui.pages.patching.on_pair import OnPair
from dashboard.ui.pages.patching.tables import COLUMNS


def show(pair: OnPair, width: float) -> None:
    """All heads at each token, or the button that measures them; nothing where nothing can be recovered.

    They are measured in a thread of their own, so that a click elsewhere loses nothing.
    """
    if too_close(pair.every):
        return
    st.subheader("Which head at which token?", anchor=False)
    slot = pair.every_token()
    if slot.found is None and not slot.runs:
        st.button(
            f"Measure all heads at each of {len(pair.pair.base.encoding):,} tokens",
            icon=":material/grid_on:",
            key="every_token",
            on_click=slot.begin,
            help="One head at one token at a time. SmolLM2 takes about half a minute for ten tokens.",
        )
        return
    try:
        found = slot.result()
    except UserError as wrong:
        problem(wrong)
        return
    key = f"patch_tokens_{pair.this.model.name}"
    look = session.look(min(width, 640)).keywords()
    figure.show(
        Figure(
            draw_patch(found, **look, **head_names.selection(pair.this, key).keywords()),
            found.table,
            "patch_every_token",
            finding=patch_finding(found),
            remarks=[
                "Up to the first difference both texts are the same. Nothing is carried there, and it is not counted."
            ],
            tables=[head_names.table(pair.this, COLUMNS, found.table)],
            still=partial(draw_patch, found, **look),
            click=Click(head_picker.click, key=key, place="patch_every_token"),
        )
    )
