"""Inside a head: how do queries, keys and values become its attention, and is it really the model's?"""

from functools import partial

import streamlit as st

from dashboard.analyses.inside.api import draw_inside
from dashboard.analyses.inside.text import TITLES, arithmetic, doubts, finding, proof, row_table, steps_table
from dashboard.analyses.logit_attribution.api import draw_logit_attribution
from dashboard.analyses.logit_attribution.direct import attribution_baseline
from dashboard.analyses.logit_attribution.text import attribution_finding
from dashboard.ui import figure, head_names, head_picker, session
from dashboard.ui.components import code_listing, head_map
from dashboard.ui.figure import Click, Figure, Table
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import reading
from dashboard.ui.pages import inside, inside_logits
from dashboard.ui.pages.edit import hand, mode
from dashboard.ui.url_state import STRONGEST

ROW_COLUMNS = {"step": "Step", "position": "Number", "of": "Of", "value": "Value", "unknown": figure.UNREAD}
STEP_COLUMNS = {
    "step": "Step",
    "formula": "Formula",
    "rows": "Rows",
    "columns": "Columns",
    "low": "Lowest",
    "high": "Highest",
}

# Inputs
head_picker.part()
this = reading(pairs=True, parts=True)
head_names.open_on_clearest(this)
model = this.model
st.caption(
    f"How do queries, keys and values become the attention of one head of {escape_markdown(model.title)}? A small "
    "attention of our own computes every step from the model's weights. Its code is below."
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    head_picker.numbers(model)
    head, row = inside.chosen_head(this)
    labels = this.encoding.drawn
    st.selectbox(
        "Query token",
        range(len(labels)),
        format_func=lambda k: f"{k} {labels[k]}",
        width=220,
        help="The token whose row is followed through every step. Models work on tokens, so this page does too.",
        **session.bound("query"),
    )
    st.selectbox(
        "Key token",
        [STRONGEST, *range(len(head.keys))],
        width=220,
        format_func=lambda k: "the strongest key" if k == STRONGEST else f"{k} {head.keys[k]}",
        help="Its key is multiplied with the query, number by number.",
        **session.bound("key"),
    )
chosen = session.choices()
look = session.look(page_width())
options = {"query": row.query, "key": None if chosen.key == STRONGEST else chosen.key} | look.keywords()

mode.named(this, chosen.chosen)

# The head under the hand, and what the links that are cut change
if mode.on(this):
    left, right, hand_width, result_width = beside(page_width(), (0.5, 0.5))
    with left:
        hand.show_as(this)
        made = mode.head(this, chosen.chosen, hand_width)
        mode.own_page()
    with right:
        mode.effect(this, made, result_width)
    head_map.code()
    st.divider()
    figure.remark("The steps are those without the edits.")

# One token's way through the head: its row of every step
figure.show(
    Figure(
        draw_inside(head, "row", **options),
        partial(row_table, head, row),
        "row",
        finding=finding(head, row),
        lead=[proof(head), *doubts(head)],
        tables=[Table(ROW_COLUMNS)],
    )
)

# Every step as a map, under the function that made the chosen one
st.segmented_control(
    "Step",
    list(head.maps),
    required=True,
    format_func=TITLES.__getitem__,
    help="The step is framed in the picture, and its line is marked in the code. Clicking its map chooses it too.",
    **session.bound("step"),
)
figure.remark(arithmetic(head, row, chosen.step))
code_listing.code(inside.code_of(head, chosen.step), chosen.step, look.theme, min_lines=inside.LONGEST)
draw = partial(draw_inside, head, "steps", step=chosen.step, **options)
figure.show(
    Figure(
        draw(epoch=session.epoch()),
        partial(steps_table, head),
        "steps",
        tables=[Table(STEP_COLUMNS)],
        still=draw,
        click=Click(inside.click_step, "step"),
        awaited=True,
    )
)
with st.expander("All of the code"):
    figure.remark(inside.code_says(head))
    code_listing.code(inside.code_of(head), chosen.step, look.theme)

# Its effect on the prediction of the next token
st.divider()
st.subheader("What the head writes", anchor=False)
wrote = inside_logits.at(this, head, row.query)
if wrote is not None:
    figure.show(
        Figure(
            draw_logit_attribution(wrote, **look.keywords()),
            wrote.table,
            "writes",
            finding=attribution_finding(wrote),
            lead=[inside_logits.EXPLAINED, attribution_baseline(wrote)],
            tables=[Table(inside_logits.COLUMNS)],
        )
    )
    if model.given is None:
        inside_logits.show_copying(this, head)
    else:
        inside_logits.show_components(this, row.query)
