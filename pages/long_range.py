"""Long range: does a head find the word it needs, however far away it stands?"""

from functools import partial

import streamlit as st

from dashboard.analyses.long_range.api import draw_long_range
from dashboard.analyses.long_range.measure import table
from dashboard.analyses.long_range.questions import QUESTIONS
from dashboard.analyses.long_range.text import chance_remark, long_range_finding
from dashboard.ui import figure, head_names, head_picker, session
from dashboard.ui.figure import Click, Figure
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened
from dashboard.ui.pages import layer_tables, layers_and_long_range

# Inputs
this = opened()
chosen = session.choices()
model = this.model
st.caption(
    f"Does a head of {escape_markdown(model.title)} find the word it needs at any distance? Measured on texts "
    "written for this, not on yours."
)
st.segmented_control(
    "From one word to another",
    list(QUESTIONS),
    required=True,
    format_func=lambda name: QUESTIONS[name].title,
    help="A verb agrees with its subject at any distance. A repeated name means the same person.",
    **session.bound("reach"),
)
question = QUESTIONS[chosen.reach]

# Results
long_range = layers_and_long_range.long_range(this, question)
best = long_range.best(4)
head = chosen.chosen

# The best heads
figure.show(
    Figure(
        draw_long_range(long_range, **session.look(page_width()).keywords()),
        partial(table, long_range),
        "reach",
        finding=long_range_finding(long_range),
        remarks=[
            f"The best of {len(model.all_heads)} heads looks good by chance. So these four were chosen on "
            f"{len(long_range.chosen_on)} {question.items} and measured on the other {len(long_range.judged_on)}. 95 "
            "% intervals: bootstrap over texts.",
            "Equally distant word: the average over all other words of the same texts of what each gives, in the same "
            "head, to the word this far before it. Attention is not explanation.",
            chance_remark(long_range),
        ],
        tables=[layer_tables.curves(long_range, best, judged_half=True)],
    )
)

# One of the texts that were read
layer_tables.texts(question)

# Any head, sent before all heads on the left, as a click waits for it
left, right, atlas_width, head_width = beside(page_width())
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.by_number(model)
    head_names.tell(this, [head])
    figure.show(
        Figure(
            draw_long_range(long_range, [head], **session.look(min(head_width, 480)).keywords()),
            partial(table, long_range),
            "reach_head",
            finding=long_range_finding(long_range, head),
            remarks=[f"Over all {len(long_range.share)} {question.items}."],
            tables=[layer_tables.curves(long_range, [head], judged_half=False)],
            awaited=True,
        )
    )
with left:
    key = f"reach_atlas_{model.name}_{question.name}"
    draw = partial(draw_long_range, long_range, all_heads=True, **session.look(min(atlas_width, 600)).keywords())
    figure.show(
        Figure(
            draw(**head_names.selection(this, key).keywords()),
            partial(table, long_range),
            "reach_atlas",
            tables=[layer_tables.heads(long_range)],
            still=draw,
            click=Click(head_picker.click, key=key),
        )
    )
