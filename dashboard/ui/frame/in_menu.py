"""Widgets in the menus at the top.

A closed menu misses that the value of its widget was changed elsewhere, as by back, and the browser would send the
earlier value with the next click. So such a widget gets another key, and Streamlit forgets the one before.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.ui import session


def bound(field: str) -> dict[str, Any]:
    """As `session.bound`, for a widget in a menu."""
    given = session.bound(field)
    value = st.session_state[given["key"]]
    key = key_of(given["key"], value)
    st.session_state[key] = value

    def take() -> None:
        chosen(given["key"], st.session_state[key])
        given["on_change"](field, key)

    return {"key": key, "on_change": take}


def key_of(name: str, value: Any) -> str:
    """The key of the widget of this name: another one after its value was changed elsewhere."""
    before, number = _held().get(name, (value, 0))
    number += before != value
    _held()[name] = value, number
    return f"{name}_{number}" if number else name


def chosen(name: str, value: Any) -> None:
    """Note a value that was chosen by the widget itself, which keeps its key."""
    _held()[name] = value, _held()[name][1]


def _held() -> dict[str, tuple[Any, int]]:
    """By name: the value that the browser knows, and how often it was changed elsewhere."""
    return st.session_state.setdefault("held_in_menus", {})
