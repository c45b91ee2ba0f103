"""The named stretches of a text: what was given and what a model wrote after it, the roles of a chat, the two texts of
a pair."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.text.chat import role_starts

PROMPT, WRITTEN = "prompt", "written by a model"
PAIR = ("first text", "second text")

Starts = Sequence[tuple[str, int]]
"""The name of each stretch and where it begins, in characters, in order."""


class Continued(str):
    """A text whose end a model wrote: a `str` like any other, which knows where that begins.

    Whatever reads a text takes it as one. border: where the model's own text begins, in characters
    """

    border: int = 0

    @classmethod
    def of(cls, text: str, border: int) -> Continued:
        made = cls(text)
        made.border = border
        return made

    @property
    def prompt(self) -> str:
        return self[: self.border]

    def __repr__(self) -> str:
        return f"continued({self.prompt!r}, {self[self.border :]!r})"


def continued(prompt: str, written: str) -> Continued:
    """A prompt and what a model wrote after it, as one text in which pictures and tables tell the two apart.

    prompt: as it was given; of a text that was continued before, all that a model wrote counts as written
    """
    return Continued.of(prompt + written, prompt.border if isinstance(prompt, Continued) else len(prompt))


def stretches_of(text: str, tokenizer, second: int | None = None) -> Starts:
    """The stretches of a text: the roles of the tokenizer's chat template, or the whole as a prompt; and what a model
    wrote. () for a text of one stretch. second: where the second text of a pair begins"""
    if second is not None:
        return (PAIR[0], 0), (PAIR[1], second)
    starts = role_starts(tokenizer, text)
    if isinstance(text, Continued) and 0 < text.border < len(text):
        before = [one for one in starts or ((PROMPT, 0),) if one[1] < text.border]
        return *before, (WRITTEN, text.border)
    return starts


def named(starts: Starts, spans: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """For each token (n) the name of the stretch in which it begins; () where all are in one.

    A token over a border, which holds characters of both sides, belongs to the stretch before it.
    """
    if len(starts) < 2:
        return ()
    names: list[str] = []
    place = 0
    for begin, _ in spans:
        while place + 1 < len(starts) and begin >= starts[place + 1][1]:
            place += 1
        names.append(starts[place][0])
    return tuple(names) if len(set(names)) > 1 else ()
