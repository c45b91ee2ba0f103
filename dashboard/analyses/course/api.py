"""The course as the page asks for it: a step's question and its picture, whatever they are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboard.analyses.course import answers, draw
from dashboard.analyses.course.answers import Answer
from dashboard.analyses.course.material import Material
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look

ON_TEXT: Mapping[str, Callable[[Material], Answer]] = {
    "at_once": answers.at_once,
    "best_key": answers.best_key,
    "without_factor": answers.without_factor,
    "softmax_ratio": answers.softmax_ratio,
    "hands_over": answers.hands_over,
    "different_words": answers.different_words,
    "added_most": answers.added_most,
}
"""Step → its answer, for the steps that ask about a text."""


def ask(step: str, this: Material) -> Answer:
    """The question of one of `ON_TEXT`, with its answer. Raises UserError where a model does not show what it needs."""
    return ON_TEXT[step](this)


def picture(step: str, this: Material, answer: Answer, guess: str | None, look: Look) -> Drawing:
    """The picture of one of `ON_TEXT` but "at_once", which is the head's own map."""
    if step == "different_words":
        return draw.draw_heads(this, answer, guess, look)
    if step == "added_most":
        return draw.draw_added(this, answer, guess, look)
    return draw.draw_row(step, this, answer, guess, look)
