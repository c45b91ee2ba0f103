"""Long range: does a head find the word it needs, however far away it stands?"""

from functools import partial

import streamlit as st

from dashboard.analyses.long_range.api import draw_long_range
from dashboard.analyses.long_range.measure import QUESTIONS, table
from dashboard.analyses.long_range.text import long_range_finding
from dashboard.ui import figure, head_picker, session
from dashboard.ui.figure import Click, Figure
from dashboard.ui.layout_width import beside, room
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened
from dashboard.ui.pages import layer_tables, layers_and_long_range

# What is asked
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

# What is computed
reach = layers_and_long_range.reach(this, question)
best = reach.best(4)
head = chosen.chosen

# What is drawn: the best heads
figure.show(
    Figure(
        draw_long_range(reach, **session.look(room()).keywords()),
        partial(table, reach),
        "reach",
        finding=long_range_finding(reach),
        remarks=[
            f"The best of {len(model.all_heads)} heads looks good by chance. So these four were chosen on "
            f"{len(reach.chosen_on)} {question.items} and measured on the other {len(reach.judged_on)}. 95 % "
            "intervals: bootstrap over texts.",
            "Equally distant word: in the same texts, the mean attention of the same head from every other word to "
            "the word at this distance before it. Attention is not explanation.",
        ],
        tables=[layer_tables.curves(reach, best, shown_half=True)],
    )
)

# One of the texts that were read
layer_tables.texts(question)

# What is drawn: any head, before the sheet of all on the left: it is what a click waits for
left, right, atlas_room, head_room = beside(room())
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.by_number(model)
    figure.show(
        Figure(
            draw_long_range(reach, [head], **session.look(min(head_room, 480)).keywords()),
            partial(table, reach),
            "reach_head",
            finding=long_range_finding(reach, head),
            remarks=[f"Over all {len(reach.share)} {question.items}."],
            tables=[layer_tables.curves(reach, [head], shown_half=False)],
            awaited=True,
        )
    )
with left:
    key = f"reach_atlas_{model.name}_{question.name}"
    draw = partial(draw_long_range, reach, all_heads=True, **session.look(min(atlas_room, 600)).keywords())
    figure.show(
        Figure(
            draw(**head_picker.selection(key).keywords()),
            partial(table, reach),
            "reach_atlas",
            tables=[layer_tables.heads(reach)],
            still=draw,
            click=Click(head_picker.click, key=key),
        )
    )
