"""Carry a head over: which head carries the difference between two texts?"""

import streamlit as st

from dashboard.analyses.patching.text import patch_finding
from dashboard.ui import figure, head_names, head_picker, session
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened
from dashboard.ui.page import end_page
from dashboard.ui.pages.patching import every_token, on_pair, over_set

# Inputs
this = opened()
st.caption(
    "Two similar texts lead to different next words. Put one head’s output from the first text into the second: how "
    "much of the first answer comes back?"
)
if not on_pair.predicts(this):
    end_page()
on_pair.texts()

# One pair: all heads, and the chosen one
pair = on_pair.chosen_pair(this)
on_pair.open_on_best(pair)
head = session.choices().chosen
figure.finding(patch_finding(pair.every))
left, right, atlas_width, head_width = beside(page_width(), (0.55, 0.45))
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.by_number(this.model)
    head_names.tell(this, [head])
    on_pair.one_head(pair, head, min(head_width, 480))
with left:
    on_pair.all_heads(pair, min(atlas_width, 600))
tokens = st.container()
on_pair.paths(pair, head)

# Many pairs
st.subheader(f"Which heads of {escape_markdown(this.model.title)} carry the answer over many pairs?", anchor=False)
over_set.show(this)

# One pair, token by token: last, so that all else is there while it is measured
with tokens:
    every_token.show(pair, page_width())
