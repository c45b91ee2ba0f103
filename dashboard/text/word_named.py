"""A word of a text by what a person types."""

from __future__ import annotations

import re

from dashboard.errors import UserError
from dashboard.text.encoding import Encoding

ARROW = re.compile(r"->|=>|→|>")


def ends_of(typed: str) -> tuple[str, str]:
    """The two words of a typed pair: ``says > chef``. Raises UserError for what is not a pair."""
    ends = [end.strip() for end in ARROW.split(typed)]
    if len(ends) != 2 or not all(ends):
        raise UserError(
            f"“{typed.strip()[:60]}” is not a pair. Write the query word, >, and the key word, like says > chef, or "
            "their numbers, from 0, like 6 > 1."
        )
    return ends[0], ends[1]


def word_named(encoding: Encoding, typed: str) -> int:
    """Which of the text's words a person means, from 0: typed as in the text (case matters only if the text has both
    forms), or by its number.

    Raises UserError for a word that is not in the text, and one that is there several times.
    """
    forms = [word.form for word in encoding.words]
    if not forms:
        raise UserError(f"The text has no words, so none is “{typed[:60]}”. Use a text with words.")
    if typed.isascii() and typed.isdigit() and len(typed) < 7 and (int(typed) < len(forms) or typed not in forms):
        if int(typed) >= len(forms):
            raise UserError(f"There is no word {typed}: the words of this text are numbered 0 to {len(forms) - 1}.")
        return int(typed)
    places = [k for k, form in enumerate(forms) if form == typed]
    places = places or [k for k, form in enumerate(forms) if form.casefold() == typed.casefold()]
    if not places:
        raise UserError(f"The text has no word “{typed[:60]}”. Write it as in the text, or write its number, from 0.")
    if len(places) > 1:
        named = ", ".join(map(str, places[:-1])) + f" and {places[-1]}"
        raise UserError(f"“{typed[:60]}” occurs {len(places)} times in the text, as words {named}. Write the number.")
    return places[0]
