"""An encoder–decoder model, opened as its three parts: the encoder, the decoder, and the decoder's cross attention.

Each part is an `AttentionModel`, so whatever reads a model reads a part. The encoder reads the source. The decoder
reads the target, with what the encoder made of a source beside it; cross attention is the same pass, looked at where
the target's tokens look at the source's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from dashboard.capture.model import HEADS_OF, AttentionModel
from dashboard.capture.visit import batch_inputs
from dashboard.errors import UserError
from dashboard.heads.head_id import Part
from dashboard.text.encoding import Encoding


@dataclass(frozen=True, eq=False)
class Given:
    """What a decoder reads beside its own text: the source, and what the encoder made of it (1, n, D)."""

    source: Encoding
    vectors: torch.Tensor


@dataclass(frozen=True, eq=False)
class EncoderDecoder:
    """The whole model.

    Attributes
    ----------
    root: the library's model
    parts: how each part is read, without a source yet; they do not know the whole, so that all goes with the model
    projection: what the encoder's vectors go through before the decoder reads them, None for nothing
    """

    root: Any
    parts: Mapping[Part, AttentionModel]
    projection: torch.nn.Module | None = None

    def memory(self, source: Encoding) -> torch.Tensor:
        """What the decoder reads of a source: (1, n, D)."""
        encoder = self.parts["encoder"]
        encoder.check_length(len(source))
        with torch.inference_mode():
            vectors = encoder.last_vectors(**batch_inputs(encoder, [source]))
            return vectors if self.projection is None else self.projection(vectors)


def of_part(model: AttentionModel, part: Part, source: str | Encoding | None = None) -> AttentionModel:
    """A part of an encoder–decoder model, to be read as a model of its own.

    Parameters
    ----------
    model: as `open_model` gives it, or any part of it
    part: "encoder", "decoder" or "cross"; "" is the model itself
    source: the text that the encoder reads, for "decoder" and "cross", whose own text is the target

    A target begins with the token that the model's decoder begins with, and its last special token, which the decoder
    only writes, is left out. Raises UserError for a model without that part, a missing source, and one that is too
    long or empty.
    """
    if not part or (part == model.part and source is None):
        return model
    whole = model.whole
    if whole is None:
        if part == "encoder":
            return model
        raise UserError(f"{model.title} has no {part} part: it is no encoder–decoder model.")
    read = replace(whole.parts[part], whole=whole)
    if part == "encoder":
        return read
    if source is None:
        raise UserError(
            f"The {HEADS_OF[part]} of {model.title} read a target together with a source. Give the source as well."
        )
    encoding = whole.parts["encoder"].encode(source) if isinstance(source, str) else source
    return replace(read, given=Given(encoding, whole.memory(encoding)))


def read_part(
    model: AttentionModel, text: str | Encoding, part: Part, target: str | None = None, **reading: Any
) -> tuple[AttentionModel, Encoding]:
    """A part of a model, and the text as it reads it: the target for a decoder and its cross attention, else the text
    itself.

    text: of an encoder–decoder the source; or what was encoded for the model itself, which may be a part already.
    reading: arguments of `AttentionModel.encode`. Raises UserError as `of_part` and `encode` do, and for a target that
    nothing reads.
    """
    if part in ("decoder", "cross") and model.part != part:
        if model.given:
            found = of_part(model, part, model.given.source)
            return found, text if isinstance(text, Encoding) else found.encode(text, limit=reading.get("limit"))
        source = text if isinstance(text, Encoding) else model.encode(text, limit=reading.get("limit"))
        if target is None:
            raise UserError(f"The {HEADS_OF[part]} of {model.title} read a target. Give it with the text.")
        found = of_part(model, part, source)
        return found, found.encode(target, limit=reading.get("limit"))
    if target is not None and not model.parts:
        raise UserError(f"{model.title} is no encoder–decoder model, so it reads no target. Leave it out.")
    return model, text if isinstance(text, Encoding) else model.encode(text, **reading)
