"""Find heads: which heads look from this word to that one?"""

from functools import partial
from typing import Any

import streamlit as st

from dashboard.analyses.explore.api import provenance
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.find_heads.api import draw_found
from dashboard.analyses.find_heads.text import example_finding, match_finding, match_remarks, remarks
from dashboard.charts.labels import right_to_left
from dashboard.corpus.builtin import builtin_size
from dashboard.heads.links import links
from dashboard.ui import figure, head_names, head_picker, session
from dashboard.ui.components import pair_marker
from dashboard.ui.figure import Figure
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened, read_text
from dashboard.ui.pages import find_by_example, find_by_pattern
from dashboard.ui.pages.explore.tables import strongest_links
from dashboard.ui.url_state import LONGEST_PAIRS

# Inputs
this = opened()
model = this.model
st.caption(f"Which heads of {escape_markdown(model.title)} look from one word to another? Mark one or more pairs.")
text = read_text(this, pairs=True)
found = None
if text is not None:
    find_by_example.forget_first_pairs(text.encoding)
    pairs, wrong = pair_marker.marked(text.encoding)
    wide, narrow, *_ = beside(page_width(), (0.72, 0.28))
    with wide:
        pair_marker.words(text.encoding, pairs, right_to_left(text.encoding.text))
    with narrow:
        st.text_area(
            "Pairs, one per line",
            height=110,
            max_chars=LONGEST_PAIRS,
            placeholder="says → chef",
            help="Query word, > or →, key word; or their numbers, from 0. Ctrl+Enter applies them.",
            **session.bound("pairs"),
        )
    found = find_by_example.on_text(text, pairs, wrong)

# Results on this text
if text is not None and found is not None:
    session.open_on(found.best)
    head = session.choices().chosen
    figure.finding(example_finding(found))
    figure.remark(*remarks(found))
    left, right, left_width, right_width = beside(page_width())
    with right:  # sent before the ranking on the left, as a click waits for it
        with st.container(horizontal=True, vertical_alignment="bottom"):
            head_picker.by_number(model)
            head_picker.measure()
        head_names.tell(this, [head])
        figure.remark(example_finding(found, head))
        look, lit = session.look(right_width), list(found.pairs)
        view = find_by_example.window(find_by_example.over_sentence(text, found, head), lit, look)
        options: dict[str, Any] = look.keywords() | {"lit": lit} | text.options | figure.window_of(view)
        figure.show(
            Figure(
                VIEWS["arcs"].draw(view, look, lit=lit),
                partial(links, view),
                "found_head",
                tables=[strongest_links(view)],
                views=[view],
                provenance=provenance(model, [view], "arcs", **options),
                awaited=True,
            )
        )
    with left:
        find_by_example.ranked(this, found, "found", left_width)

# Results in a corpus
st.divider()
st.subheader("Over a corpus", anchor=False)
st.caption(
    f"One sentence shows what a head can do; many show what it does. Search by a pattern over the {builtin_size()} "
    "built-in English sentences: news, stories, dialogue and more."
)
pattern = find_by_pattern.controls(this)
matches = find_by_pattern.found(this, pattern)
figure.show(
    Figure(
        draw_found(matches, names=head_names.for_charts(this), **session.look(min(page_width(), 680)).keywords()),
        matches.table,
        "matches",
        finding=match_finding(matches),
        lead=match_remarks(matches),
        tables=[head_names.table(this, find_by_example.CORPUS_COLUMNS, matches.table)],
    )
)
