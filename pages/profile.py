"""Syntax vs context: which heads follow the parse, which follow meaning, and how do we know?"""

from functools import partial

import streamlit as st

from dashboard.analyses.profile.api import row_of
from dashboard.ui import profile_picker, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened
from dashboard.ui.pages.profile import heads as profile_heads
from dashboard.ui.pages.profile import moments as profile_moments
from dashboard.ui.pages.profile import needs as profile_needs
from dashboard.ui.pages.profile import pair as profile_pair
from dashboard.ui.pages.profile import tables as profile_tables

# Inputs
this = opened()
st.caption(f"Which heads of {escape_markdown(this.model.title)} follow grammar (the parse), and which follow meaning?")
entry, profile = profile_picker.chosen_profile(this)
head = session.choices().chosen

# Two heads on the text, then all of them. Once the page stands, a click waits for the second: it is sent first
own, every = st.container(), st.container()
sections = [
    (own, partial(profile_pair.show, this, profile)),
    (every, partial(profile_heads.show, this, entry, profile)),
]
for place, show in reversed(sections) if session.frame_stands() else sections:
    with place:
        show()

# Its bits next to what the model needs
profile_needs.show(this)

# Which head finds which relation
st.subheader("Which head finds which relation?", anchor=False)
st.caption(profile_tables.about_relations(profile))
profile_tables.relations_table(this, profile.best)

# Its strongest sentences, and what it does on others
profile_moments.show(this, profile, row_of(profile, head))
