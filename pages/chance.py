"""How likely is it luck?: a list of random heads has a best one too."""

import streamlit as st

from dashboard.analyses.chance.api import draw_luck, luck_table, random_heads
from dashboard.analyses.chance.text import luck_finding, luck_remarks, of_random, place_of_planted
from dashboard.ui import figure, session
from dashboard.ui.figure import Figure, Table
from dashboard.ui.layout_width import page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened, text_or_end
from dashboard.ui.pages import chance

# Random heads
st.caption(
    "Mark pairs of words: one of the many heads always gives them the most attention. How much would that be by luck "
    "alone?"
)
chance.controls()
chosen = session.choices()
luck = luck_table(random_heads(chosen.random_heads, chosen.random_pairs, chosen.redraw, chosen.planted / 100))
look = session.look(min(page_width(), 900)).keywords()
figure.show(
    Figure(
        draw_luck(luck, **look),
        luck.table,
        "luck",
        finding=luck_finding(luck),
        lead=[of_random(luck)],
        remarks=[place_of_planted(luck), *luck_remarks(luck)],
        tables=[Table(chance.COLUMNS)],
        awaited=True,
    )
)

# The visitor's own list
st.divider()
st.subheader("And your list?", anchor=False)
this = opened()
st.caption(
    f"All heads of {escape_markdown(this.model.title)} along the pairs that you marked on “Find heads”, next to random "
    "pairs at the same distances."
)
text = text_or_end(this)
pairs, wrong = chance.marked(text)
own = chance.own_list(text, pairs, wrong)
if own is not None:
    own = luck_table(own)
    figure.show(
        Figure(
            draw_luck(own, **look),
            own.table,
            "own_luck",
            finding=luck_finding(own),
            remarks=luck_remarks(own),
            tables=[Table(chance.COLUMNS)],
        )
    )
