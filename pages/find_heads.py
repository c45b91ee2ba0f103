"""Find heads: which heads look from this word to that one?"""

import streamlit as st

from dashboard.analyses.explore import api
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.find_heads import api as find_heads
from dashboard.analyses.find_heads.by_example import example_finding, remarks
from dashboard.analyses.find_heads.text import match_finding, match_remarks
from dashboard.charts.labels import right_to_left
from dashboard.corpus.builtin import builtin_size
from dashboard.heads.links import links
from dashboard.ui import figure, head_picker, session
from dashboard.ui.components import pair_marker
from dashboard.ui.layout_width import beside, room
from dashboard.ui.model_and_text import escape_markdown, opened, read_text
from dashboard.ui.pages import find_by_example, find_by_pattern
from dashboard.ui.url_state import LONGEST_PAIRS

st.title("Find heads", anchor=False)

# What is asked
this = opened()
model = this.model
st.caption(f"Which heads of {escape_markdown(model.title)} look from this word to that one? Mark a pair or several.")
text = read_text(this, pairs=True)
found = None
if text is not None:
    find_by_example.forget_first_pairs(text.encoding)
    pairs, wrong = pair_marker.marked(text.encoding)
    wide, narrow, *_ = beside(room(), (0.72, 0.28))
    with wide:
        pair_marker.words(text.encoding, pairs, right_to_left(text.encoding.text))
    with narrow:
        st.text_area(
            "Pairs, a row each",
            height=110,
            max_chars=LONGEST_PAIRS,
            placeholder="says → chef",
            help="The word that looks, > or →, the word looked at; or their numbers, from 0. Ctrl+Enter takes them.",
            **session.bound("pairs"),
        )
    found = find_by_example.on_text(text, pairs, wrong)

# What is found on this text
if found is not None:
    session.open_on(found.best)
    head = session.choices().chosen
    figure.finding(example_finding(found))
    figure.remark(*remarks(found))
    left, right, left_room, right_room = beside(room())
    with right:  # before the ranking on the left: it is what a click waits for
        with st.container(horizontal=True, vertical_alignment="bottom"):
            head_picker.by_number(model)
            head_picker.measure()
        figure.remark(example_finding(found, head))
        view, lit = find_by_example.over_sentence(text, found, head)
        look = {"theme": session.theme(), "width": right_room, "lit": lit}
        chart = VIEWS["arcs"].draw(view, **look)
        figure.picture(chart, "found_head", "content")
        figure.painted_first()
        made = api.provenance(model, [view], "arcs", **look, **text.options, **figure.window_of(view))
        with st.container(horizontal=True):
            figure.files(lambda: chart, lambda: links(view), [view], made, "found_head")
            figure.strongest_links(view)
    with left:
        find_by_example.ranked(found, "found", left_room)

# What is found in a corpus
st.divider()
st.subheader("Over a corpus", anchor=False)
st.caption(
    "One sentence shows what a head can do, many show what it does. The same search by a pattern, over the "
    f"{builtin_size()} English sentences that come with the dashboard: news, stories, dialogue and more."
)
pattern = find_by_pattern.controls()
matches = find_by_pattern.found(this, pattern)
figure.finding(match_finding(matches))
figure.remark(*match_remarks(matches))
whole = find_heads.draw_found(matches, theme=session.theme(), width=min(room(), 680))
figure.picture(whole, "matches", "content")
with st.container(horizontal=True):
    figure.files(lambda: whole, lambda: matches.table, [], whole.provenance, "matches")
    figure.numbers("matches", lambda: matches.table, find_by_example.CORPUS_COLUMNS)
