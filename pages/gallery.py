"""Gallery: twelve findings, each measured here."""

import streamlit as st

from dashboard.analyses.gallery.api import FINDINGS
from dashboard.ui.pages import gallery

st.title("Gallery", anchor=False)
st.caption("Twelve findings on the included models. Each is computed when you open this page; a link opens it.")
with st.container(horizontal=True, gap="medium"):
    for finding in FINDINGS:
        gallery.card(finding)
