"""What a head writes, kept between clicks: a text costs a forward pass, a token or a head next to nothing."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.analyses.inside.steps import Inside
from dashboard.analyses.logit_attribution.api import copying, no_predictions
from dashboard.analyses.logit_attribution.direct import Attribution, DirectPath, direct_attribution, direct_path
from dashboard.analyses.logit_attribution.text import copying_finding
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.ui import figure
from dashboard.ui.model_and_text import Reading
from dashboard.ui.results_cache import kept

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
AT_ONCE = 2.0  # seconds that nobody needs to be asked for
SPEED = 5e9  # multiplications a second of a busy laptop, comparisons among them


@kept("Reading how the model predicts…", holds=True)
def _path(key: str, text: str, bos: bool, _this: Reading) -> DirectPath | None:
    return direct_path(_this.model, _this.encoding)


@st.cache_resource(max_entries=64, show_spinner=False)
def _writes(
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
def _asked(key: str, head: HeadId) -> list[bool]:
    """Empty until the copying score was asked for, by whoever asked first."""
    return []


def at(this: Reading, head: Inside, query: int) -> Attribution | None:
    """What the head writes at the token; None, with a quiet sentence, where the model's heads write no logits."""
    where = this.key, this.encoding.text, this.bos
    try:
        path = _path(*where, this)
        if path is None:
            raise no_predictions(this.model)
        return _writes(*where, head.head, query, this, head, path)
    except UserError as wrong:
        figure.remark(str(wrong))
        return None


def say_copying(this: Reading, head: Inside) -> None:
    """The copying score of the head in a line: at once where it takes under 2 seconds, else when it is asked for."""
    held = _asked(this.key, head.head)
    slow = not held and _seconds(this, head) > AT_ONCE
    if slow and not st.button("Measure whether it copies", icon=":material/content_copy:"):
        return
    held[:] = [True]
    try:
        figure.remark(copying_finding(_copying(this.key, head.head, this.model), head.head))
    except UserError as wrong:
        figure.remark(str(wrong))


def _seconds(this: Reading, head: Inside) -> float:
    """About how long a head takes: d rows of W_O to all logits, and some hundred tokens more."""
    rows, numbers = this.model.loaded.model.get_input_embeddings().weight.shape
    return rows * head.d * (numbers + 700) / SPEED
