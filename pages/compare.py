"""Compare: heads side by side and their difference, on one text, on two, or in two models."""

import streamlit as st

from dashboard import api
from dashboard import comparing as verbs
from dashboard.heads.change import change_finding
from dashboard.ui import comparing, figure, state
from dashboard.ui.reading import escape_markdown, reading
from dashboard.ui.room import room

st.title("Compare", anchor=False)

# What is asked
this = reading()
model = this.model
st.caption(f"How do heads of {escape_markdown(model.title)} differ, and from what?")
st.segmented_control("Compare", list(comparing.WAYS), format_func=comparing.WAYS.get, required=True,
                     **state.bound("mode"))  # fmt: skip
compared = comparing.asked(this)
chosen = state.choices()
st.segmented_control(
    "Shown as",
    ["side", "difference"],
    required=True,
    format_func={
        "side": "Side by side",
        "difference": "Difference of the first two" if chosen.mode == "heads" else "Difference",
    }.get,
    **state.bound("show"),
)

# What is drawn
width = min(room(), 980 if chosen.show == "side" else 600)
figure.window_slider(api.fit_for(compared.views[0], "heatmap", chosen.start, comparing.most_drawn(width)),
                     compared.views[0])  # fmt: skip
chart = compared.draw(chosen.show, width)
figure.finding(comparing.alike(compared) if chosen.show == "side" else chart.description)
figure.remark(comparing.where_they_part(compared), *compared.remarks)
figure.picture(chart, "compare", "content")
figure.painted_first()
with st.container(horizontal=True):
    figure.files(lambda: chart, compared.table, compared.files_of, compared.origin(chosen.show, width), "compare")
    figure.comparisons({(compared.names[i], compared.names[j]): one for (i, j), one in compared.pairs.items()})
    figure.numbers(
        "parting",
        lambda: comparing.parted(compared),
        {
            "position": None,
            "word": "Word that looks",
            "a_looks_at": f"{compared.names[0]} looks at",
            "a_share": st.column_config.NumberColumn("with", format="percent"),
            "b_looks_at": f"{compared.names[1]} looks at",
            "b_share": st.column_config.NumberColumn("with ", format="percent"),
            "js": st.column_config.NumberColumn("Divergence", format="%.3f", help="0 the same, 1 wholly apart."),
        },
        "Word by word, those first on which the two differ most.",
        label="Word by word",
    )

# Heads with heads
if chosen.mode == "heads" and len(compared.views) > 2:
    square = verbs.draw_alike(compared.views, theme=state.theme(), bos=this.bos)
    figure.picture(square, "alike", "content")
    with st.container(horizontal=True):
        figure.files(
            lambda: square, lambda: verbs.comparison_table(compared.views, bos=this.bos), [], square.provenance, "alike"
        )

# All heads, between two texts
if chosen.mode == "texts":
    st.subheader("Which heads change most?", anchor=False)
    changes = comparing.changes(this)
    figure.finding(change_finding(changes))
    figure.remark(
        "Tick: the mean over exchanges of other words; “Table” has their least and most. Click a head to see it above."
    )
    ranked = comparing.ranked(this, changes)
    with st.container(horizontal=True):
        figure.files(lambda: ranked, lambda: changes.table, [], ranked.provenance, "changes")
        figure.numbers("changes", lambda: changes.table, comparing.CHANGED)
