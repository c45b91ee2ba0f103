"""Head map: which heads look alike?"""

from functools import partial

import streamlit as st

from dashboard.analyses.similarity.api import (
    draw_clusters,
    draw_map,
    origin_of_map,
    similar_heads,
    similar_heads_elsewhere,
)
from dashboard.analyses.similarity.clusters import clusters_of
from dashboard.analyses.similarity.text import clusters_finding, elsewhere_finding, map_finding
from dashboard.heads.head_id import head_of
from dashboard.ui import figure, head_names, head_picker, session
from dashboard.ui.figure import Click, Figure, Table
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened
from dashboard.ui.page import end_page, to_page
from dashboard.ui.pages import similarity

# Inputs
head_picker.part()
this = opened(parts=True)
model = this.model
st.caption(
    f"Which heads of {escape_markdown(model.title)} are similar? Heads that look at the same words are close "
    "together (0 bits: the same, 1 bit: no overlap). Measured over the built-in sentences, not on your text."
    f"{similarity.read_twice(model)}"
)
found = similarity.found(this)
chosen = session.choices()
head = chosen.chosen
left, right, map_width, head_width = beside(page_width(), (0.66, 0.34))

# The chosen head, and those like it: sent first, as a click waits for them
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.by_number(model)
    head_names.tell(this, [head])
    figure.finding(map_finding(found, head))
    like = similar_heads(found, head)
    st.dataframe(
        head_names.in_one(this, like),
        hide_index=True,
        width="content",
        column_config=similarity.LIKE,
    )
    figure.remark(
        "The most similar heads, nearest first. Each distance is one figure over all rows, without an interval."
    )
    if len(like):
        nearest = head_of(like.iloc[0])
        st.button(
            f"Pin {head} and {nearest}",
            icon=":material/compare:",
            on_click=session.change,
            kwargs={"pinned": (head, nearest)},
            disabled=chosen.pinned == (head, nearest),
            help="They replace the pinned heads. Compare shows them side by side.",
        )
figure.painted_first()

# All heads
with left:
    roles = similarity.roles(this)
    key = f"map_{model.name}"
    look = session.look(map_width).keywords()
    still = look | {"roles": roles, "selected": head, "tray": chosen.pinned}
    figure.show(
        Figure(
            draw_map(found, click=True, roles=roles, **look, **head_names.selection(this, key).keywords()),
            found.table,
            "map",
            lead=[map_finding(found)],
            tables=[head_names.table(this, similarity.TABLE, found.table)],
            provenance=origin_of_map(found, **still),
            still=partial(draw_map, found, **still),
            click=Click(head_picker.click, key=key),
        )
    )

    tree = clusters_of(found)
    figure.show(
        Figure(
            draw_clusters(found, selected=head, **look),
            tree.table,
            "clusters",
            lead=[clusters_finding(tree)],
            tables=[Table(similarity.CLUSTERS)],
        )
    )

# Heads like the chosen one in another model
if found.part:
    figure.remark("Only the encoder’s heads are compared with those of another model.")
    end_page()
st.subheader(f"Heads similar to {head} in another model", anchor=False)
left, right, *_ = beside(page_width(), (0.66, 0.34))
with left:
    pair = similarity.elsewhere(this)
if pair:
    distances, other = pair
    with right:
        like = similar_heads_elsewhere(distances, head)
        one = similarity.picked(like, f"elsewhere_{model.name}_{other}_{head}")
    with left:
        figure.finding(elsewhere_finding(distances, head, other))
        figure.remark(
            "Compared word by word on the same sentences, without special tokens and the word itself. If the nearest "
            "head is hardly nearer than the median, that model has no similar head. Tick a row to choose another "
            "head."
        )
        if one:
            to_page(
                "compare",
                f"Compare {head} and {one} of {escape_markdown(other)} on your text",
                ":material/compare:",
                mode="models",
                other_head=one,
            )
