"""The entry: which page, and the sidebar that all pages share. Run it as `streamlit run dashboard`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))  # Streamlit puts this folder there instead of the one that holds the package

import streamlit as st  # noqa: E402

from dashboard.errors import UserError  # noqa: E402
from dashboard.installed import HOME  # noqa: E402
from dashboard.ui import model_and_text, quiet, session, sidebar  # noqa: E402
from dashboard.ui.page import PageEnd  # noqa: E402

quiet.short_collections()
st.set_page_config(page_title="Two Heads", page_icon=str(HERE / "ui" / "icon.png"), layout="wide")
PAGES = [
    st.Page(
        HOME / "pages" / "explore.py", title="Explore", icon=":material/grid_view:", url_path="start", default=True
    ),
    st.Page(HOME / "pages" / "compare.py", title="Compare", icon=":material/compare:", url_path="compare"),
    st.Page(HOME / "pages" / "inside.py", title="Inside a head", icon=":material/biotech:", url_path="inside"),
    st.Page(HOME / "pages" / "querykeys.py", title="Queries and keys", icon=":material/key:", url_path="queries"),
    st.Page(HOME / "pages" / "syntax.py", title="Syntax vs context", icon=":material/account_tree:", url_path="syntax"),
    st.Page(HOME / "pages" / "find.py", title="Find heads", icon=":material/search:", url_path="find"),
    st.Page(HOME / "pages" / "without.py", title="Without a head", icon=":material/content_cut:", url_path="without"),
    st.Page(HOME / "pages" / "headmap.py", title="Map of heads", icon=":material/scatter_plot:", url_path="map"),
    st.Page(HOME / "pages" / "toy.py", title="Toy attention", icon=":material/calculate:", url_path="toy"),
    st.Page(HOME / "pages" / "before.py", title="Before attention", icon=":material/history:", url_path="before"),
    st.Page(HOME / "pages" / "longrange.py", title="Long range", icon=":material/height:", url_path="longrange"),
    st.Page(HOME / "pages" / "layers.py", title="Through the layers", icon=":material/layers:", url_path="layers"),
    st.Page(HOME / "pages" / "corpus.py", title="Corpus", icon=":material/library_books:", url_path="corpus"),
    st.Page(HOME / "pages" / "models.py", title="Models", icon=":material/deployed_code:", url_path="models"),
]
# A tooltip that catches the pointer would keep a quick hand from the cell beneath it. And where Streamlit is sent a
# picture's data apart, it offers them as they are sent, in pixels and colours: “Table” and “Download” have the figures.
st.html(
    "<style>#vg-tooltip-element { pointer-events: none; } [data-testid=stElementToolbarButton]"
    ":has(button:is([aria-label^='Show data: '], [aria-label^='Copy Vega-Lite spec: '])) { display: none; }</style>"
)
# A link may name the first page as it names the others; Streamlit knows that one only by the bare address.
FIRST = st.Page(HOME / "pages" / "explore.py", title="Explore", url_path="explore")
page = st.navigation([*PAGES, FIRST], position="hidden")
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
except UserError as wrong:  # of a model that a page did not expect to fail
    sidebar.problem(wrong)
finally:
    if not first:  # it stands from the run before, so the picture that a person waits for goes ahead of it
        sidebar.draw(PAGES)
