"""A message as a chat model is given it, by the tokenizer's own template, and the roles of a text that is so made."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from dashboard.errors import UserError
from dashboard.models.foreign import foreign


def has_chat(tokenizer) -> bool:
    """Whether the tokenizer has a chat template."""
    return bool(getattr(tokenizer, "chat_template", None))


def chat_text(tokenizer, message: str, system: str = "") -> str:
    """The message of a user with its roles, up to where the model's answer begins.

    The template is filled in by transformers, in a sandbox of Jinja. A start token that the tokenizer puts in front of
    every text is taken off, so that it stands there once.
    system: what the template's own system message is replaced by; "" leaves it to the template
    Raises UserError where the template refuses this.
    """
    said = [("system", system)] if system else []
    text = _filled(tokenizer, [*said, ("user", message)], answers=True)
    start = tokenizer.bos_token
    twice = start and text.startswith(start) and tokenizer.backend_tokenizer.encode("a").tokens[:1] == [start]
    return text.removeprefix(start) if twice else text


def role_starts(tokenizer, text: str) -> tuple[tuple[str, int], ...]:
    """The roles of a text that the tokenizer's chat template made, each with where it begins, in characters; () for any
    other text."""
    turns = _turns(tokenizer) if has_chat(tokenizer) else None
    if turns is None:
        return ()
    found = set()
    for role, between, own in turns.between:
        at = text.find(between)
        while at >= 0:
            found.add((at + own, role))
            at = text.find(between, at + 1)
    if not found:
        return ()
    first = "user" if min(found)[1] == "assistant" else "assistant"
    if first == "assistant" and turns.opening and turns.opening in text[: len(turns.opening) + _FRONT]:
        first = "system"
    return (first, 0), *((role, at) for at, role in sorted(found))


@dataclass(frozen=True)
class _Turns:
    """How a template sets its turns.

    opening: what stands before the words of a system message, "" where the template takes none
    between: for each turn its role, what stands between the words of the turn before and its own, and from which
        character on that belongs to it
    """

    opening: str
    between: frozenset[tuple[str, str, int]]


_FRONT = 40  # characters of a start token that may stand before a text's first turn
_WORDS = {"system": "zqsysz", "user": "zqusez", "assistant": "zqassz"}  # that no template has of its own
_known: WeakKeyDictionary[object, _Turns | None] = WeakKeyDictionary()


def _turns(tokenizer) -> _Turns | None:
    """The turns of its template, found by filling it in; None where it refuses that."""
    if tokenizer not in _known:
        try:
            _known[tokenizer] = _found_turns(tokenizer)
        except (UserError, ValueError):
            _known[tokenizer] = None
    return _known[tokenizer]


def _found_turns(tokenizer) -> _Turns:
    def made(*roles: str, answers: bool = False) -> list[str]:
        """What stands before, between and behind the words of these turns. Raises ValueError if they are not there."""
        parts, rest = [], _filled(tokenizer, [(role, _WORDS[role]) for role in roles], answers=answers)
        for role in roles:
            before, found, rest = rest.partition(_WORDS[role])
            if not found:
                raise ValueError(role)
            parts.append(before)
        return [*parts, rest]

    user_end, answer_end = made("user")[-1], made("user", "assistant")[-1]
    _, to_answer, to_user, _ = made("user", "assistant", "user")
    turns = {("assistant", one, len(user_end)) for one in (to_answer, made("user", answers=True)[-1])}
    turns.add(("user", to_user, len(answer_end)))
    opening = ""
    try:
        opening, from_system, _ = made("system", "user")
        head = to_user[len(answer_end) :]
        turns.add(("user", from_system, len(from_system) - len(head) * from_system.endswith(head)))
    except (UserError, ValueError):
        pass  # a template without a system message
    return _Turns(opening, frozenset((role, one, min(own, len(one))) for role, one, own in turns if one.strip()))


def _filled(tokenizer, said: list[tuple[str, str]], *, answers: bool) -> str:
    """The template with these roles and their words. answers: up to where the model's answer begins"""
    messages = [{"role": role, "content": words} for role, words in said]
    with foreign("Filling in the chat template", "Write the prompt as plain text."):
        return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=answers)
