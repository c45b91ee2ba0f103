"""The sidebar: links to the pages, which carry the choices."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard.ui import page_list, session
from dashboard.ui.frame import address
from dashboard.ui.url_state import page_named


def draw(pages: Mapping[str, st.Page]) -> None:
    """In the sidebar: the groups of `page_list` with their links. pages: by name"""
    here = address.of(session.choices())
    st.markdown("### Two Heads")
    for group, members in page_list.grouped().items():
        if group:
            st.caption(group)
        with st.container(gap="xxsmall"):
            for page in members:
                to = pages[page.name]
                st.page_link(to, query_params=here | page_named(to.url_path, here), width="stretch")
    address.remember_links(here)
