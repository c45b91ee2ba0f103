"""Syntax vs context: which heads follow the parse, which follow meaning, and how do we know?"""

from functools import partial
from typing import Any

import streamlit as st

from dashboard.analyses.explore.api import fit_for, provenance
from dashboard.analyses.explore.arcs_chart import arc_heights
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.profile.api import draw_budget, draw_scatter, parse_links, row_of
from dashboard.analyses.profile.text import CAUTION, along_parse, census, head_finding
from dashboard.heads.links import links
from dashboard.ui import figure, profile_picker, session
from dashboard.ui.figure import Click, Figure, Table
from dashboard.ui.head_picker import by_number, measure, selection
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened, text_or_end
from dashboard.ui.page import to_page
from dashboard.ui.pages import profile_parse, profile_tables

# Inputs
this = opened()
model = this.model
st.caption(
    f"Which heads of {escape_markdown(model.title)} follow the parse, which follow meaning? Measured over a corpus, "
    "not on the text on the left; that one is at the end of the page."
)
entry, profile = profile_picker.chosen_profile(this)
profile_picker.choose(this, entry)
chosen = session.choices()
head = chosen.chosen
row = row_of(profile, head)

# Every head, and the chosen one: it is sent first, as a click waits for it
figure.finding(census(profile.heads))
left, right, plane_width, head_width = beside(page_width(), (0.56, 0.44))
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by_number(model)
    figure.show(
        Figure(
            draw_budget(profile, head, model=model.title, **session.look(head_width).keywords()),
            partial(profile_tables.own_figures, row),
            "spending",
            lead=[head_finding(row, profile.about)],
            tables=[profile_tables.what_it_finds(profile, head)],
            awaited=True,
        )
    )
with left:
    key = f"plane_{entry.name}"
    draw = partial(draw_scatter, profile, model=model.title, **session.look(plane_width).keywords())
    plane = Figure(
        draw(click=True, **selection(key).keywords()),
        profile.heads,
        "landscape",
        tables=[
            Table(
                profile_tables.HEADS,
                partial(profile_tables.heads_table, profile),
                "Bits a query word, held out, with 95 % intervals. The files hold all columns.",
            )
        ],
        still=draw,
        click=Click(partial(profile_picker.click, profile.heads), ["head", "box"], key),
    )
    figure.picture(plane)
    if message := profile_picker.box_says():
        st.warning(message, icon=":material/info:")
    figure.remark("A click chooses a head, a dragged box fills the tray. Values under 0 are drawn at\u00a00.")
    figure.menus(plane)
figure.remark(CAUTION)
to_page("ablation", f"Take {head} out and see what changes", ":material/content_cut:")

# Which head finds which relation
st.subheader("Who finds which relation?", anchor=False)
st.caption(
    "For each relation the head that finds a word's syntactic head most often, beside the best fixed distance. "
    "Choosing the best of many flatters: trust the held-out figures. " + profile_tables.pooled(profile)
)
profile_tables.relations_table(profile.best)

# Its top activating sentences, and typical ones
st.subheader(f"Moments of {head}", anchor=False)
kind = st.segmented_control(
    "By the bits that are explained by",
    ["syntax", "context", "position"],
    required=True,
    key="moments_figure",
    default="syntax" if row["role"] == "syntax" else "position" if row["role"] == "position" else "context",
    format_func={"syntax": "only the parse", "context": "only meaning", "position": "position"}.__getitem__,
)
st.caption(
    "What a head does on its best sentences it rarely does on all: beside the five strongest stand two of every "
    "tenth of the sentences, drawn at random."
    + ("" if profile.sentences is not None else " This profile keeps where a sentence stands, not the sentence.")
)
top_examples = profile_tables.top_examples(profile, head, kind, model.name)
st.dataframe(top_examples, hide_index=True, column_config=profile_tables.TOP_EXAMPLES, height=248)

# One syntax head and one context head on the person's own sentence
st.subheader("Two heads on your text", anchor=False)
text = text_or_end(this)
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    two = profile_parse.two_heads(profile)
    measure()
    profile_parse.parser()
sentences = profile_parse.parsed(text)
weights, wholes = profile_parse.over_words(text, *[one for one, _, _ in two])
wide = page_width() if page_width() < 880 else (page_width() - 32) // 2
findings = st.columns(2, gap="medium") if wide < page_width() else [st.container(), st.container()]
drawn = st.columns(2, gap="medium") if wide < page_width() else findings
parse = parse_links(sentences, wholes[0].spans) if wholes else []
views = [fit_for(whole, "arcs", 0) for whole in wholes]
level = arc_heights(views, width=wide, parse=parse) if views and wide < page_width() else None
for k, (one, what, role) in enumerate(two):
    with findings[k]:
        st.markdown(f"**{what}**")
        if parse:
            figure.remark(along_parse(weights[k], parse))
    with drawn[k]:
        look, marks = session.look(wide), {"parse": parse, "role": role, "heights": level}
        options: dict[str, Any] = look.keywords() | marks | text.options | figure.window_of(views[k])
        own = Figure(
            VIEWS["arcs"].draw(views[k], look, **marks),
            partial(links, views[k]),
            f"own_{k}",
            views=[views[k]],
            provenance=provenance(model, [views[k]], "arcs", **options),
        )
        with figure.show(own):
            st.button(
                "Choose this head",
                key=f"take_{k}",
                on_click=session.change,
                kwargs=one.choice,
                disabled=one == head,
            )
