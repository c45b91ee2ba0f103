"""What a person should know about how a model reads a text: what was cut, lost, or not known."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.text.display import UNKNOWN, visible
from dashboard.text.encoding import Encoding

NAMED = 5
LONGEST = 40  # characters of a part that are named: a run that a tokenizer knows nothing of may be a whole line


def reading_notes(encoding: Encoding, model: str, limit: int) -> list[str]:
    """Sentences for the page and the command line both; none where the model reads every word.

    model: its title; limit: the most tokens it takes here
    """
    notes = []
    if encoding.left_out:
        many = encoding.left_out
        last = "last token of the text was" if many == 1 else f"last {many:,} tokens of the text were"
        notes.append(f"{model} reads at most {limit:,} tokens here. The {last} left out.")
    if unknown := [i for i, mark in enumerate(encoding.unknown) if mark]:
        characters = [encoding.text[slice(*encoding.spans[i])] for i in unknown]
        notes.append(
            f"{model} does not know {_named(characters)}. It has not read the characters of {len(unknown):,} of the "
            f"{len(encoding):,} tokens, marked {UNKNOWN}."
        )
    if lost := encoding.lost_words:
        notes.append(f"{model} has no token for {_words(len(lost))}, not drawn here: {_named(lost)}.")
    if taken := encoding.taken_words:
        what = "a special token" if len(taken) == 1 else "special tokens"
        notes.append(f"{model} reads {_words(len(taken))} as {what}: {_named(taken)}.")
    return notes


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count:,} words"


def _named(parts: Sequence[str]) -> str:
    """The first few, each once; those that cannot be seen by their numbers, and of a long one its beginning."""
    once = list(dict.fromkeys(parts))
    named = ", ".join(f"“{_short(visible(part))}”" for part in once[:NAMED])
    return named + (" …" if len(once) > NAMED else "")


def _short(part: str) -> str:
    return part if len(part) <= LONGEST else f"{part[: LONGEST - 1]}…"
