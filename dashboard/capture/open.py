"""Opening a model: by the tap, or by its own eager attention where the tap does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from dashboard.capture import tap
from dashboard.capture.encoder_decoder import of_part
from dashboard.capture.limits import at_once, limit_of
from dashboard.capture.maps import join_blocks
from dashboard.capture.model import AttentionModel, Route
from dashboard.capture.probe import NOT_COMMON, Shape, Unfit, Unreadable, probe_eager, probe_tap
from dashboard.capture.stacks import open_parts
from dashboard.capture.weight_file import ReplayedModel
from dashboard.errors import UserError
from dashboard.models import Loaded, ModelSource, find, load
from dashboard.models.foreign import foreign
from dashboard.models.twin.source import untrained
from dashboard.models.waiting import pause


def open_model(
    name: str | ModelSource,
    *,
    fetch_missing: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> AttentionModel:
    """Finds and loads a model and makes sure that its attention can be read.

    Parameters
    ----------
    name: a name in the catalogue ("minilm"), a folder, a hub id ("owner/name"), a file of weights (.npz), or what
        `find` gave for one; with "untrained:" before it, its untrained twin
    fetch_missing: fetch a model of the catalogue that is not on this machine yet
    progress: called with how far fetching is: a fraction and a sentence

    The model is run on a few tokens, through the tap and by the library's eager attention. Where the two agree, the
    tap is used, else eager attention. A file of weights is replayed over its own text, `AttentionModel.own_text`.
    Raises UserError where neither gives weights, and for all that `find`, `load` and `read_weights` raise it for.
    """
    source = name if isinstance(name, ModelSource) else find(name, fetch_missing=fetch_missing, progress=progress)
    if source.weights_alone:
        return ReplayedModel.open(source)
    with foreign(f"Opening “{source.title}”", "Choose another model."):
        return _opened(source)


def untrained_twin(model: AttentionModel | str) -> AttentionModel:
    """The untrained twin of a model: the same configuration and tokenizer, with weights that transformers' own
    initialiser draws, seed 0. What it shows too does not come from training (METRICS §10).

    Parameters
    ----------
    model: an open model, or a name as `open_model` takes it. Of a part of an encoder–decoder with a source: the same
        part of the twin, with the same source

    ``open_model("untrained:NAME")`` opens the same. The twin takes as much memory as the model, has a name and a
    revision of its own, and is the same bytes in every process. Raises UserError for what has no trained weights
    (attention weights without a model, a model that was written by hand), and as `open_model` does.
    """
    if isinstance(model, str):
        return open_model(untrained(find(model)))
    twin = open_model(untrained(model.source))
    return of_part(twin, model.part, model.given.source if model.given else None)


def _opened(source: ModelSource) -> AttentionModel:
    try:
        return _through_tap(source)
    except Unfit as unfit:
        reason = str(unfit)
    except UserError:  # a few architectures refuse to be loaded with any attention but their own
        reason = NOT_COMMON
    try:
        return _by_eager(source)
    except Unfit as unfit:
        reasons = str(unfit) if isinstance(unfit, Unreadable) else " and ".join(dict.fromkeys([reason, str(unfit)]))
        raise UserError(f"The attention of {source.title} cannot be read: {reasons}. Choose another model.") from unfit


def _through_tap(source: ModelSource) -> AttentionModel:
    loaded = _load(source, tap.NAME)
    if not loaded.model._can_set_attn_implementation():
        raise Unfit(NOT_COMMON)
    if not loaded.model._supports_sdpa:
        loaded.model.set_attn_implementation(tap.NAME_ADDITIVE)
    with _pausing(loaded.model):
        if loaded.two_stacks:
            return open_parts(loaded, "tap")
        shape = probe_tap(loaded.model)
    return _made(loaded, shape, limit_of(loaded.model, loaded.tokenizer), "tap")


def _by_eager(source: ModelSource) -> AttentionModel:
    loaded = _load(source, "eager")
    with _pausing(loaded.model):
        if loaded.two_stacks:
            return open_parts(loaded, "eager")
        join_blocks(loaded.model)
        shape = probe_eager(loaded.model)
    limit = min(limit_of(loaded.model, loaded.tokenizer), at_once(len(shape.numbers), shape.heads))
    limit = min(limit, shape.square or limit)
    return _made(loaded, shape, limit, "eager")


@contextmanager
def _pausing(model: torch.nn.Module) -> Iterator[None]:
    """Within it, a pass through the model may be given up before each of its layers."""
    members = [one for many in model.modules() if isinstance(many, torch.nn.ModuleList) for one in many]
    handles = [one.register_forward_pre_hook(lambda *_: pause()) for one in members]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _made(loaded: Loaded, shape: Shape, limit: int, route: Route) -> AttentionModel:
    return AttentionModel(
        loaded.source,
        loaded,
        shape.layers,
        shape.numbers,
        shape.heads,
        shape.causal,
        limit,
        route,
        shape.hidden,
        shape.untried,
        pooled=shape.pooled,
        fewer=shape.fewer,
    )


def _load(source: ModelSource, attention: str) -> Loaded:
    loaded = load(source, attn_implementation=attention)
    # A cache of keys and values is for writing on; here it would only hold memory.
    loaded.model.config.get_text_config().use_cache = False
    return loaded
