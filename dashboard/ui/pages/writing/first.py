"""What “What the model writes” shows where the model writes nothing."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.analyses.writing.api import draw_alternatives, draw_written
from dashboard.analyses.writing.first_text import first_text
from dashboard.analyses.writing.text import token_finding, written_finding
from dashboard.analyses.writing.tokens import writer_of
from dashboard.errors import UserError
from dashboard.models.catalogue import CATALOGUE
from dashboard.ui import figure, session
from dashboard.ui.figure import Figure
from dashboard.ui.layout_width import page_width
from dashboard.ui.markdown import error_said
from dashboard.ui.missing_model import PREDICTS
from dashboard.ui.model_and_text import Opened
from dashboard.ui.page import end_page


def check_writes(this: Opened) -> None:
    """End the page with a sentence, and a button that opens another model, if this one predicts no next word."""
    try:
        with st.spinner("Opening the language-model head…"):
            writer_of(this.model)
        return
    except UserError as wrong:
        st.info(error_said(wrong), icon=":material/info:")
    other = CATALOGUE[PREDICTS]
    if this.model.name != other.name:
        st.button(
            f"Write with {other.title}",
            icon=":material/swap_horiz:",
            on_click=session.change,
            kwargs={"model": other.name},
        )
    _shipped()
    end_page()


def _shipped() -> None:
    """What a model that predicts has written before, and the token of which it was least sure."""
    found = first_text()
    least = min(found.tokens, key=lambda token: token.p).place
    drawn = (
        ("written", partial(draw_written, found, place=least), written_finding(found), 980),
        ("alternatives", partial(draw_alternatives, found, least), token_finding(found, least), 440),
    )
    for name, draw, finding, most in drawn:
        look = session.look(min(page_width(), most)).keywords()
        figure.show(Figure(draw(**look), found.table, name, finding=finding))
    figure.remark(f"A stored example, written earlier by {found.model} after the text in grey.")
