"""Find heads: which heads look from this word to that one?"""

from functools import partial
from typing import Any

import streamlit as st

from dashboard.analyses.explore.api import provenance
from dashboard.analyses.explore.text import finding, lost
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.find_heads.api import draw_found
from dashboard.analyses.find_heads.text import example_finding, match_finding, match_remarks, remarks
from dashboard.corpus.builtin import builtin_size
from dashboard.heads.head_id import heads_of
from dashboard.heads.links import links
from dashboard.ui import figure, head_names, head_picker, heads_together, model_and_text, session
from dashboard.ui.components import pair_marker
from dashboard.ui.figure import Figure
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened, read_text
from dashboard.ui.page import end_page
from dashboard.ui.pages.explore.tables import strongest_links
from dashboard.ui.pages.find_heads import aligners, by_example, by_pattern
from dashboard.ui.url_state import LONGEST_PAIRS

# Inputs
head_picker.part()
this = opened()
model = this.model
st.caption(f"Which heads of {escape_markdown(model.title)} look from one word to another? Mark one or more pairs.")
text = read_text(this, pairs=True, parts=True)
found = aligned = None
if text is not None:
    source = text.model.source_text
    pair_marker.forget_other_pairs(text.encoding, source)
    pairs, wrong = pair_marker.marked(text.encoding, source)
    wide, narrow, *_ = beside(page_width(), (0.72, 0.28))
    with wide:
        pair_marker.words(text.encoding, pairs, source)
    with narrow:
        st.text_area(
            "Pairs, one per line",
            height=110,
            max_chars=LONGEST_PAIRS,
            placeholder="says → chef",
            help=f"{'Query word' if source is None else 'Word of the target'}, > or →, "
            f"{'key word' if source is None else 'word of the source'}; or their numbers, from 0. Ctrl+Enter applies "
            "them.",
            **session.bound("pairs"),
        )
    if source is None:
        found = by_example.on_text(text, pairs, wrong)
    else:
        aligned = aligners.on_two_texts(text, source, pairs, wrong)

# Results on a source and a target
if text is not None and aligned is not None:
    aligners.show(text, aligned)

# Results on this text
if text is not None and found is not None:
    session.open_on(found.best)
    head = session.choices().chosen
    figure.finding(example_finding(found))
    figure.remark(*remarks(found))
    group = heads_together.chosen(text.model, head, heads_of(found.table))
    left, right, left_width, right_width = beside(page_width())
    with right:  # sent before the ranking on the left, as a click waits for it
        with st.container(horizontal=True, vertical_alignment="bottom"):
            head_picker.by_number(text.model)
            heads_together.choose(without=())
            if group is None:
                head_picker.measure()
            else:
                heads_together.choose_how()
        if group is None:
            head_names.tell(text, [head])
            figure.remark(heads_together.alone(), example_finding(found, head))
            whole = by_example.over_sentence(text, found, head)
        else:
            whole = heads_together.view(text, group, unit="words", special="hide")
            figure.remark(finding(whole))
        look, lit = session.look(right_width), list(found.pairs)
        view = by_example.window(whole, lit, look)
        options: dict[str, Any] = look.keywords() | {"lit": lit} | text.options | figure.window_of(view)
        figure.show(
            Figure(
                VIEWS["arcs"].draw(view, look, lit=lit),
                partial(links, view),
                "found_head",
                remarks=[lost(whole)],
                tables=[strongest_links(view)],
                views=[view],
                provenance=provenance(text.model, [view], "arcs", **options),
                awaited=True,
            )
        )
    with left:
        by_example.ranked(text, found, "found", left_width)

# Results in a corpus, which has no targets
if model_and_text.reads_target(this):
    figure.remark("Over a corpus only the encoder's heads can be searched: a corpus has no targets.")
    end_page()
st.divider()
st.subheader("Over a corpus", anchor=False)
st.caption(
    f"One sentence shows what a head can do; many show what it does. Search by a pattern over the {builtin_size()} "
    "built-in English sentences: news, stories, dialogue and more."
)
pattern = by_pattern.controls(this)
matches = by_pattern.found(this, pattern)
figure.show(
    Figure(
        draw_found(matches, names=head_names.for_charts(this), **session.look(min(page_width(), 680)).keywords()),
        matches.table,
        "matches",
        finding=match_finding(matches),
        lead=match_remarks(matches),
        tables=[head_names.table(this, by_example.CORPUS_COLUMNS, matches.table)],
    )
)
