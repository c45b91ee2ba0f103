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
from dashboard.ui import figure, head_picker, session
from dashboard.ui.figure import Click, Figure, Table
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened
from dashboard.ui.page import to_page
from dashboard.ui.pages import similarity

# Inputs
this = opened()
model = this.model
st.caption(
    f"Which heads of {escape_markdown(model.title)} look alike? Two heads are near where they look at the same words, "
    "over the sentences that come with the dashboard, not on the text on the left."
)
found = similarity.found(this)
chosen = session.choices()
head = chosen.chosen
left, right, map_width, head_width = beside(page_width(), (0.66, 0.34))

# The chosen head, and those like it: sent first, as a click waits for them
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.by_number(model)
    figure.finding(map_finding(found, head))
    like = similar_heads(found, head)
    st.dataframe(like, hide_index=True, width="content", column_config=similarity.LIKE)
    figure.remark("Heads like this one, the nearest first. One distance over all rows: it has no interval.")
    if len(like):
        nearest = head_of(like.iloc[0])
        st.button(
            f"Pin {head} and {nearest}",
            icon=":material/compare:",
            on_click=session.change,
            kwargs={"pinned": (head, nearest)},
            disabled=chosen.pinned == (head, nearest),
            help="They take the place of the heads in it, and can be looked at side by side on Compare.",
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
            draw_map(found, click=True, roles=roles, **look, **head_picker.selection(key).keywords()),
            found.table,
            "map",
            lead=[map_finding(found)],
            tables=[Table(similarity.TABLE)],
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
st.subheader(f"Heads like {head} in another model", anchor=False)
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
            "Both models read the same sentences and meet at their words; special tokens and the word itself are left "
            "out. Where the nearest is hardly nearer than the median, no head of that model is like this one. One "
            "distance over all rows: it has no interval. Tick a row to choose another head."
        )
        if one:
            to_page(
                "compare",
                f"Look at {head} and {one} of {escape_markdown(other)} on your text",
                ":material/compare:",
                mode="models",
                other_head=one,
            )
