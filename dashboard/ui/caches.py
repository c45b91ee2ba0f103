"""Results kept between clicks. Every cache is keyed on strings and numbers and limited in size.

Sessions share the values and never change them. A key holds everything that its value depends on, so nobody sees
another person's text unless they type it.
"""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import Literal
from weakref import WeakValueDictionary

import streamlit as st

from dashboard.analyses.ablation.at_word import Predictions
from dashboard.analyses.ablation.draw import AblationOnText, ablate_on_text
from dashboard.analyses.ablation.draw_at_word import predictions_without
from dashboard.analyses.compare.api import compare_models
from dashboard.analyses.compare.change import Changes
from dashboard.analyses.compare.changed_heads import changed_heads
from dashboard.analyses.contribution import api
from dashboard.analyses.explore.api import attention_together, attentions
from dashboard.analyses.explore.map_tiles import Overview
from dashboard.analyses.explore.map_tiles import overview as overview_of_map
from dashboard.analyses.scores.survey import Survey, survey
from dashboard.capture import AttentionModel, of_part, open_model, write_target
from dashboard.capture.ablate import By
from dashboard.heads.alignment import Aligned
from dashboard.heads.head_group import How
from dashboard.heads.head_id import HeadId, Part
from dashboard.heads.head_rows import HeadRows
from dashboard.heads.view import Between, HeadView
from dashboard.models import ModelSource, find
from dashboard.models.foreign import foreign
from dashboard.models.memory import free_bytes
from dashboard.models.waiting import holding, while_waiting
from dashboard.text import Encoding, Special, Unit
from dashboard.ui import paths, readings
from dashboard.ui.results_cache import cached, give_way, let_go
from dashboard.ui.server import quiet, this_run

TOKENS_AT_MOST = 2048  # a longer text is cut, and the page says so; up to this a laptop answers within seconds
LONGEST = 8192  # of a page that reads long texts: a laptop reads as many once, in minutes, and then answers in seconds
MODELS = 4  # kept open, if memory allows
SPARE = 500_000_000  # bytes that reading a text takes in addition to the weights

_open: WeakValueDictionary[str, AttentionModel] = WeakValueDictionary()
_ahead: dict[str, AttentionModel] = {}  # opened before a page asked, see `open_ahead`
_locks: dict[str, threading.Lock] = {}  # one for each requested model
_guard = threading.Lock()


def _released(_model: AttentionModel) -> None:
    """Drop the results that hold parts of a closed model, and let the next garbage collection check everything."""
    let_go()
    part.clear()
    quiet.look_again()


@st.cache_resource(max_entries=MODELS, on_release=_released, show_spinner="Opening the model…")
def _model(key: str, _source: ModelSource) -> AttentionModel:
    return _ahead.pop(key, None) or open_model(_source)


def opened(name: str, fetch_missing: bool = False) -> tuple[AttentionModel, str]:
    """The model by catalogue name, hub id or folder, and the cache key of everything computed with it.

    The key changes with the weights and with every other file in the model's folder. Raises UserError with what to
    do; for a path that nobody chose in this session, `dashboard.ui.paths.NotChosenHere`.
    """
    paths.check_model(name)
    if fetch_missing:
        return _opened(name, True)
    return this_run.once(("model", name), lambda: _opened(name, False))


def _opened(name: str, fetch_missing: bool) -> tuple[AttentionModel, str]:
    with while_waiting(give_way):
        with foreign(f"Finding “{name[:80]}”", "Choose another model."):
            source = find(name, fetch_missing=fetch_missing, progress=give_way)
        key = _key_of(source)
        with holding(_lock_of(key)):
            if key not in _open:
                _free_memory(source)
            model = _open[key] = _model(key, source)
    return model, key


def open_ahead(name: str) -> AttentionModel:
    """Open a model of this machine for the page that asks first, while its browser is on its way.

    Raises UserError as `dashboard.capture.open_model` does.
    """
    source = find(name)
    key = _key_of(source)
    with holding(_lock_of(key)):
        model = _open.get(key) or _ahead.get(key) or open_model(source)
        if key not in _open:
            _ahead[key] = model
    return model


def close_all() -> None:
    """Close all models. The next page that needs one opens it again."""
    _model.clear()


def open_models() -> list[AttentionModel]:
    """The models in memory."""
    return [model for model in _open.values() if model is not None]


def _key_of(source: ModelSource) -> str:
    return "\n".join([source.name, str(source.folder), source.revision, *_stamps(source.folder)])


def _lock_of(key: str) -> threading.Lock:
    """The lock under which a model is opened, one run at a time.

    Streamlit's cache also makes other runs wait, but they cannot be ended; here a person who waits can choose another
    model.
    """
    with _guard:
        return _locks.setdefault(key, threading.Lock())


def _free_memory(source: ModelSource) -> None:
    """Close all open models if one more would not fit into memory.

    Open weights can take twice the bytes of the stored ones.
    """
    needed = SPARE + 2 * sum(file.stat().st_size for file in source.folder.glob("*.safetensors"))
    if len(_open) and free_bytes() < needed:
        _model.clear()
        gc.collect()


