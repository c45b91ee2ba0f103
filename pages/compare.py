"""Compare: heads side by side and their difference, on one text, on two, or in two models."""

from contextlib import nullcontext
from functools import partial

import streamlit as st

from dashboard.analyses.compare.api import comparison_table, draw_closest_pairs
from dashboard.analyses.compare.text import change_finding, change_remarks
from dashboard.analyses.explore.api import fit_for
from dashboard.heads.head_id import HeadId
from dashboard.ui import figure, head_names, head_picker, heads_together, session
from dashboard.ui.figure import Click, Figure
from dashboard.ui.layout_width import page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import reading
from dashboard.ui.pages import compare_aligned, compare_inputs, compare_results

# Inputs
head_picker.part()
this = reading(pairs=session.choices().mode != "texts", parts=True)
st.caption(escape_markdown(compare_inputs.question(this)))
top = st.container(horizontal=True, vertical_alignment="bottom")
top.segmented_control(
    "Compare",
    list(compare_inputs.WAYS),
    format_func=compare_inputs.WAYS.__getitem__,
    required=True,
    label_visibility="collapsed",
    **session.bound("mode"),
)
narrow = page_width() < 900  # the heads are then chosen below their picture, which is in sight so
drawn = st.container() if narrow and session.choices().mode == "heads" else nullcontext()
row = st.container(horizontal=True, vertical_alignment="bottom") if session.choices().mode == "heads" else None
what = compare_inputs.comparison(this, row)
chosen = session.choices()
with top:
    st.segmented_control(
        "Show as",
        ["side", "difference"],
        required=True,
        format_func={"side": "Side by side", "difference": "Difference"}.__getitem__,
        help="Difference: of the first two pictures, the first minus the second.",
        **session.bound("show"),
    )
    if chosen.together == "head":
        head_picker.measure()
    elif chosen.mode != "heads":
        heads_together.choose_how()
    if this.encoding.second is not None:
        head_picker.between()

# What is drawn
with drawn:
    if chosen.mode == "heads":
        head_names.tell(this, [view.head for view in what.views if isinstance(view.head, HeadId)])
    elif chosen.together == "head":
        head_names.tell(this, [chosen.chosen])
    look = session.look(min(page_width(), 980 if chosen.show == "side" else 600))
    most = compare_results.most_drawn(look)
    figure.window_slider(fit_for(what.views[0], "heatmap", chosen.start, most), what.views[0])
    chart = what.draw(chosen.show, look)
    figure.show(
        Figure(
            chart,
            what.table,
            "compare",
            finding=compare_results.headline(what, chosen.show, chart),
            remarks=[*compare_results.of_weights(what), *what.remarks],
            tables=[compare_results.comparisons(what), compare_results.word_by_word(what)],
            views=what.files_of,
            provenance=what.origin(chosen.show, look),
            awaited=True,
        )
    )

# Heads with heads
if chosen.mode == "heads" and len(what.views) > 2:
    figure.show(
        Figure(
            draw_closest_pairs(what.views, theme=session.theme(), bos=this.bos),
            partial(comparison_table, what.views, bos=this.bos),
            "alike",
            lead=[what.note],
        )
    )

# All heads, between two texts
if chosen.mode == "texts":
    st.subheader("Which heads change most?", anchor=False)
    changes = compare_aligned.changes(this)
    key = f"changes_{chosen.model}"
    figure.show(
        Figure(
            compare_aligned.ranked(this, changes, head_names.selection(this, key)),
            changes.table,
            "changes",
            finding=change_finding(changes),
            lead=[
                "Tick: the mean when another word is exchanged; “Table” gives the range. Click a head to see it above.",
                what.note,
            ],
            remarks=change_remarks(changes),
            tables=[head_names.table(this, compare_aligned.CHANGED, changes.table)],
            click=Click(head_picker.click, key=key),
        )
    )
    compare_aligned.carry_over(this)
