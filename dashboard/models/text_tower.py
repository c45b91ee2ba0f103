"""The text tower of a model that holds a text against images or sound (CLIP, SigLIP, CLAP).

Such a model has two encoders side by side, each a model of its own, and compares what they give. The text's is read as
any text model is.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from typing import Any

_MORE = ("clap", "flava", "groupvit", "vision-text-dual-encoder", "xclip")
"""Models of two encoders beside those that classify images, or find things in them, by a text."""
_RENAMED = ("altclip",)
"""Models whose weights the library renames when it reads them whole, and not when it reads the tower."""
_SOUND = ("clap",)


def _has_towers(config: Any) -> bool:
    """Whether a configuration is that of a model that holds a text against something else."""
    from transformers import (
        MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING,
        MODEL_FOR_ZERO_SHOT_OBJECT_DETECTION_MAPPING,
    )

    if config.model_type in _RENAMED:
        return False
    return config.model_type in _MORE or any(
        type(config) in mapping
        for mapping in (MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING, MODEL_FOR_ZERO_SHOT_OBJECT_DETECTION_MAPPING)
    )


@dataclass(frozen=True)
class Tower:
    """The class of a text tower, its configuration, and what a person should know."""

    kind: type
    config: Any
    note: str


def text_tower(config: Any) -> Tower | None:
    """The text tower of a model of this configuration; None of any other model."""
    from transformers import MODEL_MAPPING, PreTrainedModel

    from dashboard.models.fits import class_of

    text = getattr(config, "text_config", None)
    if text is None or not _has_towers(config) or type(config) not in MODEL_MAPPING:
        return None
    if type(text) in MODEL_MAPPING:
        return _of(config, class_of(MODEL_MAPPING, text), text)
    module = sys.modules[class_of(MODEL_MAPPING, config).__module__]
    found = [
        one
        for name, one in vars(module).items()
        if inspect.isclass(one)
        and issubclass(one, PreTrainedModel)
        and one.config_class is type(text)
        and name.endswith("TextModel")
        and "get_input_embeddings" in dir(one)
    ]
    return _of(config, found[0], text) if found else None


def _of(config: Any, kind: type, text: Any) -> Tower:
    against = "sound" if config.model_type in _SOUND else "images"
    note = f"The model holds a text against {against}. This is its text tower, which reads the text alone."
    return Tower(kind, text, note)
