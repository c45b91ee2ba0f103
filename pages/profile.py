"""Syntax vs context: which heads follow the parse, which follow meaning, and how do we know?"""

import streamlit as st

from dashboard.analyses.explore import api
from dashboard.analyses.explore.arcs_chart import arc_heights
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.profile import api as evidence
from dashboard.analyses.profile.text import CAUTION, along_parse, census, head_finding
from dashboard.heads.links import links
from dashboard.ui import figure, profile_picker, session
from dashboard.ui.head_picker import by_number, frames, measure
from dashboard.ui.layout_width import beside, room
from dashboard.ui.model_and_text import escape_markdown, opened, text_or_end
from dashboard.ui.page import to_page
from dashboard.ui.pages import profile_parse, profile_tables

st.title("Syntax vs context", anchor=False)

# What is asked
this = opened()
model = this.model
st.caption(
    f"Which heads of {escape_markdown(model.title)} follow the parse, which follow meaning? Measured over a corpus, "
    "not on the text on the left; that one is at the end of the page."
)
kept, profile = profile_picker.chosen_profile(this)
profile_picker.choose(this, kept)
chosen = session.choices()
head = chosen.chosen
row = evidence.row_of(profile, head)
look = {"model": model.title, "theme": session.theme()}

# Every head, and the chosen one: it is sent first, as a click waits for it
figure.finding(census(profile.heads))
left, right, plane_room, head_room = beside(room(), (0.56, 0.44))
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by_number(model)
    figure.remark(head_finding(row, profile.about))
    bars = evidence.draw_budget(profile, head, width=head_room, **look)
    figure.picture(bars, "spending", "content")
    figure.painted_first()
    with st.container(horizontal=True):
        figure.files(lambda: bars, lambda: profile_tables.own_figures(row), [], bars.provenance, "spending")
        figure.numbers(
            "own_relations",
            lambda: profile_tables.own_relations(profile, head),
            profile_tables.OWN,
            "What this head finds, in-sample: of the best of many this flatters. Relations with 30 cases and more. "
            + profile_tables.pooled(profile),
        )
with left:
    key = f"plane_{kept.name}"
    plane = evidence.draw_scatter(profile, tray=chosen.tray, width=plane_room, click=True, **frames(key), **look)
    st.altair_chart(
        plane,
        theme=None,
        width="content",
        key=key,
        selection_mode=["head", "box"],
        on_select=lambda: profile_picker.click(key, profile.heads),
    )
    if said := profile_picker.box_says():
        st.warning(said, icon=":material/info:")
    figure.remark("A click chooses a head, a dragged box fills the tray. Values under 0 are drawn at\u00a00.")
    still = lambda: evidence.draw_scatter(profile, width=plane_room, **look)  # noqa: E731
    with st.container(horizontal=True):
        figure.files(still, lambda: profile.heads, [], plane.provenance, "landscape")
        figure.numbers(
            "landscape",
            lambda: profile_tables.heads_table(profile),
            profile_tables.HEADS,
            "Bits a query word, held out, with 95 % intervals. The files hold all columns.",
        )
figure.remark(CAUTION)
to_page("ablation", f"Take {head} out and see what changes", ":material/content_cut:")

# Which head finds which relation
st.subheader("Who finds which relation?", anchor=False)
st.caption(
    "For each relation the head that finds a word's syntactic head most often, beside the best fixed distance. "
    "Choosing the best of many flatters: trust the held-out figures. " + profile_tables.pooled(profile)
)
profile_tables.relations_table(profile.best)

# Its strongest sentences, and what it does on others
st.subheader(f"Moments of {head}", anchor=False)
kind = st.segmented_control(
    "By the bits that are explained by",
    ["syntax", "context", "position"],
    required=True,
    key="moments_figure",
    default="syntax" if row["role"] == "syntax" else "position" if row["role"] == "position" else "context",
    format_func={"syntax": "only the parse", "context": "only meaning", "position": "position"}.get,
)
st.caption(
    "What a head does on its best sentences it rarely does on all: beside the five strongest stand two of every "
    "tenth of the sentences, drawn at random."
    + ("" if profile.sentences is not None else " This profile keeps where a sentence stands, not the sentence.")
)
moments = profile_tables.moments(profile, head, kind, model.name)
st.dataframe(moments, hide_index=True, column_config=profile_tables.MOMENTS, height=248)

# One syntax head and one context head on the person's own sentence
st.subheader("Two heads on your text", anchor=False)
text = text_or_end(this)
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    two = profile_parse.two_heads(profile)
    measure()
    profile_parse.parser()
sentences = profile_parse.parsed(text)
weights, wholes = profile_parse.over_words(text, *[one for one, _, _ in two])
wide = room() if room() < 880 else (room() - 32) // 2
said = st.columns(2, gap="medium") if wide < room() else [st.container(), st.container()]
drawn = st.columns(2, gap="medium") if wide < room() else said
parse = evidence.parse_links(sentences, wholes[0].spans) if wholes else []
views = [api.fit_for(whole, "arcs", 0) for whole in wholes]
level = arc_heights(views, width=wide, parse=parse) if views and wide < room() else None
for k, (one, what, role) in enumerate(two):
    with said[k]:
        st.markdown(f"**{what}**")
        if parse:
            figure.remark(along_parse(weights[k], parse))
    with drawn[k]:
        drawing = {"theme": session.theme(), "width": wide, "parse": parse, "role": role, "heights": level}
        chart = VIEWS["arcs"].draw(views[k], **drawing)
        figure.picture(chart, f"own_{k}", "content")
        made = api.provenance(model, [views[k]], "arcs", **drawing, **text.options, **figure.window_of(views[k]))
        with st.container(horizontal=True):
            figure.files(lambda c=chart: c, lambda v=views[k]: links(v), [views[k]], made, f"own_{k}")
            st.button(
                "Choose this head",
                key=f"take_{k}",
                on_click=session.change,
                kwargs=one.choice,
                disabled=one == head,
            )
