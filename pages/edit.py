"""Cut a link: does the model need it?"""

import streamlit as st

from dashboard.ui import head_names, head_picker, session
from dashboard.ui.components import head_map
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import reading
from dashboard.ui.pages.edit import hand, mode

# Inputs
head_picker.part()
this = reading(pairs=True, parts=True)
head_names.open_on_clearest(this)
head = session.choices().chosen
st.caption(
    f"Cut a link of {escape_markdown(this.model.title)} and see what changes. Click a link on the picture: "
    "its weight becomes 0, and everything after it is computed again."
)
left, right, hand_width, result_width = beside(page_width(), (0.5, 0.5))

# The head under the hand
with left:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.numbers(this.model)
        hand.show_as(this)
    head_names.tell(this, [head])
    made = mode.head(this, head, hand_width, first=True)

# What changes
with right:
    mode.effect(this, made, result_width)

head_map.code()
