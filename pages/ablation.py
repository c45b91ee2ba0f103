"""Without a head: does the model need it?"""

import streamlit as st

from dashboard.analyses.ablation.draw import draw_ablation, draw_ranking, over
from dashboard.analyses.ablation.draw_joint import draw_joint_ablation
from dashboard.analyses.ablation.effect_on_text import most_changed, token_rows
from dashboard.analyses.ablation.joint import joint_finding, together_remark
from dashboard.analyses.ablation.rank import EXPLAINED, rank_finding, standing, standing_remark
from dashboard.analyses.ablation.rank_correlation import correlation_finding
from dashboard.ui import figure, session
from dashboard.ui.head_picker import by_number
from dashboard.ui.layout_width import beside, room
from dashboard.ui.model_and_text import escape_markdown, opened, read_text
from dashboard.ui.pages import ablation as without
from dashboard.ui.pages import ablation_tables as effect_tables

st.title("Without a head", anchor=False)

# What is asked
this = opened()
model = this.model
st.caption(
    "Attention shows where a head looks, not whether the model needs what it finds there. Take a head of "
    f"{escape_markdown(model.title)} out, and see what changes."
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    by_number(model)
    out = without.taken_out()
    without.replaced_by(this)
chosen = session.choices()
head = chosen.chosen

# On this text; beside it, of heads taken out together, each alone
text = read_text(this, pairs=True)
found = without.on_text(text, out)
if found is not None:
    left, right, wide, narrow = without.places(out)
    effect = found.over(chosen.unit, chosen.special)
    rows = token_rows(found.effect.tokens, found.effect.changed)
    with left:
        figure.finding(found.finding)
        chart = draw_ablation(found, unit=chosen.unit, special=chosen.special, theme=session.theme(), width=wide)
        figure.picture(chart, "without", "content")
        figure.painted_first()
        figure.remark(
            most_changed(effect),
            EXPLAINED[effect.measure],
            "One text says what a head can do, not what it does on others: see below.",
            "" if len(chosen.tray) > 1 else "Two or more heads in the tray can be taken out together.",
        )
        with st.container(horizontal=True):
            figure.files(lambda: chart, lambda: rows, [], chart.provenance, "without")
            figure.numbers("without", lambda: rows, effect_tables.tokens(without.named(found)))
    both = without.beside_alone(text, found)
    if both is not None:
        with right:
            figure.finding(joint_finding(both.table))
            bars = draw_joint_ablation(both, theme=session.theme(), width=min(narrow, 560))
            figure.picture(bars, "together", "content")
            figure.remark(together_remark(both.table))
            with st.container(horizontal=True):
                figure.files(lambda: bars, lambda: both.table, [], bars.provenance, "together")
                figure.numbers("together", lambda: both.table, effect_tables.TOGETHER)
    without.predictions(found)

# Over sentences, among all heads
st.subheader(f"Where does {head} stand?", anchor=False)
every = without.measured(this)
if every is not None:
    place = standing(every.table, head)
    figure.finding(rank_finding(place))
    ranked = draw_ranking(every, head, theme=session.theme(), width=room(), turn=session.turn())
    without.heads_chart(ranked, f"standing_{model.name}_{chosen.by}")
    figure.remark(
        without.not_ranked(out),
        "Click a head to take that one out.",
        standing_remark(place),
    )
    with st.container(horizontal=True):
        figure.files(lambda: ranked, lambda: every.table, [], ranked.provenance, "standing")
        figure.numbers("standing", lambda: every.table, effect_tables.EFFECTS, f"Each head alone, over {over(every)}.")

# All heads, beside what their attention looks like
st.subheader("Do the heads that look clear also matter?", anchor=False)
pair = without.against(this, text, every)
if pair is not None:
    figure.finding(correlation_finding(pair.correlation, pair.names))
    left, right, wide, _ = beside(room(), (0.5, 0.5))
    for where, key, draw, table in (
        (left, "effects", pair.effects, every.table),
        (right, "against", pair.other, pair.table),
    ):
        with where:
            drawn = draw(min(wide, 560), **pair.marks)
            without.heads_chart(drawn, f"{key}_{model.name}_{chosen.by}_{pair.name}")
            with st.container(horizontal=True):
                figure.files(
                    lambda draw=draw: draw(min(wide, 560)), lambda table=table: table, [], drawn.provenance, key
                )
    figure.remark(
        "A click on a head takes it out, above as well. The interval says how much ρ hangs on single heads of this "
        "model; it says nothing of other models."
    )
