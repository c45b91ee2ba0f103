"""Cut a link: does the model need it?"""

import streamlit as st

from dashboard.analyses.explore.text import finding
from dashboard.analyses.explore.views import VIEWS
from dashboard.ui import figure, head_names, head_picker, session
from dashboard.ui.components import head_map
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import reading
from dashboard.ui.pages.edit import hand, results

# Inputs
head_picker.part()
this = reading(pairs=True, parts=True)
head_names.open_on_clearest(this)
if session.choices().view not in hand.VIEWS_HERE:
    session.correct(view="heatmap")
head = session.choices().chosen
st.caption(
    f"Cut a link of {escape_markdown(this.model.title)} and see what the model then says. Click a link on the picture: "
    "its weight becomes 0, and everything after it is computed again."
)
left, right, hand_width, result_width = beside(page_width(), (0.5, 0.5))

# The head under the hand
with left:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.numbers(this.model)
        st.segmented_control(
            "Show as",
            list(hand.VIEWS_HERE),
            required=True,
            format_func=lambda name: VIEWS[name].title,
            **session.bound("view"),
        )
    head_names.tell(this, [head])
    [view] = this.views(head, unit="words", special="show")
    made = hand.edits(this, view)
    hand.picture(this, view, made, hand_width)
    figure.remark(f"{finding(view)} The weights are those without the edits.")
    hand.listed(this, made)
    hand.by_name(this, view, made)

# What changes
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        results.asks(this)
    results.show(this, made, result_width)

head_map.code()
