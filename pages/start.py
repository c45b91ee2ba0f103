"""Start: a syntax head and a context head over your own sentence, and the attention that computed them."""

from functools import partial

import streamlit as st

from dashboard.analyses.start.choose import MOST_WORDS
from dashboard.analyses.start.text import names, sameness
from dashboard.errors import UserError
from dashboard.ui import figure, session
from dashboard.ui.components import two_sides
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import error_said, escape_markdown
from dashboard.ui.model_and_text import opened, read_text
from dashboard.ui.page import end_page, problem, to_page
from dashboard.ui.pages import start

# Inputs
this = opened()
st.caption(
    f"An attention head decides how much each word takes from the others. {escape_markdown(this.model.title)} has "
    f"{len(this.model.all_heads)}. Here are two: one follows grammar, one meaning. L3H1 is head 1 of layer 3, counted "
    "from 0. Type a sentence, or try one of these."
)
start.sentence()
text = read_text(this)
if text is None:
    end_page()
try:
    shown = start.two_heads(text)
except UserError as wrong:
    problem(wrong)
    end_page()

session.open_on(shown.top.head)

# The two heads over it, and the lines that computed the first
pair = start.marked_pair(text)
two_sides.show(
    shown.top,
    shown.bottom,
    code=start.code(),
    sameness=sameness(shown.difference, shown.top.head.layer, shown.heads),
    pair=pair,
    theme=session.theme(),
    take=start.take_pair,
)
figure.remark(*names(shown.top, shown.bottom))
if shown.cut:
    st.caption(f"The first {MOST_WORDS} of {len(text.encoding.words):,} words. “All heads” shows the whole text.")

# Which head links two words?
if pair is not None:
    try:
        found = start.along(text.key, text.encoding.text, text.bos, pair, text)
    except UserError as wrong:
        st.warning(error_said(wrong), icon=":material/info:")
    else:
        figure.finding(start.winner(found, start.names_of(this)))
        left, right, wide, _ = beside(page_width(), (0.55, 0.45))
        with left:
            figure.show(start.squares(found, wide))
        with right:
            figure.remark("One sentence has no interval. On another sentence, another head may be best.")
            to_page("find_heads", "All heads for these words, and over a corpus", ":material/search:")
            to_page("explore", f"{found.best} on the whole sentence", ":material/grid_view:", **found.best.choice)

# Deeper
top, bottom = shown.top, shown.bottom
go = partial(to_page, **top.head.choice)
with st.container(horizontal=True, gap="medium", key="deeper"):
    go("inside", f"{top.head} step by step", ":material/biotech:")
    to_page(
        "compare",
        f"{top.head} and {bottom.head} side by side",
        ":material/compare:",
        pinned=(top.head, bottom.head),
        mode="heads",
        unit="words",
        special="hide",
        view="arcs",
    )
    go("profile", "All heads: syntax or context?", ":material/account_tree:")
    to_page("recall", "Why attention?", ":material/history:")
