"""A sentence of a corpus that an encoder–decoder reads twice: its encoder as the source, its decoder as the target."""

from __future__ import annotations

from dataclasses import replace

from dashboard.capture import AttentionModel, of_part
from dashboard.corpus.batches import encoded
from dashboard.errors import UserError
from dashboard.heads.head_id import Part
from dashboard.text.encoding import Encoding
from dashboard.text.on_places import OnPlaces
from dashboard.text.sentence import ParsedSentence


def part_for_corpus(model: AttentionModel, part: Part) -> AttentionModel:
    """The part of a model that reads a corpus: the model itself, or a decoder or its cross attention without a source.

    part: "decoder" or "cross", else the model itself. Raises UserError for a part that the model does not have, and for
    a model that already has a source.
    """
    if model.given is not None:
        raise UserError(
            "Each sentence of the corpus is its own source and target here. Give the whole model, as `open_model` "
            f"opens it, and part={model.part!r}."
        )
    if part not in ("decoder", "cross"):
        return of_part(model, part)
    if model.whole is None:
        raise UserError(f"{model.title} has no {part} part: it is no encoder–decoder model. Leave the part out.")
    return replace(model.whole.parts[part], whole=model.whole)


def encoded_twice(
    part: AttentionModel, sentence: ParsedSentence, bos: bool
) -> tuple[AttentionModel, OnPlaces, Encoding] | str:
    """The part with the sentence as its source, and the parse and the encoding of the same sentence as its target; or
    why it cannot be read. part: of `part_for_corpus`"""
    assert part.whole is not None  # a decoder or a cross attention has it
    source, target = encoded(part.whole.parts["encoder"], sentence, bos), encoded(part, sentence, bos)
    if isinstance(source, str):
        return source
    if isinstance(target, str):
        return target
    return of_part(part, part.part, source[1]), *target
