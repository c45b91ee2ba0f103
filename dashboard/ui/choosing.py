"""Choosing a head: by a click on a picture of all of them, or by its numbers; and keeping it."""

from __future__ import annotations

import streamlit as st

from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.heads import HeadId
from dashboard.ui import state
from dashboard.ui.choices import TRAY_SIZE


def click(key: str) -> None:
    """A click on the atlas with this key: the chosen head is the one under the pointer."""
    if points := st.session_state[key].selection.get("head"):
        state.click_head(HeadId(int(points[0]["layer"]), int(points[0]["head"])), int(points[0]["turn"]))


def frames(key: str) -> dict[str, object]:
    """The head that the picture of all heads with this key frames, and the turn it is drawn in: arguments of what draws
    it. A picture that was not on the page remembers no click."""
    if key not in st.session_state:
        state.frame_anew()
    return {"selected": state.framed(), "turn": state.turn()}


def all_heads(chart: Drawing, key: str) -> None:
    """A picture of all heads, drawn with its `frames`; a click on one chooses it."""
    st.altair_chart(chart, theme=None, width="content", key=key, on_select=lambda: click(key), selection_mode="head")


def by_number(model: AttentionModel) -> None:
    """Layer and head as numbers, and the button that puts the chosen head into the tray; side by side in a row."""
    chosen = state.choices()
    st.number_input("Layer", 0, model.layers - 1, width=120, **state.bound("layer"))
    st.number_input("Head", 0, model.heads - 1, width=120, **state.bound("head"))
    full = len(chosen.tray) == TRAY_SIZE
    st.button(
        "Add to tray",
        icon=":material/add:",
        on_click=state.add_to_tray,
        args=(chosen.chosen,),
        disabled=chosen.chosen in chosen.tray or full,
        help="The tray is full: take a head out first." if full else "Keep this head to compare it.",
    )
