"""Corpora: what do all heads of a model do over many sentences?"""

from functools import partial

import streamlit as st

from dashboard.analyses.profile.api import draw_two_corpora
from dashboard.analyses.profile.library import compare_profiles, read_profile
from dashboard.analyses.profile.roles import FIGURE_TITLES, FIGURES
from dashboard.analyses.profile.text import same_roles
from dashboard.errors import UserError
from dashboard.models import title_of
from dashboard.ui import figure, session
from dashboard.ui.figure import Figure, Table
from dashboard.ui.layout_width import page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import problem
from dashboard.ui.pages import corpus
from dashboard.ui.pages.profile import tables as profile_tables

st.caption(
    "One sentence shows what a head can do; many show what it does. A profile measures every head of a model over a "
    "corpus: where its attention goes, which relations it finds, and the bits that position, parse and meaning "
    "explain."
)

# A new profile, and running jobs; other pages can be used meanwhile
corpus.form()
corpus.progress()

# The finished profiles
st.subheader("Profiles", anchor=False)
there = corpus.finished()
for entry in there:
    corpus.row(entry)

# The same heads on two corpora
pairs = {
    f"{a.name} and {b.name}": (a, b)
    for k, a in enumerate(there)
    for b in there[k + 1 :]
    if (a.model, a.revision) == (b.model, b.revision)
}
st.subheader("The same heads on two corpora", anchor=False)
if not pairs:
    st.caption("Profile a model over a second corpus to compare the two here.")
else:
    asked, given = session.choices().corpora, session.bound("corpora")
    pair = st.session_state[given["key"]] = asked if asked in pairs else next(iter(pairs))
    if asked not in ("", pair):
        st.caption(f"{escape_markdown(asked)}: not both of these profiles are here. Here are two others.")
    with st.container(horizontal=True):
        st.selectbox("Two profiles of one model", list(pairs), width=480, **given)
        st.selectbox(
            "Figure",
            FIGURES,
            width=240,
            format_func=FIGURE_TITLES.__getitem__,
            help="Bits per query word. Syntax: explained only by the parse. Context: explained only by meaning.",
            **session.bound("corpora_by"),
        )
    (a, b), what = pairs[pair], session.choices().corpora_by
    try:
        first, second = read_profile(a.folder), read_profile(b.folder)
        table = compare_profiles(first, second)
        look = session.look(min(page_width(), 560)).keywords()
        figure.show(
            Figure(
                draw_two_corpora(first, second, what, names=(a.name, b.name), model=title_of(a.model), **look),
                table,
                "twice",
                finding=same_roles(table),
                tables=[Table(profile_tables.TWO_CORPORA, partial(profile_tables.two_corpora_table, table, what))],
            )
        )
    except UserError as wrong:
        problem(wrong)
