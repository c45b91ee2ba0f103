"""The toy's controls: its words, its switches and its four tables. All of them show and change `Choices.toy`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from dashboard.analyses.toy.api import KEYS
from dashboard.analyses.toy.example import SIZES, TITLES, Cells, Example, example
from dashboard.analyses.toy.presets import PRESETS
from dashboard.analyses.toy.sharpness import Sharpness, sharpness
from dashboard.analyses.toy.worked_steps import STEPS
from dashboard.ui import figure, session
from dashboard.ui.components import number_grid
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.toy_recall_urls import LONGEST_WORDS, words_of

_NUMBER, _WORD = 68, 92  # pixels of a column


def inputs() -> None:
    """Everything that a person can change, and the explanation of the preset."""
    _controls()
    if message := _says():
        st.warning(escape_markdown(message), icon=":material/info:")
    figure.remark(PRESETS[session.choices().toy.preset].explanation)
    _editors()


@st.cache_resource(max_entries=1, show_spinner=False)
def sharpness_here() -> tuple[Sharpness, ...]:
    """The effect of the factor 1/√d on the entropy of attention, measured once."""
    return sharpness(keys=KEYS)


def _controls() -> None:
    """The controls for the preset, the words, the sizes and the kind of attention."""
    toy = session.choices().toy
    st.segmented_control(
        "Lesson",
        list(PRESETS),
        format_func=lambda name: PRESETS[name].title,
        required=True,
        help="Each lesson fills the tables to show one thing.",
        **_tied("preset", toy.preset, lambda toy, name: example(name, toy.words)),
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.text_input(
            "Words",
            max_chars=LONGEST_WORDS,
            width=320,
            help="One to eight, with spaces between them.",
            **_tied("words", " ".join(toy.words), _with_words),
        )
        st.segmented_control(
            "Numbers per word",
            list(SIZES),
            required=True,
            help="D, the columns of X.",
            **_tied("size", toy.numbers_per_word, Example.with_numbers_per_word),
        )
        st.segmented_control(
            "Columns of W",
            list(SIZES),
            required=True,
            help="Numbers in queries, keys and values, of all heads together.",
            **_tied("columns", toy.columns, Example.with_columns),
        )
        st.segmented_control(
            "Heads",
            [1, 2],
            required=True,
            help="Two heads share the columns of W: each takes half of them.",
            **_tied("heads", toy.heads, Example.with_heads),
        )
        with st.container(width="content", gap="xxsmall"):
            st.toggle(
                "Causal mask",
                help="No word sees a later one.",
                **_tied("causal", toy.causal, lambda toy, on: _replaced(toy, causal=on)),
            )
            st.toggle(
                "Divide by √d",
                help="Keeps the scores' spread near 1, whatever d is.",
                **_tied("scaled", toy.scaled, lambda toy, on: _replaced(toy, scaled=on)),
            )


def _editors() -> None:
    """The four tables, side by side if the page is wide enough."""
    toy = session.choices().toy
    with st.container(horizontal=True, gap="medium"):
        for name, description in (
            ("x", "the words, one per row"),
            ("w_q", "makes queries"),
            ("w_k", "makes keys"),
            ("w_v", "makes values"),
        ):
            width = toy.numbers_per_word * _NUMBER + _WORD if name == "x" else toy.columns * _NUMBER
            with st.container(width=width + 4, gap="xxsmall"):
                st.markdown(f"**{TITLES[name].replace('_', chr(92) + '_')}** {description}")
                number_grid.table(
                    f"edit_{name}",
                    getattr(toy, name),
                    f"Table {TITLES[name]}",
                    partial(_take_table, name),
                    names=toy.words if name == "x" else (),
                    width=width + 2,
                )


def _take_table(name: str, found: Cells) -> None:
    toy = session.choices().toy
    session.change(toy=toy.with_table(name, found))


def _tied(part: str, value: Any, change: Callable[[Example, Any], Example]) -> dict[str, Any]:
    """Arguments that tie a widget to a part of the toy: it shows `value`; `change` gives the toy with the new value."""
    key = f"toy_{part}"
    st.session_state[key] = value
    return {"key": key, "on_change": _take, "args": (key, change)}


def _take(key: str, change: Callable[[Example, Any], Example]) -> None:
    value = st.session_state[key]
    if value is not None:
        session.change(toy=change(session.choices().toy, value))


def _with_words(toy: Example, text: str) -> Example:
    words, message = words_of(text)
    if message:
        st.session_state["toy_says"] = message
    else:
        st.session_state.pop("toy_says", None)
    return toy.with_words(words)


def pairs_of(toy: Example) -> list[str]:
    """The pairs of numbers that a plane can show of the words: "12", "34" …"""
    count = toy.numbers_per_word
    return [f"{a}{b}" for a in range(1, count + 1) for b in range(a + 1, count + 1)]


def axes_of(pair: str) -> tuple[int, int]:
    return int(pair[0]) - 1, int(pair[1]) - 1


def alternative(step: str) -> str:
    """What the picture of a step is, whatever its numbers are."""
    what = "Every step of attention as a table" if step == "all" else f"{STEPS[step]}, and the tables it is made of"
    return f"{what}, number by number. The sentence above says where the word looks; “Table” below holds the numbers."


def _says() -> str:
    """The message about the typed words, once; "" if there is none."""
    return st.session_state.pop("toy_says", "")


def _replaced(toy: Example, **changed: bool) -> Example:
    return replace(toy, **changed)
