"""A sentence of a corpus that an encoder–decoder reads twice: its encoder as the source, its decoder as the target."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dashboard.capture import AttentionModel, of_part
from dashboard.corpus.batches import encoded
from dashboard.errors import UserError
from dashboard.heads.head_id import Part
from dashboard.text.corpus_file import reader_of
from dashboard.text.encoding import Encoding
from dashboard.text.on_places import OnPlaces
from dashboard.text.reasons import no_sentence
from dashboard.text.sentence import LeftOut, ParsedSentence

Parsed = tuple[OnPlaces, Encoding]


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


def encoded_twice(part: AttentionModel, sentence: ParsedSentence, bos: bool) -> tuple[Parsed, Parsed] | str:
    """The sentence as the target and as the source, each with its parse over its own places; or why it cannot be read.

    part: of `part_for_corpus`; `of_part(part, part.part, source)` then reads the target.
    """
    assert part.whole is not None  # a decoder or a cross attention has it
    source, target = encoded(part.whole.parts["encoder"], sentence, bos), encoded(part, sentence, bos)
    if isinstance(source, str):
        return source
    return target if isinstance(target, str) else (target, source)


def parsed_sample_twice(
    part: AttentionModel, path: str | Path, *, bos: bool = True
) -> tuple[list[tuple[Parsed, Parsed]], list[LeftOut]]:
    """As `dashboard.corpus.sample.parsed_sample`, each sentence as in `encoded_twice`. Raises UserError as it does."""
    path = Path(path)
    used: list[tuple[Parsed, Parsed]] = []
    left_out: list[LeftOut] = []
    for sentence in reader_of(path)(path):
        read = sentence if isinstance(sentence, LeftOut) else encoded_twice(part, sentence, bos)
        if isinstance(read, LeftOut):
            left_out.append(read)
        elif isinstance(read, str):
            left_out.append(LeftOut(sentence.index, sentence.line, read))
        else:
            used.append(read)
    if not used:
        raise UserError(no_sentence(path.name, left_out))
    return used, left_out