def _stamps(folder: Path) -> list[str]:
    """Name, size and time of the files next to the weights: configuration and tokenizer."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".txt", ".model"))
        return [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    except OSError:
        return []  # the folder is gone; whatever needs it reports that


@st.cache_resource(max_entries=256, show_spinner=False)
def encoding(
    key: str, text: str, bos: bool, _model: AttentionModel, pair: str = "", most: int = TOKENS_AT_MOST
) -> Encoding:
    """The encoded text. pair: a second text, encoded with the first; most: tokens that are read"""
    return _model.encode(text, bos=bos, limit=most, pair=pair or None)


@st.cache_resource(max_entries=16, show_spinner=False)
def part(key: str, part: Part, source: str, bos: bool, _model: AttentionModel) -> AttentionModel:
    """The decoder, or its cross attention, of a model that has read this source."""
    return of_part(_model, part, encoding(key, source, bos, _model))


@st.cache_data(max_entries=64, show_spinner="Writing the target…")
def target(key: str, source: str, bos: bool, _model: AttentionModel, beams: int = 1) -> str:
    """What the model writes for this source. beams: as in `write_target`, which raises UserError"""
    return write_target(part(key, "decoder", source, bos, _model), beams=beams)


@cached("Reading the heads…")
def overview(
    key: str, text: str, bos: bool, _model: AttentionModel, _encoding: Encoding, between: Between | None = None
) -> Survey:
    """Scores and thumbnails of all heads over this text. between: only over these links of a sentence pair"""
    if found := readings.at_once(key, text, bos, _model, _encoding):
        return found.survey
    return survey(_model, _encoding, between=between)


@cached()
def views(
    key: str,
    text: str,
    bos: bool,
    heads: tuple[HeadId, ...],
    unit: Unit,
    special: Special,
    _model: AttentionModel,
    _encoding: Encoding,
) -> list[HeadView]:
    """The attention of these heads, as the page draws it."""
    if found := readings.at_once(key, text, bos, _model, _encoding):
        return [found.view(head, unit=unit, special=special) for head in heads]
    return attentions(_model, _encoding, heads, unit=unit, special=special)


@cached()
def map_overview(
    key: str, text: str, bos: bool, head: HeadId, unit: Unit, special: Special, _rows: HeadRows
) -> Overview:
    """The whole map of a head over a long text."""
    return overview_of_map(_rows, _rows.axis.special)


@cached()
def together(
    key: str,
    text: str,
    bos: bool,
    heads: str,
    how: How,
    unit: Unit,
    special: Special,
    _model: AttentionModel,
    _encoding: Encoding,
) -> HeadView:
    """The attention of several heads as one, see `attention_together`."""
    return attention_together(_model, _encoding, heads, how, unit=unit, special=special)


@cached()
def contributions(
    key: str,
    text: str,
    bos: bool,
    heads: tuple[HeadId, ...],
    unit: Unit,
    special: Special,
    _model: AttentionModel,
    _encoding: Encoding,
) -> list[HeadView]:
    """The contributions of these heads (value-weighted norms), as `views`, on one scale.

    Raises UserError if they cannot be measured.
    """
    return api.contributions(_model, _encoding, heads, unit=unit, special=special)


@cached()
def rollout(
    key: str, text: str, bos: bool, first: int, last: int, special: Special, _model: AttentionModel, _encoding: Encoding
) -> HeadView:
    """Attention rolled out over these layers."""
    return api.rollout(_model, _encoding, (first, last), special=special)


@cached(tokens=lambda key, head, other_key, other_head, text, *more: len(text) // 3)
def meeting(
    key: str,
    head: HeadId | str,
    other_key: str,
    other_head: HeadId | str,
    text: str,
    special: Special,
    bos: bool,
    measure: Literal["weight", "contribution"],
    together: How | None,
    pair: str,
    between: Between | None,
    _model: AttentionModel,
    _other: AttentionModel,
) -> Aligned:
    """A head, or several together, of one model and of another, aligned over the words that both share."""
    heads = _model, head, _other, other_head
    return compare_models(
        *heads,
        text,
        special=special,
        bos=bos,
        limit=TOKENS_AT_MOST,
        measure=measure,
        together=together,
        pair=pair or None,
        between=between,
    )


@st.cache_resource(max_entries=64, show_spinner="Comparing all heads…")
def changes(key: str, first: str, second: str, bos: bool, _model: AttentionModel) -> Changes:
    """All heads by how much they change between two texts."""
    return changed_heads(_model, first, second, bos=bos)


@st.cache_resource(max_entries=64, show_spinner="Ablating heads…")
def without(
    key: str, text: str, bos: bool, heads: tuple[HeadId, ...], by: By, _model: AttentionModel, _encoding: Encoding
) -> AblationOnText:
    """The joint ablation of these heads on this text."""
    cut = TOKENS_AT_MOST if _encoding.left_out else None
    held = readings.held(key, text, bos, by, _model, _encoding)
    return ablate_on_text(_model, _encoding, heads, by=by, bos=bos, limit=cut, progress=give_way, held=held)


@cached("Ablating heads…", many=16, few=2, holds=True)
def predictions(
    key: str, text: str, bos: bool, heads: tuple[HeadId, ...], by: By, _model: AttentionModel, _encoding: Encoding
) -> Predictions:
    """What the model predicts at each token of this text, with these heads and without them."""
    held = readings.held(key, text, bos, by, _model, _encoding)
    return predictions_without(_model, _encoding, heads, by=by, bos=bos, progress=give_way, held=held)
