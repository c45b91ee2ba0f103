"""“Carry a head over” in one pair of texts: all heads, token by token, measured after a click."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.analyses.patching.api import Patched
from dashboard.analyses.patching.draw import draw_patch
from dashboard.analyses.patching.text import patch_finding
from dashboard.errors import UserError
from dashboard.ui import figure, head_names, head_picker, session
from dashboard.ui.figure import Click, Figure
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import problem
from dashboard.ui.pages.patching.on_pair import OnPair
from dashboard.ui.pages.patching.tables import COLUMNS


@st.cache_resource(max_entries=16, show_spinner=False)
def _held(key: str, a: str, b: str, answers: tuple[str, str], bos: bool) -> list[Patched]:
    """What was measured of this pair: one, or none before it was asked for."""
    return []


def show(pair: OnPair, width: float) -> None:
    """All heads at each token, or the button that measures them."""
    this, held, key = pair.this, _held(*pair.asked), f"patch_tokens_{pair.this.model.name}"
    st.subheader("Which head at which token?", anchor=False)
    if not held and (found := _measured(pair)):
        held[:] = [found]
    if not held:
        return
    look = session.look(min(width, 640)).keywords()
    figure.show(
        Figure(
            draw_patch(held[0], **look, **head_names.selection(this, key).keywords()),
            held[0].table,
            "patch_every_token",
            finding=patch_finding(held[0]),
            remarks=["Up to the first difference both texts are the same, so nothing is carried there."],
            tables=[head_names.table(this, COLUMNS, held[0].table)],
            still=partial(draw_patch, held[0], **look),
            click=Click(head_picker.click, key=key, place="patch_every_token"),
        )
    )


def _measured(pair: OnPair) -> Patched | None:
    """The figures, if somebody asks for them; None before, and where there are none, with a sentence."""
    tokens, place = len(pair.pair.base.encoding), st.empty()
    if not place.button(
        f"Measure all heads at each of {tokens:,} tokens",
        icon=":material/grid_on:",
        key="every_token",
        help="One head at one token at a time. SmolLM2 takes about half a minute for ten tokens.",
    ):
        return None
    bar = place.progress(0.0, "Carrying over…")

    def progress(fraction: float, sentence: str) -> None:
        bar.progress(min(max(fraction, 0.0), 1.0), escape_markdown(sentence))

    try:
        return pair.every_token(progress)
    except UserError as wrong:
        problem(wrong)
        return None
    finally:
        place.empty()
