"""Gallery: twelve findings, each measured here."""

import streamlit as st

from dashboard.analyses.gallery.api import FINDINGS
from dashboard.ui.pages import gallery

st.caption(
    "Twelve findings on MiniLM and SmolLM2. Each is computed when you open this page. Its link opens the same view."
)
with st.container(horizontal=True, gap="small"):
    for finding in FINDINGS:
        gallery.card(finding)
