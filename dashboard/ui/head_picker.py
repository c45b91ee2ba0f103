"""Controls that choose a head, what to draw of it, and a second model to compare it with."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import serving
from dashboard.capture import AttentionModel
from dashboard.charts.look import Selection
from dashboard.heads.head_id import Part, from_selection
from dashboard.models import offered, title_of
from dashboard.ui import model_and_text, session
from dashboard.ui.url_state import MOST_PINS

PART_TITLES: dict[Part, str] = {"": "Encoder", "decoder": "Decoder", "cross": "Cross attention"}
MEASURES = {"weight": "Weight", "contribution": "Contribution"}
MEASURE_HELP = (
    "Weight: how much attention a key gets. Contribution: the norm of what the key adds, weight × value after the "
    "output projection. A key with much attention can add little. After Kobayashi et al. 2020."
)


def click(key: str) -> None:
    """A click on the atlas with this key: the chosen head is the one under the pointer."""
    if points := session.selected(key).get("head"):
        session.click_head(from_selection(points[0]), int(points[0]["epoch"]))


def selection(key: str) -> Selection:
    """What the picture of all heads with this key marks. A picture that was not on the page has no click to keep."""
    if key not in st.session_state:
        session.begin_epoch()
    return session.selection()


def numbers(model: AttentionModel) -> None:
    """Layer and head as numbers. They are not bounded: the browser would mark another number in red and say nothing,
    here the nearest head is shown with a sentence (`session.fit_to`)."""
    for field, label, most in (
        ("layer", "Layer", model.layers - 1),
        ("head", "Head", model.heads_of(session.choices().layer) - 1),
    ):
        st.number_input(label, step=1, width=120, help=f"Counted from 0, up to {most}.", **session.bound(field))


def by_number(model: AttentionModel) -> None:
    """Layer and head as numbers, and the button that pins the chosen head; side by side in a row."""
    chosen = session.choices()
    numbers(model)
    full = len(chosen.pins) >= MOST_PINS
    st.button(
        "Pin this head",
        icon=":material/keep:",
        on_click=session.pin,
        args=(chosen.chosen,),
        disabled=chosen.chosen in chosen.pinned or full,
        help=f"{MOST_PINS} heads are pinned: unpin one first."
        if full
        else "A pinned head follows you from page to page. Two or more can be compared, or ablated together.",
    )


def part() -> None:
    """The part of an encoder–decoder whose heads are shown; nothing where the model is another."""
    if not model_and_text.has_parts():
        return
    if session.choices().part == "encoder":  # the same as none
        session.correct(part="")
    st.segmented_control(
        "Part",
        list(PART_TITLES),
        format_func=PART_TITLES.__getitem__,
        required=True,
        help="Encoder: the text looks at itself. Decoder: the target looks at itself. Cross attention: the target "
        "looks at the text.",
        **session.bound("part"),
    )


def measure() -> None:
    """The control for weights or contributions (METRICS §6). See `Reading.chosen_views`."""
    st.segmented_control(
        "Measure",
        list(MEASURES),
        required=True,
        format_func=MEASURES.__getitem__,
        help=MEASURE_HELP,
        **session.bound("measure_of"),
    )


def models_to_choose(chosen: str, *, but: str = "") -> dict[str, Any]:
    """For a selectbox: the models that are offered, and whether another may be typed. but: one that is not offered"""
    typed = not serving.for_others()
    return {
        "options": [name for name in offered(chosen) if name != but],
        "format_func": title_of,
        "accept_new_options": typed,
        "placeholder": "A name, a hub id or a folder" if typed else "Choose a model",
    }


def second_model(*, but: str = "") -> None:
    """The control for the second model: one of the catalogue, or typed. but: a model that is not offered"""
    st.selectbox(
        "Second model",
        **models_to_choose(session.choices().other_model, but=but),
        width=320,
        help="The first model is the one at the top.",
        **session.bound("other_model"),
    )


def between() -> None:
    """Which links of a sentence pair are drawn."""
    ways = {"all": "All", "AA": "A → A", "AB": "A → B", "BA": "B → A", "BB": "B → B"}
    st.segmented_control(
        "Between the texts",
        list(ways),
        format_func=ways.__getitem__,
        required=True,
        help="A is the first text, B the second. A → B: attention from words of the first to words of the second.",
        **session.bound("between"),
    )
