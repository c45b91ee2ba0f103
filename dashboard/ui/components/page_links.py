"""The links to the pages in the sidebar, as one component that stays as it is from click to click.

Twenty links of Streamlit's, each with all choices in its address, would be sent again whenever one choice changes. In
a narrow window, where the sidebar lies over the page, a click folds it.
"""

from __future__ import annotations

from pathlib import Path

from streamlit.components.v2 import component

from dashboard.ui import page_list
from dashboard.ui.layout_width import NARROW
from dashboard.ui.page_list import FIRST
from dashboard.ui.url_state import PAGE

_JS, _CSS = (Path(__file__).with_name(f"page_links.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
_HTML = '<nav class="two-heads-pages" aria-label="Pages"></nav>'


def show(here: str) -> None:
    """The groups of `page_list` with their links. here: the name of the page on show"""
    groups = [
        (group, [{"name": one.name, "path": _path(one.name), "title": one.title, "icon": one.icon} for one in pages])
        for group, pages in page_list.grouped().items()
    ]
    component("two_heads_pages", html=_HTML, js=_JS, css=_CSS, isolate_styles=False)(
        key="pages", data={"groups": groups, "here": here, "named": PAGE, "narrow": NARROW}
    )


def _path(name: str) -> str:
    return "" if name == FIRST.name else name
