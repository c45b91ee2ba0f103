"""Queries and keys: which words would look at which, as a head sees them?"""

import streamlit as st

from dashboard.analyses.query_key.api import draw_plane
from dashboard.analyses.query_key.chart import BY
from dashboard.analyses.query_key.text import plane_finding, plane_remarks
from dashboard.ui import figure, head_names, head_picker, session
from dashboard.ui.figure import Figure, Table
from dashboard.ui.layout_width import page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened
from dashboard.ui.pages import query_key

# Inputs
head_picker.part()
this = opened(parts=True)
head_names.open_on_clearest(this)
model = this.model
st.caption(
    f"Which words would look at which in one head of {escape_markdown(model.title)}? Each word of some built-in "
    "sentences stands in this plane twice: as a query and as a key." + query_key.between_texts(model)
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    head_picker.by_number(model)
    st.segmented_control(
        "Coloured by",
        list(BY),
        required=True,
        format_func=query_key.BY_NAMES.__getitem__,
        help=(
            "Part of speech and relation: of the word in its sentence, from the parser (nsubj: the subject of a "
            "verb). Position: in tokens, from 0. Frequency: in all built-in sentences."
        ),
        **session.bound("words_by"),
    )
chosen = session.choices()
head_names.tell(this, [chosen.chosen])
found = query_key.plane(this, chosen.chosen)

# The plane
figure.show(
    Figure(
        draw_plane(found, by=chosen.words_by, **session.look(min(page_width(), 900)).keywords()),
        found.table,
        "queries",
        finding=plane_finding(found),
        remarks=[
            "A key gets a high score if it lies far from the cross in the direction of the query. Hover over a "
            "circle to see where that word looks, over a triangle to see which words look there.",
            *plane_remarks(found),
        ],
        tables=[Table(query_key.COLUMNS)],
        awaited=True,
    )
)
