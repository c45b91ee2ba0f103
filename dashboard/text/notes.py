"""What a person should know about how a model reads a text: what was cut, lost, or not known."""

from __future__ import annotations

from dashboard.text.display import visible
from dashboard.text.encoding import Encoding

NAMED = 5


def reading_notes(encoding: Encoding, model: str, limit: int) -> list[str]:
    """Sentences for the page and the command line alike; none where the model reads every word.

    model: its title; limit: the most tokens it takes here
    """
    notes = []
    if encoding.left_out:
        tokens, were = (f"{encoding.left_out:,} tokens", "were") if encoding.left_out > 1 else ("token", "was")
        notes.append(f"{model} reads at most {limit:,} tokens here: the last {tokens} of the text {were} left out.")
    if unknown := [i for i, mark in enumerate(encoding.unknown) if mark]:
        characters = [encoding.text[slice(*encoding.spans[i])] for i in unknown]
        count = f"{len(unknown)} of {len(encoding)} tokens" if len(unknown) > 1 else f"1 of {len(encoding)} tokens"
        notes.append(
            f"{model} does not know {_named(characters)}: {count} stand for characters it has not read "
            f"(marked {encoding.pieces[unknown[0]]})."
        )
    if lost := encoding.lost_words:
        notes.append(f"{_words(len(lost))} gave {model} no token and {_is(len(lost))} not drawn: {_named(lost)}.")
    if taken := encoding.taken_words:
        notes.append(f"{_words(len(taken))} {_is(len(taken))} read as special tokens: {_named(taken)}.")
    return notes


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count:,} words"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _named(parts) -> str:
    """The first few, each once; those that cannot be seen by their numbers."""
    once = list(dict.fromkeys(parts))
    named = ", ".join(f"“{visible(part)}”" for part in once[:NAMED])
    return named + (" …" if len(once) > NAMED else "")
