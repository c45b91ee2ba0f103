"""The frame of every page: the sidebar, the top, and the notices about a link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from dashboard.ui import pressing, session
from dashboard.ui.components import page_links
from dashboard.ui.frame import address, address_watch, top
from dashboard.ui.layout_width import measure
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import to_page
from dashboard.ui.page_list import BY_NAME, Page

_CSS = Path(__file__).with_name("style.css").read_text(encoding="utf-8")


@contextmanager
def frame(page: Page) -> Iterator[None]:
    """The frame of a page, which is drawn within. On a first visit the frame comes first; later it stands from the run
    before, so the picture that a person waits for goes ahead of it."""
    paper = st.get_option(f"theme.{session.theme()}.backgroundColor")
    st.html(f"<style>:root {{ --paper: {paper}; }}\n{_CSS}</style>")
    place = st.container(horizontal=True, vertical_alignment="center", key="top")
    place.title(page.heading or page.title, anchor=False, width="content")
    choices, notes = place.container(horizontal=True, gap="small", key="controls"), st.container(key="notes")

    first = not session.frame_stands()

    def draw() -> None:
        with choices:
            top.draw(page)
        with notes:
            top.notes(page)
        with st.sidebar:
            page_links.show(page.name)
            # On the page itself these would stand before it on a first visit, and after it later.
            measure()
            pressing.listen()
            address_watch.code()

    if first:
        draw()
        session.frame_drawn()
    if sentences := session.notices():
        st.warning("  \n".join(map(escape_markdown, sentences)), icon=":material/info:")
    try:
        yield
        _lead_on(page)
    finally:
        if not first:
            draw()
        address.remember_links()
        address.write_again()
        with st.sidebar:
            address_watch.follow(*address.shown(), *address.links())


def _lead_on(page: Page) -> None:
    """The link at the foot to the page that comes next in the article's order."""
    if page.next:
        after = BY_NAME[page.next]
        with st.container(key="next", horizontal_alignment="right"):
            to_page(after.name, f"Next: {after.title}", ":material/arrow_forward:")
