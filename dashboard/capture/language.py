"""A model's language-model head, read from its files when it is first asked for."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

import torch

from dashboard.capture.model import AttentionModel
from dashboard.models.foreign import foreign
from dashboard.models.lm_head import LanguageHead, load_head, load_target_head

_found: WeakKeyDictionary[torch.nn.Module, LanguageHead | None] = WeakKeyDictionary()
_lock = threading.Lock()


def language_head(model: AttentionModel) -> LanguageHead | None:
    """What turns the model's last vectors into predictions: of the next token in a causal model, else of a masked one;
    of a decoder that reads a source, of the target's next token.

    None where its files hold none, or its tokenizer has no mask to put in a token's place. Raises UserError as
    `dashboard.models.lm_head.load_head` does.
    """
    if not model.predicts_next and model.loaded.tokenizer.mask_token_id is None:
        return None
    root = model.loaded.model
    with _lock:
        if root not in _found:
            with foreign(f"Opening the language-model head of {model.title}", "Choose another model for this."):
                _found[root] = (
                    load_head(model.loaded, model.predicts_next)
                    if model.start is None or model.whole is None
                    else load_target_head(model.loaded, model.whole.root)
                )
        return _found[root]


def end_tokens(model: AttentionModel, head: LanguageHead) -> frozenset[int]:
    """The tokens that end a text: those of the model's own generation settings, else its tokenizer's."""
    given = getattr(head.settings, "eos_token_id", None)
    if given is None:
        given = model.loaded.tokenizer.eos_token_id
    if given is None:
        return frozenset()
    return frozenset([given] if isinstance(given, int) else given)
