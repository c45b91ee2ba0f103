"""A cache for what is computed from a text: many results of short texts, few of long ones.

Twenty people have twenty texts, and each goes back and forth between a few heads. The size of a matrix grows with the
square of the text: four heads over 256 tokens take 1 MB, over 2,048 tokens 67 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import ParamSpec, TypeVar

import streamlit as st

from dashboard.text import Encoding

MANY = 96  # results of texts of up to FEW_TOKENS
FEW_TOKENS = 256
FEW = 12  # of longer ones

_holding: list[Callable[[], None]] = []  # functions that empty the caches that hold parts of models
_every: list[Callable[[], None]] = []  # functions that empty the caches of results

Given = ParamSpec("Given")
Made = TypeVar("Made")


def tokens_of(*given: object, **named: object) -> int:
    """The number of tokens of the encoding among the arguments, or of the reading that holds it."""
    read = (getattr(one, "encoding", one) for one in (*given, *named.values()))
    return next(len(one) for one in read if isinstance(one, Encoding))


def give_way(fraction: float = 0.0, sentence: str = "") -> None:
    """Let Streamlit end this run if nobody waits for it: it checks for that when the session is read."""
    _ = "choices" in st.session_state


def let_go() -> None:
    """Empty all caches whose results hold parts of a model: they would keep its weights in memory."""
    for clear in _holding:
        clear()


def empty() -> None:
    """Empty all caches of results. What a page needs of them it computes again."""
    for clear in _every:
        clear()


def cached(
    show_spinner: str | bool = False,
    *,
    many: int = MANY,
    few: int = FEW,
    tokens: Callable[..., int] = tokens_of,
    holds: bool = False,
) -> Callable[[Callable[Given, Made]], Callable[Given, Made]]:
    """`st.cache_resource` for a function of a text.

    many, few: how many results of short and of long texts are kept
    tokens: (the function's arguments) → the number of tokens of the text
    holds: whether the results hold weights of the model, see `let_go`
    """

    def of(make: Callable[Given, Made]) -> Callable[Given, Made]:
        short = st.cache_resource(max_entries=many, show_spinner=show_spinner)(make)
        long = st.cache_resource(max_entries=few, show_spinner=show_spinner)(_again(make))

        _every.extend((short.clear, long.clear))
        if holds:
            _holding.extend((short.clear, long.clear))

        @wraps(make)
        def get(*given: Given.args, **named: Given.kwargs) -> Made:
            return (short if tokens(*given, **named) <= FEW_TOKENS else long)(*given, **named)

        return get

    return of


def _again(make: Callable[Given, Made]) -> Callable[Given, Made]:
    """The same function by another name: Streamlit keeps one cache for each name."""
    parts = make.__code__, make.__globals__, make.__name__, make.__defaults__, make.__closure__
    other = wraps(make)(FunctionType(*parts))
    other.__qualname__ = f"{make.__qualname__}_long"
    return other
