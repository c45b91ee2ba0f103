"""“Queries and keys”, cached: the corpus costs one pass, a head next to nothing."""

from __future__ import annotations

import streamlit as st

from dashboard.analyses.query_key.api import plane_of, query_keys
from dashboard.analyses.query_key.biplot import QueryKeyMap
from dashboard.analyses.query_key.chart import BY
from dashboard.analyses.query_key.vectors import CorpusVectors
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.ui.figure import UNREAD
from dashboard.ui.model_and_text import Opened
from dashboard.ui.page import end_page, problem

_PLACE = "Score = x·x + y·y, up to a constant for each query."
COLUMNS = {
    "kind": "What",
    "x": st.column_config.NumberColumn("Across", format="%.3f", help=_PLACE),
    "y": st.column_config.NumberColumn("Up", format="%.3f", help=_PLACE),
    "sentence": "Sentence",
    "position": st.column_config.NumberColumn("Position", help="In the tokens that the model reads, counted from 0."),
    "text": "Token",
    "word": "Word’s number",
    "upos": "Part of speech",
    "relation": "Relation",
    "frequency": st.column_config.NumberColumn("Frequency", help="How often the word occurs in the whole corpus."),
    "said": "Word in its sentence",
    "looks_at": "Looks most at",
    "weight": st.column_config.NumberColumn("Attention weight", format="percent"),
    "unknown": UNREAD,
}
BY_NAMES = {by: name.capitalize() for by, name in BY.items()}


@st.cache_resource(max_entries=2, show_spinner="Reading queries and keys…")
def _vectors(key: str, bos: bool, _model: AttentionModel) -> CorpusVectors:
    return query_keys(_model, bos=bos, part=_model.part)


def between_texts(model: AttentionModel) -> str:
    """What a decoder reads of a built-in sentence, as a sentence behind others; "" of what reads no target."""
    if model.part == "cross":
        return " The queries are of the target, the keys of the source; each sentence is read as both."
    return " Each sentence is read as the source and as the target." if model.part == "decoder" else ""


def plane(this: Opened, head: HeadId) -> QueryKeyMap:
    """The plane of a head; or a sentence with why there is none, and the end of the page."""
    bos = this.bos or not this.model.causal
    try:
        return plane_of(_vectors(this.key, bos, this.model), head)  # not cached: it would hold the vectors
    except UserError as wrong:
        problem(wrong)
    end_page()
    return None
