"""The steps of a head, cached: a layer costs a forward pass, one of its heads little, a query nothing."""

from __future__ import annotations

import streamlit as st

from dashboard.analyses.inside.api import look_at_layer, one_head
from dashboard.analyses.inside.steps import Inside, Layer, QueryRow, query_row
from dashboard.builtin.attention import attend, multi_head, project
from dashboard.builtin.source_listing import Listing, listing
from dashboard.errors import UserError
from dashboard.ui import session
from dashboard.ui.model_and_text import Reading
from dashboard.ui.page import end_page, problem
from dashboard.ui.results_cache import cached
from dashboard.ui.url_state import STRONGEST

LONGEST = max(listing(function).code.count("\n") + 1 for function in (project, attend, multi_head))  # lines


@cached("Reading the layer…", few=6, holds=True)
def _layer(key: str, text: str, bos: bool, layer: int, _this: Reading) -> Layer:
    return look_at_layer(_this.model, _this.encoding, layer)


@cached(few=24, holds=True)
def _head(key: str, text: str, bos: bool, layer: int, head: int, _this: Reading, _layer: Layer) -> Inside:
    return one_head(_this.model, _this.encoding, _layer, head, _this.options)


def chosen_head(this: Reading) -> tuple[Inside, QueryRow]:
    """The chosen head over the text and the chosen token's row; or a sentence and the end of the page."""
    chosen = session.choices()
    where = this.key, this.encoding.text, this.bos, chosen.layer
    try:
        layer = _layer(*where, this)
        found = _head(*where, chosen.head, this, layer)
    except UserError as wrong:
        problem(wrong)
        end_page()
    # Another text, or another model, may have fewer tokens.
    if chosen.query >= len(this.encoding):
        session.correct(query=len(this.encoding) - 1)
    if chosen.key >= len(found.keys):
        session.correct(key=STRONGEST)
    if chosen.step not in found.maps:
        session.correct(step="weights")
    chosen = session.choices()
    return found, query_row(found, chosen.query, None if chosen.key == STRONGEST else chosen.key)


def click_step(key: str) -> None:
    """A click on the maps with this key: the step under the pointer."""
    if points := st.session_state[key].selection.get("step"):
        session.change(step=str(points[0]["step"]))


def code_of(this: Inside, step: str = "") -> Listing:
    """The source of the function that computed the step; without a step, of all functions, in reading order.

    If our attention began with the model's own queries it is `attend` alone, whatever the step.
    """
    functions = (project, attend, multi_head) if this.run.layer is not None else (attend,)
    if not step:
        return listing(*functions)
    return next((one for one in map(listing, functions) if step in one.lines), listing(attend))


def code_says(this: Inside) -> str:
    """What the code is, in a sentence."""
    where = "This is the code that ran, from dashboard/builtin/attention.py."
    if this.run.layer is None:
        return f"{where} It starts from the model's own queries, keys and values."
    if not this.layer.at_once:
        return f"{where} Long texts and special layers are computed in blocks of rows."
    return where
