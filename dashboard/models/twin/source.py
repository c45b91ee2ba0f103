"""The untrained twin of a model as a source of its own: its name, its revision, and which models have none."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from importlib import metadata
from typing import TYPE_CHECKING

from dashboard import serving
from dashboard.errors import UserError
from dashboard.models.checkpoint_folder import weight_files
from dashboard.models.weights import headers

if TYPE_CHECKING:
    from dashboard.models.resolve import ModelSource

UNTRAINED = serving.UNTRAINED
"""Before the name of a model: its untrained twin, which opens like any model."""
SEED = 0
JOBS = "jobs.json"
"""Beside the weights of a model that was written by hand: the jobs of its heads."""
NOTE = f"Untrained: transformers’ own initialiser drew its weights, seed {SEED}. Nothing was learned."


def untrained(source: ModelSource) -> ModelSource:
    """The twin of a model: ``untrained:`` and its name, and a revision that no trained model has.

    The revision is a hash of all that the weights follow from: the configuration, which tensors there are, the seed and
    the version of transformers. So two trainings of one configuration share a twin, and none shares its name.

    Raises UserError, with the reason, for what has no trained weights.
    """
    if source.trained is not None:
        raise UserError(f"{source.title} is an untrained twin already, so it has none.")
    if source.weights_alone:
        raise UserError(f"{source.title} is attention weights without a model, so it has no untrained twin.")
    if (source.folder / JOBS).exists():
        raise UserError(
            f"The weights of {source.title} were written by hand, not trained. So it has no untrained twin."
        )
    return replace(
        source,
        name=UNTRAINED + _pinned(source),
        title=f"Untrained {source.title}",
        revision=UNTRAINED + _digest(source),
        notes=(NOTE,),
        trained=source,
    )


def _pinned(source: ModelSource) -> str:
    """The name of a trained model; a hub id with its commit, so that the same configuration is opened again."""
    if re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", source.name) and re.fullmatch(r"[0-9a-f]{7,40}", source.revision):
        return f"{source.name.partition('@')[0]}@{source.revision}"
    return source.name


def _digest(source: ModelSource) -> str:
    try:
        config = (source.folder / "config.json").read_bytes()
    except OSError as error:
        raise UserError(
            f"The config.json of “{source.name}” cannot be read: {error.strerror}. Copy it again."
        ) from error
    tensors = headers(weight_files(source.folder, source.name), source.name)
    shapes = sorted((name, list(shape)) for name, (_, shape) in tensors.items())
    all_of_it = json.dumps([SEED, metadata.version("transformers"), config.decode("utf-8", "replace"), shapes])
    return hashlib.sha256(all_of_it.encode()).hexdigest()[:12]
