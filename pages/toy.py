"""Attention by hand: a few words, small tables, every number editable."""

from functools import partial

import streamlit as st

from dashboard.analyses.toy.api import draw_sharpness, draw_toy, sharpness_table, toy_table
from dashboard.analyses.toy.text import entropy_finding
from dashboard.analyses.toy.worked_steps import STEPS, arithmetic, saying, work_through
from dashboard.errors import UserError
from dashboard.ui import figure, session
from dashboard.ui.figure import Figure, Table
from dashboard.ui.layout_width import page_width
from dashboard.ui.page import end_page, problem
from dashboard.ui.pages.toy import alternative, axes_of, inputs, pairs_of, sharpness_here

# Inputs stand first on the page but are sent after the steps, which a change waits for
st.caption(
    "Attention small enough to follow by hand. Change any number and everything is computed again. Type, use the up "
    "and down arrows (steps of 0.1), or paste a block of cells."
)
inputs_place = st.container()
chosen = session.choices()
toy = chosen.toy

# Results
try:
    parts = work_through(toy, chosen.toy_head)
except UserError as wrong:
    with inputs_place:
        inputs()
    problem(wrong)
    end_page()
session.correct(
    toy_row=min(chosen.toy_row, len(toy.words) - 1),
    toy_head=min(chosen.toy_head, toy.heads - 1),
    toy_step=chosen.toy_step if chosen.toy_step in ("all", *parts.available_steps) else "all",
)
chosen = session.choices()
draw = partial(draw_toy, toy, word=chosen.toy_row, head=chosen.toy_head, **session.look(page_width()).keywords())

# Picture: the steps
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    st.selectbox(
        "Word to follow",
        range(len(toy.words)),
        format_func=lambda row: toy.words[row],
        width=180,
        **session.bound("toy_row"),
    )
    if toy.heads > 1:
        st.segmented_control("Head", range(toy.heads), required=True, **session.bound("toy_head"))
st.segmented_control(
    "Step",
    ["all", *parts.available_steps],
    format_func=lambda step: "All steps" if step == "all" else STEPS[step],
    required=True,
    **session.bound("toy_step"),
)
figure.show(
    Figure(
        draw(chosen.toy_step),
        partial(toy_table, toy, chosen.toy_step, head=chosen.toy_head),
        "toy_steps",
        finding=saying(parts, chosen.toy_row),
        lead=[arithmetic(parts, chosen.toy_step, chosen.toy_row)],
        tables=[
            Table(
                {"step": "Step", "head": "Head", "row": "Row", "column": "Column", "value": "Value"},
                note="Empty where the mask hides a cell.",
            )
        ],
        awaited=True,
        refill=alternative(chosen.toy_step),
    )
)

with inputs_place:
    inputs()

# The vectors in the plane
pairs = pairs_of(toy)
if len(pairs) > 1:
    session.correct(toy_plane=chosen.toy_plane if chosen.toy_plane in pairs else pairs[0])
    st.segmented_control(
        "Numbers shown",
        pairs,
        format_func=lambda pair: f"{pair[0]} and {pair[1]}",
        required=True,
        help="A plane has room for two numbers of a vector. Queries and values that have only two show these.",
        **session.bound("toy_plane"),
    )
figure.show(
    Figure(
        draw("plane", axes=axes_of(session.choices().toy_plane)),
        partial(toy_table, toy, "plane", head=chosen.toy_head),
        "toy_plane",
        tables=[Table({"step": "Step", "head": "Head", "row": "Word", "column": "Number", "value": "Value"})],
    )
)

# The factor 1/√d
entropies = sharpness_here()
figure.show(
    Figure(
        draw_sharpness(entropies, **session.look(min(page_width(), 720)).keywords()),
        partial(sharpness_table, entropies),
        "toy_entropy",
        finding=entropy_finding(entropies),
        lead=[
            "Random queries and keys of d numbers. Entropy says how far a row spreads: b bits are an even spread "
            "over 2ᵇ keys."
        ],
        tables=[
            Table(
                {
                    "d": "d",
                    "scaled": "With 1/√d, bits",
                    "unscaled": "Without, bits",
                    "scaled_margin": "With, ±",
                    "unscaled_margin": "Without, ±",
                }
            )
        ],
    )
)
