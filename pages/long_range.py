"""Long range: does a head find the word it needs, however far away it stands?"""

import streamlit as st

from dashboard.analyses.long_range.api import draw_long_range
from dashboard.analyses.long_range.measure import QUESTIONS, table
from dashboard.analyses.long_range.text import reach_finding
from dashboard.ui import figure, head_picker, session
from dashboard.ui.layout_width import beside, room
from dashboard.ui.model_and_text import escape_markdown, opened
from dashboard.ui.pages import layer_tables, layers_and_long_range

st.title("Long range", anchor=False)

# What is asked
this = opened()
chosen = session.choices()
model = this.model
st.caption(
    f"Does a head of {escape_markdown(model.title)} find the word it needs, however far away it stands? "
    "Measured on texts written for this, not on the one on the left."
)
st.segmented_control(
    "From which word to which",
    list(QUESTIONS),
    required=True,
    format_func=lambda name: QUESTIONS[name].title,
    help="A verb must agree with its subject, whatever stands between. A name that comes back means the same person.",
    **session.bound("reach"),
)
question = QUESTIONS[chosen.reach]
layer_tables.texts(question)

# What is computed
reach = layers_and_long_range.reach(this, question)
best = reach.best(4)
head = chosen.chosen

# What is drawn: the best heads
look = {"theme": session.theme(), "width": room()}
chart = draw_long_range(reach, **look)
figure.finding(reach_finding(reach))
figure.picture(chart, "reach", "content")
figure.remark(
    f"The best of {len(model.all_heads)} heads would look good by chance: these four were chosen on "
    f"{len(reach.chosen_on)} {question.items} and are shown on the other {len(reach.shown_on)}. 95 % intervals: "
    "bootstrap over the texts.",
    "An equally distant word: the mean of what the same head gives, in the same texts, from every other word to the "
    "one that stands just as far before it. Attention is not explanation.",
)
with st.container(horizontal=True):
    figure.files(lambda: chart, lambda: table(reach), [], chart.provenance, "reach")
    layer_tables.curves(reach, best, "reach", shown_half=True)

# What is drawn: any head, before the sheet of all on the left: it is what a click waits for
left, right, atlas_room, head_room = beside(room())
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.by_number(model)
    figure.finding(reach_finding(reach, head))
    one = draw_long_range(reach, [head], **look | {"width": min(head_room, 480)})
    figure.picture(one, "reach_head", "content")
    figure.painted_first()
    figure.remark(f"Over all {len(reach.share)} {question.items}.")
    with st.container(horizontal=True):
        figure.files(lambda: one, lambda: table(reach), [], one.provenance, "reach_head")
        layer_tables.curves(reach, [head], "reach_head", shown_half=False)
with left:
    key = f"reach_atlas_{model.name}_{question.name}"
    small = look | {"width": min(atlas_room, 600)}
    atlas = draw_long_range(reach, all_heads=True, tray=chosen.tray, **small, **head_picker.frames(key))
    head_picker.all_heads(atlas, key)
    with st.container(horizontal=True):
        figure.files(
            lambda: draw_long_range(reach, all_heads=True, **small),
            lambda: table(reach),
            [],
            atlas.provenance,
            "reach_atlas",
        )
        layer_tables.heads(reach)
