"""Direct logit attribution of a head, cached: a text costs a forward pass, a token or a head next to nothing."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.analyses.inside.steps import Inside
from dashboard.analyses.logit_attribution.api import (
    copying,
    draw_logit_components,
    logit_components,
    no_predictions,
)
from dashboard.analyses.logit_attribution.direct import Attribution, DirectPath, direct_attribution, direct_path
from dashboard.analyses.logit_attribution.parts import LogitParts
from dashboard.analyses.logit_attribution.text import components_finding, copying_finding
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.ui import figure, session
from dashboard.ui.figure import Figure, Table
from dashboard.ui.layout_width import page_width
from dashboard.ui.model_and_text import Reading
from dashboard.ui.results_cache import cached

EXPLAINED = (
    "How the head changes the prediction of the next token (direct logit attribution). Its output times the "
    "unembedding is the change of the logit of each token in the vocabulary. Softmax turns logits into "
    "probabilities. Effects through later layers are left out."
)
COLUMNS = {
    "kind": "What",
    "rank": "Rank",
    "text": "Token",
    "id": "Number in the vocabulary",
    "position": "Place in the text",
    "logit": st.column_config.NumberColumn("Change of logit", format="%+.3f"),
    "beyond_mean": st.column_config.NumberColumn(
        "Minus the mean",
        format="%+.3f",
        help="Change in logit minus the mean change over the vocabulary (a constant does not move the softmax).",
    ),
    "weight": st.column_config.NumberColumn("Attention weight", format="percent"),
    "unknown": figure.UNREAD,
}
PARTS = {
    "part": "Part",
    "layer": "Layer",
    "head": "Head",
    "logit": st.column_config.NumberColumn("Logit", format="%+.3f"),
    "beyond_mean": COLUMNS["beyond_mean"],
}
AT_ONCE = 2.0  # seconds; longer measurements need a click
SPEED = 5e9  # multiplications a second of a busy laptop, comparisons among them


@cached("Reading how the model predicts…", holds=True)
def _path(key: str, text: str, bos: bool, _this: Reading) -> DirectPath | None:
    return direct_path(_this.model, _this.encoding)


@st.cache_resource(max_entries=64, show_spinner=False)
def _attribution(
    key: str, text: str, bos: bool, head: HeadId, query: int, _this: Reading, _head: Inside, _path: DirectPath
) -> Attribution:
    layer = _head.layer
    return direct_attribution(
        _path, _this.model, _this.encoding, layer.run, layer.parts, head.head, query, _this.options
    )


@st.cache_resource(max_entries=1024, show_spinner="Reading the corpus…")
def _copying(key: str, head: HeadId, _model: AttentionModel) -> pd.DataFrame:
    return copying(_model, [head]).table


@st.cache_resource(max_entries=1024, show_spinner=False)
def _requested(key: str, head: HeadId) -> list[bool]:
    """Empty until somebody requests the copying score."""
    return []


def at(this: Reading, head: Inside, query: int) -> Attribution | None:
    """The head's direct logit attribution at the token; None, and a small line, if the model has none."""
    where = this.key, this.encoding.text, this.bos
    try:
        path = _path(*where, this)
        if path is None:
            raise no_predictions(this.model)
        return _attribution(*where, head.head, query, this, head, path)
    except UserError as wrong:
        figure.remark(str(wrong))
        return None


def show_copying(this: Reading, head: Inside) -> None:
    """A line with the head's copying score: at once if it takes under 2 seconds, else after a click."""
    held = _requested(this.key, head.head)
    slow = not held and _seconds(this, head) > AT_ONCE
    if slow and not st.button("Measure whether it copies", icon=":material/content_copy:"):
        return
    held[:] = [True]
    try:
        figure.remark(copying_finding(_copying(this.key, head.head, this.model), head.head))
    except UserError as wrong:
        figure.remark(str(wrong))


@cached("Reading all parts of the prediction…")
def _components(key: str, text: str, bos: bool, query: int, piece: int | None, _this: Reading) -> LogitParts:
    return logit_components(_this.model, _this.encoding, query, piece, **_this.options)


def show_components(this: Reading, query: int) -> None:
    """Which heads of a decoder, its cross attention's among them, wrote the token of the target that comes next; at its
    end the most probable one."""
    ids = this.encoding.ids
    piece = ids[query + 1] if query + 1 < len(ids) else None
    try:
        parts = _components(this.key, this.encoding.text, this.bos, query, piece, this)
    except UserError as wrong:
        figure.remark(str(wrong))
        return
    st.subheader("Which heads wrote the next token", anchor=False)
    figure.show(
        Figure(
            draw_logit_components(parts, **session.look(min(page_width(), 600)).keywords()),
            parts.table,
            "wrote",
            finding=components_finding(parts),
            remarks=["Direct effects only: what goes through later layers is left out. X: heads of cross attention."],
            tables=[Table(PARTS)],
        )
    )


def _seconds(this: Reading, head: Inside) -> float:
    """About how many seconds a head takes: d rows of W_O to all logits, plus some hundred tokens."""
    rows, numbers = this.model.loaded.model.get_input_embeddings().weight.shape
    return rows * head.d * (numbers + 700) / SPEED
