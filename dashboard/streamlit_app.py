"""The entry script: the page, and the sidebar that all pages share. Run it with `streamlit run dashboard`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))  # Streamlit adds this folder instead of the one that holds the package

import streamlit as st  # noqa: E402

from dashboard.errors import UserError  # noqa: E402
from dashboard.installed import HOME  # noqa: E402
from dashboard.ui import model_and_text, page_list, quiet, session, sidebar  # noqa: E402
from dashboard.ui.page import PageEnd  # noqa: E402
from dashboard.ui.page_list import FIRST  # noqa: E402

quiet.short_collections()
st.set_page_config(page_title="Two Heads", page_icon=str(HERE / "ui" / "icon.png"), layout="wide")
PAGES = [
    st.Page(
        HOME / "pages" / f"{one.name}.py",
        title=one.title,
        icon=f":material/{one.icon}:",
        url_path=one.name if one is not FIRST else one.earlier[0],  # the first stands at the bare address
        default=one is FIRST,
    )
    for one in page_list.PAGES
]
# Without the redirect of `served` (`streamlit run dashboard`), earlier addresses still open their pages.
OTHERS = [
    st.Page(HOME / "pages" / f"{name or FIRST.name}.py", title=other, url_path=other)
    for other, name in page_list.LEADS_TO.items()
    if other not in FIRST.earlier
]
# A tooltip that catches the pointer would keep a quick hand from the cell beneath it. And where Streamlit is sent a
# picture's data apart, it offers them as they are sent, in pixels and colours: “Table” and “Download” have the figures.
st.html(
    "<style>#vg-tooltip-element { pointer-events: none; } [data-testid=stElementToolbarButton]"
    ":has(button:is([aria-label^='Show data: '], [aria-label^='Copy Vega-Lite spec: '])) { display: none; }</style>"
)
page = st.navigation([*PAGES, *OTHERS], position="hidden")
session.read_address(page.url_path)
model_and_text.fit_choices()
session.write_address()
first = not sidebar.is_drawn()
if first:
    sidebar.draw(PAGES)
sidebar.notices()
try:
    page.run()
except PageEnd:
    pass
except UserError as wrong:  # from a model, where a page expected none
    sidebar.problem(wrong)
finally:
    if not first:  # it stands from the run before, so the picture that a person waits for goes ahead of it
        sidebar.draw(PAGES)
