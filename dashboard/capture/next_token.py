"""The logits of the next token of a text that grows token by token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from dashboard.capture.budgets import budgets
from dashboard.capture.model import AttentionModel
from dashboard.errors import UserError
from dashboard.models.lm_head import LanguageHead

# Relative to the largest number of a vector: what rounding does, and far below another mask or position.
TOLERANCE = 1e-3


class NextToken:
    """Runs a causal model on a text that grows. Keys and values of earlier tokens are kept where the model hands them
    out and gives the same with them; else every token is a whole pass.

    Compared are the last vectors with kept keys and without, after the first token that is added, and where the text
    grows beyond a window or budget that the configuration names.

    Attributes
    ----------
    ids: the tokens so far
    keeps: whether keys and values are kept
    """

    def __init__(self, model: AttentionModel, head: LanguageHead, ids: Sequence[int]):
        self.ids = list(ids)
        self.keeps = not model.hidden
        self._model, self._head = model, head
        self._device = next(model.loaded.model.parameters()).device
        self._cache: Any = None
        self._read = 0  # tokens whose keys are kept
        self._compared = {len(self.ids) + 1, *(size + more for size in _sizes(model) for more in (1, 2))}

    def add(self, token: int) -> None:
        self.ids.append(token)

    @torch.inference_mode()
    def logits(self) -> torch.Tensor:
        """Of the whole vocabulary (V), float64, for the token after the last one. Raises UserError as `model.run`, and
        for a text longer than the model takes."""
        self._model.check_length(len(self.ids))
        vector = self._by_kept_keys() if self.keeps else None
        if vector is None:
            vector = self._whole()
        return self._head(vector[None])[0].double().cpu()

    def _by_kept_keys(self) -> torch.Tensor | None:
        """The last token's last vector; None, and nothing is kept from here on, where it cannot be trusted."""
        compared = self._read > 0 and len(self.ids) in self._compared
        try:
            output = self._model.run(input_ids=self._batch(self.ids[self._read :]), **self._kept(), use_cache=True)
            vector, self._cache = output.last_hidden_state[0, -1], getattr(output, "cache", None)
        except (UserError, AttributeError):  # it takes no keys, or hands out something else
            return self._dropped(None)
        self._read = len(self.ids)
        if compared and not _equal(vector, whole := self._whole()):
            return self._dropped(whole)
        return vector if self._cache is not None else self._dropped(vector)

    def _kept(self) -> dict[str, Any]:
        return {} if self._cache is None else {"cache": self._cache}

    def _dropped(self, vector: torch.Tensor | None) -> torch.Tensor | None:
        self.keeps, self._cache = False, None
        return vector

    def _whole(self) -> torch.Tensor:
        return self._model.last_vectors(self._batch(self.ids))[0, -1]

    def _batch(self, ids: Sequence[int]) -> torch.Tensor:
        return torch.tensor([list(ids)], device=self._device)


def _sizes(model: AttentionModel) -> set[int]:
    """From how many tokens on the model may read a text in another way, by its configuration."""
    config = model.loaded.model.config.get_text_config()
    rotary = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    original = "original_max_position_embeddings"
    given = (getattr(config, original, None), rotary.get(original) if isinstance(rotary, dict) else None)
    return {*budgets(model.loaded.model.config), *(size for size in given if isinstance(size, int))}


def _equal(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a - b).abs().max() <= TOLERANCE * b.abs().max())
