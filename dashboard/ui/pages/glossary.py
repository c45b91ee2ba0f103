"""The glossary: a search, the list of terms, and the term that is opened with its picture."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.analyses.glossary.api import PICTURES, TERMS, Term, draw_term
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.theme import Theme
from dashboard.heads.format import capital
from dashboard.ui import caches, figure, page_list, session
from dashboard.ui.figure import Figure
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import to_page

MODEL = "minilm"  # part of the package, so there is always a picture
TITLES = {page.name: page.title for page in page_list.PAGES}


def opened_term() -> Term:
    """The term that the address names, or the first."""
    name = session.choices().term.lower().replace(" ", "-")
    if name and name not in TERMS:
        st.info(escape_markdown(f"“{name[:60]}” is not in the glossary. Search for another word."))
    return TERMS.get(name) or next(iter(TERMS.values()))


def listed(terms: list[Term], chosen: Term) -> None:
    """The names; a click opens one."""
    with st.container(horizontal=True, gap="small"):
        for term in terms:
            st.button(
                term.name,
                type="secondary" if term == chosen else "tertiary",
                key=f"term_{term.key}",
                on_click=session.change,
                kwargs={"term": term.key},
            )


def shown(term: Term, width: int) -> None:
    """The term, what it means, its picture and the page where it is seen."""
    st.subheader(capital(term.name), anchor=False)
    st.markdown(escape_markdown(term.says))
    if term.others:
        st.caption(escape_markdown(f"Also: {', '.join(term.others)}."))
    if term.key in PICTURES:
        model, key = caches.opened(MODEL)
        drawing = _picture(term.key, key, session.theme(), width, model)
        figure.picture(Figure(drawing, pd.DataFrame, f"term_{term.key}"))
    to_page(term.page, f"See it on {TITLES[term.page]}", ":material/arrow_outward:")


@st.cache_resource(max_entries=96, show_spinner=False)
def _picture(term: str, key: str, theme: Theme, width: int, _model: AttentionModel) -> Drawing:
    return draw_term(term, _model, session.look(width))
