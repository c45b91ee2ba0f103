"""What is worth keeping between two clicks. Every cache is keyed on strings and numbers and has an end.

Values are shared between sessions and never changed; a key holds everything that the value depends on, so
no one can meet another person's text but by typing it.
"""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import Literal
from weakref import WeakValueDictionary

import psutil
import streamlit as st

from dashboard.analyses.ablation.draw import AblationOnText, ablate_on_text
from dashboard.analyses.compare.api import compare_models
from dashboard.analyses.compare.change import Changes
from dashboard.analyses.compare.changed_heads import changed_heads
from dashboard.analyses.contribution import api
from dashboard.analyses.explore.api import attentions
from dashboard.analyses.scores.survey import Survey, survey
from dashboard.analyses.toy.api import KEYS
from dashboard.analyses.toy.sharpness import Sharpness, sharpness
from dashboard.capture import AttentionModel, open_model
from dashboard.capture.ablate import By
from dashboard.heads.alignment import Aligned
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import Between, HeadView
from dashboard.models import ModelSource, find
from dashboard.models.foreign import foreign
from dashboard.models.waiting import holding, while_waiting
from dashboard.text import Encoding, Special, Unit
from dashboard.ui import paths, quiet
from dashboard.ui.results_cache import kept, let_go

TOKENS_AT_MOST = 2048  # a longer text is cut, and the page says so: a laptop answers within seconds up to here


MODELS = 4  # that are kept open, where memory allows
SPARE = 500_000_000  # bytes that reading a text takes beside the weights

_open: WeakValueDictionary[str, AttentionModel] = WeakValueDictionary()
_turns: dict[str, threading.Lock] = {}  # as many as there are models that were asked for
_guard = threading.Lock()


def _released(_model: AttentionModel) -> None:
    """A model is let go: so is what holds parts of it, and the next collection looks for it among all that there is."""
    let_go()
    quiet.look_again()


@st.cache_resource(max_entries=MODELS, on_release=_released, show_spinner="Opening the model…")
def _model(key: str, _source: ModelSource) -> AttentionModel:
    return open_model(_source)


def _give_way(fraction: float = 0.0, sentence: str = "") -> None:
    """Streamlit ends a run that nobody waits for any more where it asks for the session, as it does here."""
    _ = "choices" in st.session_state


def opened(name: str, fetch_missing: bool = False) -> tuple[AttentionModel, str]:
    """The model by catalogue name, hub id or folder, and the key of all that is computed with it: it changes with
    the weights, and with every other file of the model's folder. Raises UserError with what to do, for a
    path that nobody chose in this session `dashboard.ui.paths.NotChosenHere`."""
    paths.check_model(name)
    with while_waiting(_give_way):
        with foreign(f"Finding “{name[:80]}”", "Choose another model."):
            source = find(name, fetch_missing=fetch_missing, progress=_give_way)
        key = "\n".join([source.name, str(source.folder), source.revision, *_stamps(source.folder)])
        with holding(_turn_of(key)):
            if key not in _open:
                _make_room(source)
            model = _open[key] = _model(key, source)
    return model, key


def _turn_of(key: str) -> threading.Lock:
    """One after the other for one model, and who waits may choose another one meanwhile: Streamlit's cache, too, lets
    one open it while the others wait, but nobody can leave."""
    with _guard:
        return _turns.setdefault(key, threading.Lock())


def _make_room(source: ModelSource) -> None:
    """Lets go of all open models where one more would not fit into memory: its weights may be stored in half the bytes
    that they take when they are open."""
    needed = SPARE + 2 * sum(file.stat().st_size for file in source.folder.glob("*.safetensors"))
    if len(_open) and psutil.virtual_memory().available < needed:
        _model.clear()
        gc.collect()


def _stamps(folder: Path) -> list[str]:
    """Name, size and time of the files beside the weights: configuration and tokenizer."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".txt", ".model"))
        return [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    except OSError:
        return []  # the folder went away; what needs it says so


@st.cache_resource(max_entries=256, show_spinner=False)
def encoding(key: str, text: str, bos: bool, _model: AttentionModel, pair: str = "") -> Encoding:
    """The text as the model sees it; pair: together with a second text."""
    return _model.encode(text, bos=bos, limit=TOKENS_AT_MOST, pair=pair or None)


@kept("Reading the heads…")
def overview(
    key: str, text: str, bos: bool, _model: AttentionModel, _encoding: Encoding, between: Between | None = None
) -> Survey:
    """Scores and thumbnails of all heads over this text; between: over these links of a sentence pair."""
    return survey(_model, _encoding, between=between)


@kept()
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
    return attentions(_model, _encoding, heads, unit=unit, special=special)


@kept()
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
    """What these heads carry over, as `views`, on one scale. Raises UserError where that cannot be measured."""
    return api.contributions(_model, _encoding, heads, unit=unit, special=special)


@kept()
def rollout(
    key: str, text: str, bos: bool, first: int, last: int, special: Special, _model: AttentionModel, _encoding: Encoding
) -> HeadView:
    """Attention rolled out over these layers."""
    return api.rollout(_model, _encoding, (first, last), special=special)


@kept(tokens=lambda key, head, other_key, other_head, text, *more: len(text) // 3)
def meeting(
    key: str,
    head: HeadId,
    other_key: str,
    other_head: HeadId,
    text: str,
    special: Special,
    bos: bool,
    measure: Literal["weight", "contribution"],
    pair: str,
    between: Between | None,
    _model: AttentionModel,
    _other: AttentionModel,
) -> Aligned:
    """A head of one model and one of another, over the words at which they meet."""
    return compare_models(
        _model,
        head,
        _other,
        other_head,
        text,
        special=special,
        bos=bos,
        limit=TOKENS_AT_MOST,
        measure=measure,
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
    """What changes on this text without these heads together."""
    cut = TOKENS_AT_MOST if _encoding.left_out else None
    return ablate_on_text(_model, _encoding, heads, by=by, bos=bos, limit=cut, progress=_give_way)


@st.cache_resource(max_entries=1, show_spinner=False)
def sharpness_here() -> tuple[Sharpness, ...]:
    """What 1/√d is for, measured once."""
    return sharpness(keys=KEYS)
