"""“Ablation” at one word: which word, what it is compared with, and what the model predicts in its place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import streamlit as st

from dashboard.analyses.ablation.at_word import Predictions, at_word
from dashboard.analyses.ablation.draw import AblationOnText
from dashboard.analyses.ablation.draw_at_word import draw_at_word
from dashboard.analyses.ablation.text import at_word_finding, at_word_remarks
from dashboard.errors import UserError
from dashboard.heads.text_effect import word_most_changed
from dashboard.text.display import visible
from dashboard.ui import caches, figure, session
from dashboard.ui.figure import Click, Figure, Table
from dashboard.ui.layout_width import page_width
from dashboard.ui.model_and_text import Reading
from dashboard.ui.page import problem
from dashboard.ui.pages import ablation_tables


@dataclass(frozen=True, eq=False)
class ChosenWord:
    """The word of the text whose prediction is shown, from 0, and the predictions it is one of."""

    word: int
    predictions: Predictions


def chosen_word(this: Reading, found: AblationOnText) -> ChosenWord | None:
    """The word that a person chose, or the one that changes most; None for a model that predicts none."""
    if found.effect.measure == "shift":
        return None
    by = session.choices().by
    predictions = caches.predictions(this.key, this.encoding.text, this.bos, found.heads, by, this.model, this.encoding)
    measured, word = predictions.measured, session.choices().at_word
    if word not in measured:
        word = word_most_changed(found.over("words"), measured)
    return None if word is None else ChosenWord(word, predictions)


def click(key: str) -> Click:
    """A click on a word of the text."""
    return Click(_choose, "word", key)


def _choose(key: str) -> None:
    points = st.session_state[key].selection.get("word")
    if points and points[0].get("word") is not None:
        session.change(at_word=int(points[0]["word"]))


def show(this: Reading, chosen: ChosenWord | None) -> None:
    """The prediction in the place of the word."""
    if chosen is None:
        return
    words = this.encoding.words
    st.subheader(f"What does the model expect in the place of “{visible(words[chosen.word].form)}”?", anchor=False)
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    with controls:
        _choose_word(this, chosen)
        st.text_input(
            "Compare with",
            placeholder="the most probable other token",
            help="Another word for the same place, like “is” for “are”. Empty: the most probable other token.",
            width=260,
            **session.bound("rival"),
        )
    try:
        found = at_word(chosen.predictions, chosen.word, session.choices().rival, reading=this.options)
    except UserError as wrong:
        problem(wrong)
        return
    heads = "the head" if len(found.heads) == 1 else "the heads"
    figure.show(
        Figure(
            draw_at_word(found, **session.look(min(page_width(), 780)).keywords()),
            found.table,
            "at_word",
            finding=at_word_finding(found),
            remarks=at_word_remarks(found),
            tables=[Table(ablation_tables.candidates(heads))],
        )
    )


def _choose_word(this: Reading, chosen: ChosenWord) -> None:
    words = [visible(word.form) for word in this.encoding.words]
    often = Counter(words)

    def label(word: int) -> str:
        return words[word] if often[words[word]] == 1 else f"{words[word]} (word {word + 1})"

    tied = session.bound("at_word")
    st.session_state[tied["key"]] = chosen.word
    st.selectbox("Word", chosen.predictions.measured, format_func=label, width=220, **tied)
