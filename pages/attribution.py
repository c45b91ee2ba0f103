"""What decided?: which words a prediction comes from, and which heads look at them."""

import streamlit as st

from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened, text_or_end
from dashboard.ui.page import end_page
from dashboard.ui.pages import attribution

# Inputs
this = opened()
st.caption(
    f"What does {escape_markdown(this.model.title)} predict from your text, and from which words? Gradients say how "
    "much each word adds. Does a head look at those that add most?"
)
if not attribution.predicts(this):
    attribution.shipped()
    end_page()
text = text_or_end(this, pairs=True)
with st.container(horizontal=True, vertical_alignment="bottom"):
    attribution.asks(text)

# The words, the heads, and one head beside the words
found = attribution.found(text)
attribution.open_on_best(found)
attribution.words(found)
attribution.heads(text, found)
