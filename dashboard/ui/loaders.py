"""What is worth keeping between two clicks. Every cache is keyed on strings and numbers and has an end.

Values are shared between sessions and never changed; a key holds everything that the value depends on, so
no one can meet another person's text but by typing it.
"""

from __future__ import annotations

import streamlit as st

from dashboard import api
from dashboard.capture import AttentionModel, open_model
from dashboard.heads import HeadId, HeadView, Survey
from dashboard.models import ModelSource, find
from dashboard.text import Encoding

TOKENS_AT_MOST = 2048  # a longer text is cut, and the page says so: a laptop answers within seconds up to here


@st.cache_resource(max_entries=2, show_spinner="Opening the model…")
def _model(folder: str, revision: str, _source: ModelSource) -> AttentionModel:
    return open_model(_source)


def model(name: str, fetch_missing: bool = False) -> AttentionModel:
    """The model by catalogue name, hub id or folder. Raises UserError with what to do."""
    source = find(name, fetch_missing=fetch_missing)
    return _model(str(source.folder), source.revision, source)


@st.cache_resource(max_entries=64, show_spinner=False)
def _encoding(folder: str, revision: str, text: str, bos: bool, _model: AttentionModel) -> Encoding:
    return _model.encode(text, bos=bos, limit=TOKENS_AT_MOST)


def encoding(model: AttentionModel, text: str, bos: bool) -> Encoding:
    return _encoding(str(model.source.folder), model.revision, text, bos, model)


@st.cache_resource(max_entries=12, show_spinner="Reading the heads…")
def _overview(folder: str, revision: str, text: str, bos: bool, _model: AttentionModel, _encoding: Encoding) -> Survey:
    return api.overview(_model, _encoding)


def overview(model: AttentionModel, encoding: Encoding, bos: bool) -> Survey:
    """Scores and thumbnails of all heads over this text."""
    return _overview(str(model.source.folder), model.revision, encoding.text, bos, model, encoding)


@st.cache_resource(max_entries=12, show_spinner=False)
def _views(
    folder: str, revision: str, text: str, bos: bool, heads: tuple[tuple[int, int], ...], unit: str, special: str,
    _model: AttentionModel, _encoding: Encoding,
) -> list[HeadView]:  # fmt: skip
    return api.attentions(_model, _encoding, [HeadId(*head) for head in heads], unit=unit, special=special)


def views(
    model: AttentionModel, encoding: Encoding, bos: bool, heads: tuple[HeadId, ...], unit: str, special: str
) -> list[HeadView]:
    """The attention of these heads, as the page draws it."""
    numbers = tuple((head.layer, head.head) for head in heads)
    return _views(str(model.source.folder), model.revision, encoding.text, bos, numbers, unit, special, model, encoding)
