"""One chunk's work as plain data, so that any process can do it: its sentences, and what of the corpus they need."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from dashboard.analyses.profile.chunk import Chunk
from dashboard.analyses.profile.features import FeatureSpace
from dashboard.analyses.profile.gather import gather
from dashboard.capture import AttentionModel, open_model
from dashboard.errors import UserError
from dashboard.text import LeftOut, ParsedSentence

Sentence = ParsedSentence | LeftOut

_PARSED = [field.name for field in fields(ParsedSentence)]


@dataclass(frozen=True, eq=False)
class Task:
    """The making of one chunk.

    Attributes
    ----------
    number: which chunk, from 0
    seal: what the chunk is of; only who asks for the same is given it (see `Chunk.to_bytes`)
    model, revision: by name, as `open_model` takes it, and what its weights must be
    space: of the whole corpus; of its lemmas those that occur here are enough
    sentences: those of the chunk, in order, those left out among them
    as_words: whether a treebank's words go to the tokenizer one by one
    """

    number: int
    seal: str
    model: str
    revision: str
    space: FeatureSpace
    sentences: Sequence[Sentence]
    as_words: bool = False

    def to_json(self) -> bytes:
        """One line without an end."""
        parsed = [one for one in self.sentences if isinstance(one, ParsedSentence)]
        keys = {key for one in parsed for key in one.keys}
        if any("_" in one.lemmas for one in parsed):  # counted by their forms, and words that share a token by theirs
            keys = set(self.space.lemmas)
        return json.dumps(
            {
                "number": self.number,
                "seal": self.seal,
                "model": self.model,
                "revision": self.revision,
                "relations": self.space.relations,
                "total": self.space.total,
                "lemmas": {key: self.space.lemmas[key] for key in sorted(keys)},
                "as_words": self.as_words,
                "sentences": [to_plain(one) for one in self.sentences],
            }
        ).encode()

    @classmethod
    def from_json(cls, line: bytes) -> Task:
        data = json.loads(line)
        space = FeatureSpace(tuple(data["relations"]), Counter(data["lemmas"]), data["total"])
        sentences = [from_plain(one) for one in data["sentences"]]
        as_words = data["as_words"]
        return cls(data["number"], data["seal"], data["model"], data["revision"], space, sentences, as_words)


def make_chunk(task: Task, model: AttentionModel) -> bytes:
    """The chunk's bytes, made here."""
    return Chunk.of(list(gather(model, task.sentences, task.space, as_words=task.as_words))).to_bytes(task.seal)


def make_apart(line: bytes) -> bytes:
    """A task as a line of JSON → the chunk's bytes, in a process that opens the model by its name, once.

    Raises UserError where the model cannot be opened here, or has other weights.
    """
    task = Task.from_json(line)
    model = _opened(task.model)
    if model.revision != task.revision:
        raise UserError(
            f"A worker has other weights of {task.model} ({model.revision}) than this machine ({task.revision}). "
            "Give both the same."
        )
    return make_chunk(task, model)


@lru_cache(maxsize=1)
def _opened(name: str) -> AttentionModel:
    return open_model(name)


def to_plain(sentence: Sentence) -> list:
    """A sentence as what JSON can hold; `from_plain` gives it back as it was."""
    if isinstance(sentence, LeftOut):
        return [sentence.index, sentence.line, sentence.reason]
    return [getattr(sentence, name) for name in _PARSED]


def from_plain(plain: list) -> Sentence:
    """What `to_plain` gave, or JSON of it."""
    if len(plain) == 3:
        return LeftOut(*plain)
    parts = (tuple(part) if isinstance(part, list) else part for part in plain)
    values: dict[str, Any] = dict(zip(_PARSED, parts, strict=True))
    values["spans"] = tuple(map(tuple, values["spans"]))
    return ParsedSentence(**values)
