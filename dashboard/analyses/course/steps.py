"""The ten steps, in the article's order. A new step is an entry here, a function in `answers` and words in `text`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Picks = Literal["number", "token", "head"]


@dataclass(frozen=True)
class Step:
    """One step of the course.

    Attributes
    ----------
    name: for tests and keys
    picks: what is chosen from: numbers, tokens of the text or heads
    about: whether the question is about the visitor's "text", or "own" material of the step
    page: the page that goes deeper
    """

    name: str
    picks: Picks
    about: Literal["text", "own"]
    page: str


STEPS = (
    Step("fading", "number", "own", "recall"),
    Step("at_once", "number", "text", "explore"),
    Step("best_key", "token", "text", "inside"),
    Step("without_factor", "number", "text", "toy"),
    Step("softmax_ratio", "number", "text", "inside"),
    Step("hands_over", "token", "text", "inside"),
    Step("different_words", "number", "text", "explore"),
    Step("syntax_head", "head", "text", "profile"),
    Step("added_most", "head", "text", "inside"),
    Step("reach", "number", "own", "long_range"),
)
NAMES = tuple(step.name for step in STEPS)


def own_guesses(guesses: str) -> str:
    """The guesses of steps that are not about the text."""
    own = {step.name for step in STEPS if step.about == "own"}
    return " ".join(one for one in guesses.split() if one.partition(":")[0] in own)
