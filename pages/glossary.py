"""Glossary: every term in a sentence or two, with a picture where it helps."""

import streamlit as st

from dashboard.analyses.glossary.api import found
from dashboard.ui.layout_width import page_width
from dashboard.ui.pages import course, glossary

term = glossary.opened_term()
left, right, wide = course.sides(0.36)
if page_width() < course.NARROW:  # the term that is opened comes first, the list after it
    left, right = right, left
with left:
    typed = st.text_input("Search", placeholder="A term, like entropy", key="glossary_search")
    terms = found(typed)
    if not terms:
        st.caption("No term has this word. Try a shorter one.")
    glossary.listed(terms, term)
with right:
    glossary.shown(term, min(wide, 560))
