"""Ten steps: the ideas of the article, each with a question that the model answers."""

import streamlit as st

from dashboard.analyses.course import text
from dashboard.analyses.course.steps import STEPS
from dashboard.ui import figure, session
from dashboard.ui.figure import Figure
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import to_page
from dashboard.ui.pages import course

step = course.walk()
name = step.name
st.subheader(f"{STEPS.index(step) + 1}. {text.TITLES[name]}", anchor=False)
left, right, wide = course.sides()

# The idea, the question and the choices; after the guess what was measured
with left:
    st.markdown(escape_markdown(text.IDEAS[name]))
    this = course.asked(step)
    guess = this.guess
    st.markdown(f"**{escape_markdown(text.question(name, this.answer))}**")
    course.choose(this)
    if guess is None:
        st.caption("Click your guess to see the measured answer.")
    else:
        st.markdown(f"##### {escape_markdown(text.verdict(name, this.answer, guess))}")
    if name == "best_key":
        course.another_word(this)
    to_page(step.page, text.DEEPER[name], ":material/arrow_outward:", **this.deeper)

# The picture: first with a question mark, then with the answer
with right:
    look = session.look(min(wide, course.WIDEST.get(name, 560)))
    if name == "reach" and guess is None:
        course.story(this)
    for place, drawn in enumerate(this.pictures(guess, look)):
        figure.picture(Figure(drawn, this.table, f"course_{name}_{place}"))
