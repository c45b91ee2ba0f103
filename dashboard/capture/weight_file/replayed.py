"""Weights of a file in the place of a model: whatever reads weights alone reads them unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

import numpy as np
import torch

from dashboard.capture.attention_call import BLOCK_CELLS
from dashboard.capture.model import AttentionModel
from dashboard.capture.weight_file.npz import read_weights
from dashboard.errors import UserError
from dashboard.models import Loaded, ModelSource, bounded
from dashboard.text.encoding import Encoding
from dashboard.text.sentence import ParsedSentence


class _NoModel:
    """Stands where a loaded model would: whatever asks for it is refused, in one sentence."""

    def __init__(self, title: str):
        self._title = title

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UserError(needs_model(self._title))


def needs_model(title: str) -> str:
    """Why something cannot be measured of a file of weights, and what to do."""
    return f"{title} holds attention weights alone, and this needs a model that runs. Choose a model for it."


@dataclass(frozen=True, eq=False)
class ReplayedModel(AttentionModel):
    """A file of attention weights, read as a model is: its weights go to a visitor block by block.

    It reads one text, `own_text`. Nothing can be computed through it: whatever needs a model that runs raises
    UserError.

    Attributes
    ----------
    maps: floats (layers, heads, n, n), in the file where it is not compressed
    exported: of a file that Two Heads has written, whose weights these are, else ""
    """

    maps: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0, 0)), repr=False)
    exported: str = ""

    @classmethod
    def open(cls, source: ModelSource) -> ReplayedModel:
        """The weights of the file that was found. Raises UserError as `read_weights` does."""
        found = read_weights(Path(source.folder), source.name)
        layers, heads, n, _ = found.weights.maps.shape
        opened = cls(
            source,
            cast(Loaded, _NoModel(source.title)),
            layers,
            tuple(range(layers)),
            heads,
            found.weights.causal,
            n,
            "file",
            own_text=found.encoding,
            maps=found.weights.maps,
            exported=found.exported,
        )
        bounded.touch(folder := Path(source.folder).parent)
        bounded.hold(folder, opened)
        return opened

    @property
    def note(self) -> str | None:
        """What a person should know about it."""
        of = f", exported as {self.exported}" if self.exported else ""
        return f"{self.title} holds attention weights over one text{of}. It has no model that runs."

    @property
    def has_pairs(self) -> bool:
        return False

    def blocks(self, layer: int, heads: Sequence[int], rows: int | None) -> Iterator[tuple[slice, torch.Tensor]]:
        """Some heads' weights, a block of rows at a time: float32 (heads, rows, keys)."""
        n = self.limit
        rows = rows or max(16, BLOCK_CELLS // (n * len(heads)))
        for start in range(0, n, rows):
            block = slice(start, min(n, start + rows))
            part = self.maps[layer, list(heads), block, : block.stop if self.causal else n]
            yield block, torch.from_numpy(np.array(part, np.float32, order="C"))

    def check_text(self, encoding: Encoding) -> None:
        """Raises UserError for another text than the file's own."""
        if encoding != self.own_text:
            self._refuse()

    def encode(
        self,
        text: str,
        *,
        bos: bool = True,
        limit: int | None = None,
        pair: str | None = None,
        as_words: bool = False,
    ) -> Encoding:
        """The file's own text, with the tokens of the file. Raises UserError for another one."""
        own = self._own
        if text not in (own.text, own.texts[0]) or (pair or own.pair) != own.pair:
            self._refuse()
        return own

    def encode_sentence(self, sentence: ParsedSentence, *, bos: bool = True, as_words: bool = False) -> Encoding:
        raise UserError(needs_model(self.title))

    def run(self, *args: torch.Tensor, **inputs: object) -> Any:
        raise UserError(needs_model(self.title))

    @property
    def _own(self) -> Encoding:
        assert self.own_text is not None  # set when it was opened
        return self.own_text

    def _refuse(self) -> NoReturn:
        own = " ".join(self._own.text.split())
        short = own if len(own) <= 60 else f"{own[:59].rstrip()}…"
        raise UserError(
            f"{self.title} holds the attention over one text, “{short}”. Leave the text out, or choose a model to read "
            "another one."
        )


def check_runs(model: AttentionModel) -> None:
    """Raises UserError for a file of weights, which nothing can be computed through."""
    if model.own_text is not None:
        raise UserError(needs_model(model.title))


def check_tap(model: AttentionModel, otherwise: str) -> None:
    """Raises UserError for a model whose attention does not go through the tap. otherwise: what then cannot be done, as
    in "so …"."""
    check_runs(model)
    if model.route != "tap":
        raise UserError(
            f"{model.title} computes its attention in a way of its own, so {otherwise}. Choose another model for this."
        )
