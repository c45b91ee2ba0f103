"""Ablation: does the model need it?"""

from functools import partial

import streamlit as st

from dashboard.analyses.ablation.draw import draw_ablation, draw_ranking, over
from dashboard.analyses.ablation.draw_joint import draw_joint_ablation
from dashboard.analyses.ablation.effect import token_rows
from dashboard.analyses.ablation.rank import EXPLAINED, head_rank
from dashboard.analyses.ablation.text import (
    joint_finding,
    joint_remark,
    rank_finding,
    rank_remark,
    twin_remark,
)
from dashboard.heads.correlation_words import correlation_finding
from dashboard.heads.text_effect import most_changed
from dashboard.ui import figure, head_names, head_picker, model_and_text, session
from dashboard.ui.components import twin
from dashboard.ui.figure import Figure, Table
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened, read_text
from dashboard.ui.page import end_page
from dashboard.ui.pages import ablation, ablation_at_word, ablation_tables

# Inputs
head_picker.part()
this = opened()
text = read_text(this, pairs=True, parts=True)
model = this.model if text is None else text.model
if model.given is None:
    ablation.open_on_largest(this)
st.caption(
    "Attention shows where a head looks. Ablation shows whether the model needs it: remove a head of "
    f"{escape_markdown(model.title)} and see what changes."
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    head_picker.by_number(model)
    out = ablation.taken_out()
    ablation.replaced_by(model)
chosen = session.choices()
head, reads_target = chosen.chosen, model_and_text.reads_target(this)
head_names.tell(text or this, out)

# On this text; next to a joint ablation, each head alone
if text is None and not reads_target:
    st.caption("The figures below need no text.")
elif text is None:
    end_page()
else:
    found = ablation.on_text(text, out)
    left, right, wide, narrow = ablation.places(out)
    effect = found.over(chosen.unit, chosen.special)
    look = session.look(wide).keywords()
    at_word = ablation_at_word.chosen_word(text, found)
    draw = partial(draw_ablation, found, unit=chosen.unit, special=chosen.special, **look)
    with left:
        figure.show(
            Figure(
                draw() if at_word is None else draw(word=at_word.word, epoch=session.epoch()),
                token_rows(found.effect.tokens, found.effect.changed),
                "without",
                finding=found.finding,
                remarks=[
                    most_changed(effect),
                    "" if at_word is None else "Click a word to see what the model expects in its place.",
                    EXPLAINED[effect.measure],
                    "One text has no interval." + " The ranking below is over built-in sentences." * (not reads_target),
                ],
                tables=[Table(ablation_tables.tokens(ablation.named(found)))],
                awaited=True,
                still=draw,
                click=None if at_word is None else ablation_at_word.click("without"),
            )
        )
    both = ablation.beside_alone(text, found)
    if both is not None:
        with right:
            figure.show(
                Figure(
                    draw_joint_ablation(both, **session.look(min(narrow, 560)).keywords()),
                    both.table,
                    "together",
                    finding=joint_finding(both.table),
                    remarks=[joint_remark(both.table)],
                    tables=[Table(ablation_tables.TOGETHER)],
                )
            )
    ablation_at_word.show(text, at_word)
    ablation.predictions(found)

# Over sentences, which have no targets, among all heads
if reads_target:
    figure.remark("The built-in sentences have no targets, so only the encoder's heads are ranked over them.")
    end_page()
st.subheader(f"Where does {head} rank?", anchor=False)
twin.switch()
every, of_twin = ablation.of_twin(this, ablation.head_effects(this))
if every is not None:
    place = head_rank(every.table, head)
    figure.show(
        Figure(
            draw_ranking(
                every,
                head,
                epoch=session.epoch(),
                names=head_names.for_charts(this),
                **session.look(page_width()).keywords(),
            ),
            every.table,
            "standing",
            finding=rank_finding(place),
            remarks=[
                ablation.not_ranked(out),
                "Click a dot to ablate that head.",
                rank_remark(place),
                twin_remark(every.table, head),
                of_twin.explained,
            ],
            tables=[
                head_names.table(
                    this, ablation_tables.EFFECTS, every.table, f"Each head ablated alone, over {over(every)}."
                )
            ],
            click=ablation.choose_by_click(f"standing_{model.name}_{chosen.by}"),
        )
    )
    twin.tell(of_twin, model, "these sentences")

# All heads: effects and scores
st.subheader("Do heads with a clear pattern also matter?", anchor=False)
pair = ablation.against(this, text, every)
if pair is not None:
    figure.finding(correlation_finding(pair.correlation, pair.names))
    left, right, wide, _ = beside(page_width(), (0.5, 0.5))
    look = session.look(min(wide, 560))
    for where, key, draw, table in (
        (left, "effects", pair.effects, pair.every.table),
        (right, "against", pair.other, pair.table),
    ):
        with where:
            figure.show(
                Figure(
                    draw(look, pair.selection),
                    table,
                    key,
                    still=partial(draw, look),
                    click=ablation.choose_by_click(f"{key}_{model.name}_{chosen.by}_{pair.name}"),
                )
            )
    figure.remark(
        "Click a head to ablate it. Spearman’s ρ goes from −1 to 1; 0: no relation. The interval is over the "
        "heads of this model, so it says nothing about other models."
    )
