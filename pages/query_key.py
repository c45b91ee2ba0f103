"""Queries and keys: which words would look at which, as a head sees them?"""

import streamlit as st

from dashboard.analyses.query_key.api import draw_plane
from dashboard.analyses.query_key.chart import BY
from dashboard.analyses.query_key.text import plane_finding, plane_remarks
from dashboard.ui import figure, head_picker, session
from dashboard.ui.figure import Figure, Table
from dashboard.ui.layout_width import page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened
from dashboard.ui.pages import query_key

# Inputs
this = opened()
model = this.model
st.caption(
    f"Which words would look at which, as one head of {escape_markdown(model.title)} sees them? Every word of some "
    "sentences that come with the dashboard, once as a query and once as a key, in one plane."
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    head_picker.by_number(model)
    st.segmented_control(
        "Coloured by",
        list(BY),
        required=True,
        format_func=query_key.BY_NAMES.__getitem__,
        help="Part of speech and relation are those of the word in its sentence, the relation as the parser names it "
        "(nsubj: a verb’s subject); position counts tokens from 0; frequency is how often the word occurs in all the "
        "sentences that come along.",
        **session.bound("words_by"),
    )
chosen = session.choices()
found = query_key.plane(this, chosen.chosen)

# The plane
figure.show(
    Figure(
        draw_plane(found, by=chosen.words_by, **session.look(min(page_width(), 900)).keywords()),
        found.table,
        "queries",
        finding=plane_finding(found),
        lead=[
            "A query gives a key a high score where the key lies far from the cross in the query’s direction. Point at "
            "a circle to see where that word looks in its own sentence, at a triangle to see who looks there.",
            *plane_remarks(found),
        ],
        tables=[Table(query_key.COLUMNS)],
        awaited=True,
    )
)
