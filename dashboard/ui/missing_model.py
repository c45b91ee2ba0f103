"""Models that are not there: the buttons that fetch one, or open one that a link names by a path, and a file of weights
in the place of one."""

from __future__ import annotations

import streamlit as st

from dashboard import serving
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.models import CATALOGUE, find, offered
from dashboard.ui import session
from dashboard.ui.markdown import error_said, escape_markdown
from dashboard.ui.page import end_page, problem, to_page
from dashboard.ui.paths import NotChosenHere

PREDICTS = "smollm2"  # a model of the catalogue that predicts words


def offer(name: str, sentence: str) -> None:
    """A missing model: why it is missing, its card, and a button that fetches it."""
    st.info(escape_markdown(sentence), icon=":material/download:")
    if name in CATALOGUE:
        card = CATALOGUE[name]
        st.markdown(f"{card.about} {card.layers} layers × {card.heads} heads. Licence: {card.licence}.")
    get_button(name)


def end_without(model: AttentionModel | None) -> None:
    """For a page that needs a model that runs: where a file of weights is chosen, say so and end the page."""
    if model is not None and model.own_text is not None:
        st.info(
            f"{escape_markdown(model.title)} holds attention weights alone, and this page needs a model that runs. "
            "Choose a model at the top.",
            icon=":material/deployed_code:",
        )
        to_page("explore", "All heads of this file", ":material/grid_view:")
        end_page()


def offer_path(refused: NotChosenHere, choice: str) -> None:
    """The path that a link names, and a button that opens it. choice: the field of `Choices` that holds it"""
    st.info(error_said(refused), icon=":material/link_off:")
    if not refused.elsewhere:
        st.button(
            "Open it",
            key=f"open_{choice}",
            icon=":material/folder_open:",
            on_click=session.change,
            kwargs={choice: refused.name},
        )


def get_button(name: str) -> None:
    """A button that downloads a model, with progress. A server for others has none."""
    if serving.for_others():
        return
    known = CATALOGUE.get(name)
    label = f"Get {known.title} ({known.download_bytes / 1e6:.0f} MB)" if known else f"Get {escape_markdown(name)}"
    if not st.button(label, key=f"get_{name}", icon=":material/download:"):
        return
    bar = st.progress(0.0, "Starting…")

    def tell(fraction: float, step: str) -> None:
        bar.progress(min(max(fraction, 0.0), 1.0), step)

    try:
        find(name, fetch_missing=True, progress=tell)
    except UserError as wrong:
        bar.empty()
        problem(wrong)
    else:
        st.rerun()


def offer_predicting(act: str, **changed: object) -> None:
    """The button that takes a model of the catalogue which predicts words. act: what is done with it, with {} for its
    title; changed: further choices"""
    if PREDICTS not in offered():  # a server for others that has it not
        return
    other = CATALOGUE[PREDICTS]
    st.button(
        f"{act.format(other.title)}, which predicts words",
        icon=":material/swap_horiz:",
        on_click=session.change,
        kwargs={"model": other.name} | changed,
    )
