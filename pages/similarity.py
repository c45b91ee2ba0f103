"""Map of heads: which heads look alike?"""

import streamlit as st

from dashboard.analyses.similarity import api as similarity
from dashboard.analyses.similarity.clusters import clusters_finding, clusters_of
from dashboard.analyses.similarity.embedding import elsewhere_finding, map_finding
from dashboard.heads.head_id import head_of
from dashboard.ui import figure, head_picker, session
from dashboard.ui.layout_width import beside, room
from dashboard.ui.model_and_text import escape_markdown, opened
from dashboard.ui.page import to_page
from dashboard.ui.pages import similarity as headmaps

st.title("Map of heads", anchor=False)

# What is asked
this = opened()
model = this.model
st.caption(
    f"Which heads of {escape_markdown(model.title)} look alike? Two heads are near where they look at the same words, "
    "over the sentences that come with the dashboard, not on the text on the left."
)
found = headmaps.found(this)
chosen = session.choices()
head = chosen.chosen
left, right, map_room, head_room = beside(room(), (0.66, 0.34))

# The chosen head, and those like it: sent first, as a click waits for them
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.by_number(model)
    figure.finding(map_finding(found, head))
    like = similarity.similar_heads(found, head)
    st.dataframe(like, hide_index=True, width="content", column_config=headmaps.LIKE)
    figure.remark("Heads like this one, the nearest first. One distance over all rows: it has no interval.")
    if len(like):
        nearest = head_of(like.iloc[0])
        st.button(
            f"Put {head} and {nearest} into the tray",
            icon=":material/compare:",
            on_click=session.change,
            kwargs={"tray": (head, nearest)},
            disabled=chosen.tray == (head, nearest),
            help="They take the place of the heads in it, and can be looked at side by side on Compare.",
        )
figure.painted_first()

# All heads
with left:
    roles = headmaps.roles(this)
    figure.remark(map_finding(found))
    key = f"map_{model.name}"
    look = {"theme": session.theme(), "width": map_room, "roles": roles}
    drawn = similarity.draw_map(found, tray=chosen.tray, click=True, **head_picker.frames(key), **look)
    with st.container(key="picture_map"):
        head_picker.all_heads(drawn, key)
    still = look | {"selected": head, "tray": chosen.tray}
    with st.container(horizontal=True):
        figure.files(
            lambda: similarity.draw_map(found, **still),
            lambda: found.table,
            [],
            similarity.origin_of_map(found, **still),
            "map",
        )
        figure.numbers("map", lambda: found.table, headmaps.TABLE)

    tree = clusters_of(found)
    figure.remark(clusters_finding(tree))
    joined = similarity.draw_clusters(found, selected=head, theme=session.theme(), width=map_room)
    figure.picture(joined, "clusters", "content")
    with st.container(horizontal=True):
        figure.files(lambda: joined, lambda: tree.table, [], joined.provenance, "clusters")
        figure.numbers("clusters", lambda: tree.table, headmaps.CLUSTERS)

# Heads like the chosen one in another model
st.subheader(f"Heads like {head} in another model", anchor=False)
left, right, *_ = beside(room(), (0.66, 0.34))
with left:
    pair = headmaps.elsewhere(this)
if pair:
    distances, other = pair
    with right:
        like = similarity.similar_heads_elsewhere(distances, head)
        one = headmaps.picked(like, f"elsewhere_{model.name}_{other}_{head}")
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
