"""Requests for all heads of a model over the built-in sentences, and arrays as the bytes of a file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from io import BytesIO
from typing import Any, Self, TypeVar

import numpy as np

from dashboard.capture import AttentionModel
from dashboard.capture.model import HEADS_OF
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.models import ModelSource
from dashboard.models.catalogue import CATALOGUE
from dashboard.models.twin.source import UNTRAINED, untrained


@lru_cache(maxsize=1)
def corpus_sha256() -> str:
    """The SHA-256 of the built-in corpus."""
    return hashlib.sha256(builtin_corpus().read_bytes()).hexdigest()


OfHeads = TypeVar("OfHeads", bound="AllHeads")


@dataclass(frozen=True)
class AllHeads:
    """All heads of a model with these weights: a `measurement.Request`.

    Attributes
    ----------
    model, revision: its name (the whole path of a folder), and the version of its weights
    layers, heads: how many it has
    bos: whether a start token goes in front; True if it makes no difference
    sha256: of the corpus
    """

    model: str
    revision: str
    layers: int
    heads: int
    bos: bool
    sha256: str = field(default_factory=corpus_sha256, kw_only=True)

    @classmethod
    def of(cls, model: AttentionModel, bos: bool = True, **more: Any) -> Self:
        """The request for an open model. Raises UserError for a part of one that reads a target."""
        if model.given is not None:
            raise UserError(
                f"The built-in sentences have no targets, so they measure no {HEADS_OF[model.part]}. Choose the "
                "encoder, or one source with its target."
            )
        return cls(*known_as(model.source), model.layers, model.heads, bos or not model.causal, **more)

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model,)

    @property
    def options(self) -> dict[str, str | int | float | bool | None]:
        return {"bos": self.bos}

    @property
    def named(self) -> tuple[str, ...]:
        return ()

    @property
    def shipped_name(self) -> str:
        return file_name(self.model)

    def key(self) -> dict[str, Any]:
        return asdict(self)


def known_as(source: ModelSource) -> tuple[str, str]:
    """A model's name (the whole path of a folder) and the version of its weights."""
    if source.trained is not None:
        return UNTRAINED + known_as(source.trained)[0], source.revision
    is_folder = source.revision.startswith("sha256:") and source.name not in CATALOGUE
    return str(source.folder.resolve()) if is_folder else source.name, source.revision


def twin_request(request: OfHeads, source: ModelSource) -> OfHeads:
    """The same request for the untrained twin of the model that this source is of, without opening it.

    Raises UserError for a model that has none.
    """
    name, revision = known_as(untrained(source))
    return replace(request, model=name, revision=revision)


def file_name(model: str) -> str:
    """A model's name in the name of a shipped file."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", model)[:60]


def pack(about: Mapping[str, object], **arrays: np.ndarray) -> bytes:
    """Arrays and their description (`about`, plain values) as NPZ."""
    written = BytesIO()
    np.savez_compressed(
        written, allow_pickle=False, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays
    )
    return written.getvalue()


def unpack(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """The arguments of `pack`: about, and the arrays by name. Raises some error for other bytes."""
    with np.load(BytesIO(data), allow_pickle=False) as held:
        arrays = dict(held)
    return json.loads(arrays.pop("about").tobytes()), arrays
