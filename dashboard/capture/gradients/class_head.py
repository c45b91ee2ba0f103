"""A sequence classifier's head, read from its files when it is first asked for."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch

from dashboard.capture.model import AttentionModel
from dashboard.errors import UserError
from dashboard.models.foreign import foreign
from dashboard.models.lm_head import TOLERANCE, whole_model
from dashboard.models.load import alone_and_quiet

_found: WeakKeyDictionary[torch.nn.Module, ClassHead | None] = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class ClassHead:
    """What turns a text into scores of classes.

    Attributes
    ----------
    apart: the parts of the classifier of transformers beside its base
    labels: the name of each class, in order
    several: whether a text may be of several classes at once, so that each has a probability of its own
    """

    apart: Any
    labels: tuple[str, ...]
    several: bool

    def __call__(self, base: torch.nn.Module, **inputs: torch.Tensor) -> torch.Tensor:
        """Logits (b, classes) of texts, of which each is given by its vectors (`inputs_embeds`) and read whole."""
        return _joined(self.apart, base)(**inputs).logits


def class_head(model: AttentionModel) -> ClassHead | None:
    """The head of a checkpoint that was made to classify texts; None of any other.

    Safetensors only, and no code of its own. The base model is not held twice; while this runs, its weights are read
    once more and dropped. Raises UserError where the files cannot be read, or the head gives something else with the
    open base than with its own.
    """
    root = model.loaded.model
    if model.whole is not None or model.own_text is not None:
        return None
    with _lock:
        if root not in _found:
            with foreign(f"Opening the classifier of {model.title}", "Choose another model for this."):
                _found[root] = _load(model)
        return _found[root]


def _load(model: AttentionModel) -> ClassHead | None:
    from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING

    base = model.loaded.model
    mapping = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
    kind: Any = mapping.get(type(base.config), None)
    if kind is None or list(base.config.architectures or ()) != [kind.__name__]:
        return None
    with alone_and_quiet():
        whole, report = whole_model(model.loaded, kind, base, "classifier")
        if report["missing_keys"]:  # it would be filled with random numbers
            return None
        whole = whole.eval().requires_grad_(False)
    ids = torch.arange(1, 9)[None]
    with torch.inference_mode():
        expected = whole(input_ids=ids).logits[0].to(model.loaded.device)
        setattr(whole, whole.base_model_prefix, None)
        whole = whole.to(model.loaded.device)
        found = _joined(whole, base)(input_ids=ids.to(model.loaded.device)).logits[0]
    if not bool((found - expected).abs().max() <= TOLERANCE * expected.abs().max()):
        raise UserError(
            f"The classifier of “{model.title}” does more than to read the last vectors, so it cannot be used here. "
            "Choose another model for this."
        )
    config = whole.config.get_text_config()
    if config.pad_token_id is None:  # several texts at once are refused without one; none is ever padded here
        config.pad_token_id = -1
    names = whole.config.id2label
    labels = tuple(str(names.get(place, place)) for place in range(expected.shape[-1]))
    return ClassHead(whole, labels, whole.config.problem_type == "multi_label_classification")


def _joined(apart: Any, base: torch.nn.Module) -> Any:
    """The classifier on this base. It is put together for each pass, so that the base may be let go between them."""
    joined: Any = object.__new__(type(apart))
    joined.__dict__ = {**apart.__dict__, "_modules": {**apart._modules, apart.base_model_prefix: base}}
    return joined
