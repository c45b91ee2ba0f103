"""The entry: which page, and the frame that all pages share. Run it as `streamlit run dashboard`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))  # Streamlit adds this folder instead of the one that holds the package

import streamlit as st  # noqa: E402

st.set_page_config(
    page_title="Two Heads",
    page_icon=str(HERE / "ui" / "icon.png"),
    layout="wide",
    initial_sidebar_state=232,  # pixels
)
# Early also because Streamlit's first element looks at every module there is: 0.2 s once torch is imported, else 0.02.
st.sidebar.markdown("### Two Heads")
opening = st.empty()
if "dashboard.ui.model_and_text" not in sys.modules:  # the server has just started: the imports take seconds
    opening.caption("Opening the model …")

from dashboard.errors import UserError  # noqa: E402
from dashboard.installed import HOME  # noqa: E402
from dashboard.ui import missing_model, model_and_text, page_list, report  # noqa: E402
from dashboard.ui.frame import address, around, example_texts  # noqa: E402
from dashboard.ui.page import PageEnd, problem  # noqa: E402
from dashboard.ui.page_list import FIRST  # noqa: E402
from dashboard.ui.server import counts, memory_guard, quiet, this_run, visitors  # noqa: E402

quiet.short_collections()
visitors.known_by_cookies()
memory_guard.look()
this_run.begin()
example_texts.begin()
PAGES = {
    one.name: st.Page(
        HOME / "pages" / f"{one.name}.py",
        title=one.title,
        icon=f":material/{one.icon}:",
        url_path=one.name,  # the first stands at the bare address
        default=one is FIRST,
    )
    for one in page_list.PAGES
}
# Without the redirect of `served` (`streamlit run dashboard`), earlier addresses still open their pages.
OTHERS = {
    other: st.Page(HOME / "pages" / f"{name or FIRST.name}.py", title=other, url_path=other)
    for other, name in page_list.LEADS_TO.items()
    if other != FIRST.name  # Streamlit itself leads from there to the bare address
}
page = st.navigation([*PAGES.values(), *OTHERS.values()], position="hidden")
if page.url_path == "" and address.leads_on(found := st.query_params.to_dict()):
    st.switch_page(PAGES["explore"], query_params=found)
address.read(page.url_path)
model_and_text.fit_choices(page_list.PARTS in page_list.at(page.url_path).uses)
report.find_own()
address.write()
opening.empty()
shown = page_list.at(page.url_path)
with counts.timed(shown.name), around.frame(shown):
    try:
        if page_list.MODEL in shown.uses and page_list.WEIGHTS not in shown.uses:
            this = model_and_text.opened_or_none()
            missing_model.end_without(this.model if this else None)
        page.run()
    except PageEnd:
        pass
    except UserError as wrong:  # from a model, where a page expected none
        problem(wrong)
