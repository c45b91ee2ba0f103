"""Toy attention: a few words, small tables, every number editable."""

import streamlit as st

from dashboard.analyses.toy.api import draw_sharpness, draw_toy, sharpness_table, toy_table
from dashboard.analyses.toy.sharpness_chart import entropy_finding
from dashboard.analyses.toy.worked_steps import STEPS, arithmetic, saying, work_through
from dashboard.errors import UserError
from dashboard.ui import caches, figure, session
from dashboard.ui.layout_width import room
from dashboard.ui.model_and_text import escape_markdown
from dashboard.ui.page import end_page
from dashboard.ui.pages import toy as toybox

st.title("Toy attention", anchor=False)

# What is asked stands first on the page, but is sent after the steps: they are what a change waits for
st.caption(
    "Attention small enough to follow by hand. Change any number, and everything is computed again: type, step by 0.1 "
    "with arrow up and down, or paste a block of cells."
)
asked = st.container()
chosen = session.choices()
toy = chosen.toy

# What is computed
try:
    parts = work_through(toy, chosen.toy_head)
except UserError as wrong:
    with asked:
        toybox.asked()
    st.error(escape_markdown(str(wrong)), icon=":material/error:")
    end_page()
session.correct(
    toy_row=min(chosen.toy_row, len(toy.words) - 1),
    toy_head=min(chosen.toy_head, toy.heads - 1),
    toy_step=chosen.toy_step if chosen.toy_step in ("all", *parts.shown_steps) else "all",
)
chosen = session.choices()
look = {"word": chosen.toy_row, "head": chosen.toy_head, "theme": session.theme(), "width": room()}

# What is drawn: the steps
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    st.selectbox(
        "Follow the word",
        range(len(toy.words)),
        format_func=lambda row: toy.words[row],
        width=180,
        **session.bound("toy_row"),
    )
    if toy.heads > 1:
        st.segmented_control("Head", range(toy.heads), required=True, **session.bound("toy_head"))
st.segmented_control(
    "Step",
    ["all", *parts.shown_steps],
    format_func=lambda step: "All steps" if step == "all" else STEPS[step],
    required=True,
    **session.bound("toy_step"),
)
figure.finding(saying(parts, chosen.toy_row))
figure.remark(arithmetic(parts, chosen.toy_step, chosen.toy_row))
steps = draw_toy(toy, chosen.toy_step, **look)
figure.picture(steps, "toy_steps", "content", refill=toybox.alternative(chosen.toy_step))
figure.painted_first()
with st.container(horizontal=True):
    figure.files(
        lambda: steps,
        lambda: toy_table(toy, chosen.toy_step, head=chosen.toy_head),
        [],
        steps.provenance,
        "toy_steps",
    )
    figure.numbers(
        "toy_steps",
        lambda: toy_table(toy, chosen.toy_step, head=chosen.toy_head),
        {"step": "Step", "head": "Head", "row": "Row", "column": "Column", "value": "Value"},
        "Empty where the mask hides a cell.",
    )

with asked:
    toybox.asked()

# The vectors in the plane
pairs = toybox.pairs(toy)
if len(pairs) > 1:
    session.correct(toy_plane=chosen.toy_plane if chosen.toy_plane in pairs else pairs[0])
    st.segmented_control(
        "Numbers drawn",
        pairs,
        format_func=lambda pair: f"{pair[0]} and {pair[1]}",
        required=True,
        help="A plane has room for two numbers of a vector. Queries and values that have only two show these.",
        **session.bound("toy_plane"),
    )
axes = toybox.axes(session.choices().toy_plane)
vectors = draw_toy(toy, "plane", axes=axes, **look)
figure.picture(vectors, "toy_plane", "content")
with st.container(horizontal=True):
    table = lambda: toy_table(toy, "plane", head=chosen.toy_head)  # noqa: E731
    figure.files(lambda: vectors, table, [], vectors.provenance, "toy_plane")
    columns = {"step": "Step", "head": "Head", "row": "Word", "column": "Number", "value": "Value"}
    figure.numbers("toy_plane", table, columns)

# What the factor is for
measured = caches.sharpness_here()
figure.finding(entropy_finding(measured))
figure.remark(
    "Queries and keys drawn at random. Entropy says over how many keys a row spreads: b bits are 2ᵇ keys alike."
)
sharp = draw_sharpness(measured, theme=session.theme(), width=min(room(), 720))
figure.picture(sharp, "toy_entropy", "content")
with st.container(horizontal=True):
    figure.files(lambda: sharp, lambda: sharpness_table(measured), [], sharp.provenance, "toy_entropy")
    figure.numbers(
        "toy_entropy",
        lambda: sharpness_table(measured),
        {
            "d": "d",
            "scaled": "With 1/√d, bits",
            "unscaled": "Without, bits",
            "scaled_margin": "With, ±",
            "unscaled_margin": "Without, ±",
        },
    )
