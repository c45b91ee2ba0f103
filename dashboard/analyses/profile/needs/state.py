"""What is done of a measurement, so that it can go on where it was stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from dashboard.analyses.profile.needs.head_models import MODELS, HeadModels, Read, Tell, fitted
from dashboard.capture import AttentionModel
from dashboard.heads.head_id import HeadId, columns_of, head_columns
from dashboard.text import LeftOut

READING = 0.1  # of the work, before the first head is ablated
STEPS = ("ablated", "replaced")


class Store(Protocol):
    """Where what is done is kept: plain values and arrays by name."""

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None: ...

    def save(self, about: dict[str, Any], arrays: dict[str, np.ndarray]) -> None: ...


@dataclass(eq=False)
class State:
    """What is done so far. done: by step which units, a batch and a layer, as text"""

    models: HeadModels
    bits: pd.DataFrame
    indices: list[int]
    left_out: list[LeftOut]
    ablated: np.ndarray
    replaced: np.ndarray
    done: dict[str, list[str]]
    store: Store | None

    @classmethod
    def begun(
        cls,
        model: AttentionModel,
        path: Path,
        used: Sequence[Read],
        heads: Sequence[HeadId],
        bos: bool,
        tell: Tell,
        store: Store | None,
    ) -> State:
        """From what is kept, else fitted now."""
        if store is not None and (before := store.load()) is not None:
            about, arrays = before
            models = HeadModels.of_arrays(model, about["models"], arrays)
            bits = pd.DataFrame(
                {**head_columns(model.all_heads), **dict(zip(about["bits"], arrays["bits"].T, strict=True))}
            ).astype({"queries": int})
            left_out = [LeftOut(*one) for one in about["left_out"]]
            sums = arrays["ablated"], arrays["replaced"]
            return cls(models, bits, about["indices"], left_out, *sums, about["done"], store)
        found = fitted(model, path, used, bos, lambda fraction, said: tell(READING * fraction, said))
        nothing = np.zeros((0, len(heads))), np.zeros((0, len(heads), len(MODELS)))
        return cls(*found, *nothing, {step: [] for step in STEPS}, store)

    def make_room(self, sentences: int) -> None:
        """Sums of 0 for so many sentences, where nothing is done yet."""
        if len(self.ablated) != sentences:
            self.ablated, self.replaced = (
                np.zeros((sentences, *one.shape[1:])) for one in (self.ablated, self.replaced)
            )
            self.done = {step: [] for step in STEPS}
            self.save()

    def save(self) -> None:
        if self.store is None:
            return
        of_models, theta = self.models.to_arrays()
        numbers = self.bits.drop(columns=columns_of(self.bits))
        about = {
            "models": of_models,
            "bits": list(numbers),
            "indices": self.indices,
            "left_out": [[one.index, one.line, one.reason] for one in self.left_out],
            "done": self.done,
        }
        arrays = {"bits": numbers.to_numpy(np.float64), "ablated": self.ablated, "replaced": self.replaced}
        self.store.save(about, theta | arrays)
