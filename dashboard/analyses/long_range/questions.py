"""What is asked of long range: two related words, over texts with several distances between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.analyses.long_range.agreement_texts import DISTANCES, agreement
from dashboard.analyses.long_range.coreference_texts import BETWEEN, mentions
from dashboard.analyses.long_range.trial import Trial
from dashboard.errors import UserError


@dataclass(frozen=True)
class Question:
    """A pair of related words to measure: trials, with a row per item and a column per distance.

    Attributes
    ----------
    name, title: for addresses, for a menu
    looks, seen: the names of the query word and the key word
    items: the name of the texts
    steps: the distances
    unit: of the distances
    trials: a function that returns the texts
    """

    name: str
    title: str
    looks: str
    seen: str
    items: str
    steps: tuple[int, ...]
    unit: str
    trials: Callable[[], tuple[tuple[Trial, ...], ...]]


QUESTIONS: dict[str, Question] = {
    question.name: question
    for question in (
        Question(
            "verb",
            "A verb and its subject",
            "the verb",
            "its subject",
            "sentences",
            DISTANCES,
            "words apart",
            agreement,
        ),
        Question(
            "name",
            "A name and its first mention",
            "the second mention",
            "the first mention",
            "stories",
            BETWEEN,
            "paragraphs between",
            mentions,
        ),
    )
}


def question_of(name: str) -> Question:
    if name not in QUESTIONS:
        raise UserError(f"There is no question “{name}”. Choose one of {', '.join(QUESTIONS)}.")
    return QUESTIONS[name]
