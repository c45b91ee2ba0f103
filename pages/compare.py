"""Compare: heads side by side and their difference, on one text, on two, or in two models."""

import streamlit as st

from dashboard.analyses.compare import api as verbs
from dashboard.analyses.compare.change import change_finding
from dashboard.analyses.explore import api
from dashboard.ui import figure, head_picker, session
from dashboard.ui.layout_width import room
from dashboard.ui.model_and_text import escape_markdown, reading
from dashboard.ui.pages import compare_aligned, compare_inputs, compare_results

st.title("Compare", anchor=False)

# What is asked
this = reading(pairs=session.choices().mode != "texts")
st.caption(escape_markdown(compare_inputs.question(this)))
st.segmented_control(
    "Compare", list(compare_inputs.WAYS), format_func=compare_inputs.WAYS.get, required=True, **session.bound("mode")
)
what = compare_inputs.asked(this)
chosen = session.choices()
with st.container(horizontal=True, vertical_alignment="bottom"):
    st.segmented_control(
        "Shown as",
        ["side", "difference"],
        required=True,
        format_func={
            "side": "Side by side",
            "difference": "Difference of the first two" if chosen.mode == "heads" else "Difference",
        }.get,
        **session.bound("show"),
    )
    head_picker.measure()
    if this.encoding.second is not None:
        head_picker.between()

# What is drawn
width = min(room(), 980 if chosen.show == "side" else 600)
most = compare_results.most_drawn(width)
figure.window_slider(api.fit_for(what.views[0], "heatmap", chosen.start, most), what.views[0])
chart = what.draw(chosen.show, width)
figure.finding(compare_results.headline(what, chosen.show, chart))
figure.remark(*compare_results.of_weights(what), *what.remarks)
figure.picture(chart, "compare", "content")
figure.painted_first()
with st.container(horizontal=True):
    figure.files(lambda: chart, what.table, what.files_of, what.origin(chosen.show, width), "compare")
    figure.comparisons({(what.names[i], what.names[j]): one for (i, j), one in what.pairs.items()}, what.note)
    figure.numbers(
        "parting",
        lambda: compare_results.parted(what),
        compare_results.parting_columns(what.names),
        f"Word by word, those first on which the two differ most. {what.note}",
        label="Word by word",
    )

# Heads with heads
if chosen.mode == "heads" and len(what.views) > 2:
    figure.remark(what.note)
    square = verbs.draw_closest_pairs(what.views, theme=session.theme(), bos=this.bos)
    figure.picture(square, "alike", "content")
    with st.container(horizontal=True):
        figure.files(
            lambda: square, lambda: verbs.comparison_table(what.views, bos=this.bos), [], square.provenance, "alike"
        )

# All heads, between two texts
if chosen.mode == "texts":
    st.subheader("Which heads change most?", anchor=False)
    changes = compare_aligned.changes(this)
    figure.finding(change_finding(changes))
    figure.remark(
        "Tick: the mean over exchanges of other words; “Table” has their least and most. Click a head to see it above.",
        what.note,
    )
    ranked = compare_aligned.ranked(this, changes)
    with st.container(horizontal=True):
        figure.files(lambda: ranked, lambda: changes.table, [], ranked.provenance, "changes")
        figure.numbers("changes", lambda: changes.table, compare_aligned.CHANGED)
