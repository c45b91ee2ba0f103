"""One chunk's work as plain data for any process: its sentences, and the corpus counts that they need."""

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
    """The work for one chunk.

    Attributes
    ----------
    number: which chunk, from 0
    seal: identifies the chunk; reading it needs the same seal (see `Chunk.to_bytes`)
    model, revision: the name for `open_model`, and the revision that its weights must have
    space: of the whole corpus; only lemmas that occur in the chunk are needed
    sentences: of the chunk, in order, including those left out
    as_words: give the tokenizer a treebank's words one by one
    """

    number: int
    seal: str
    model: str
    revision: str
    space: FeatureSpace
    sentences: Sequence[Sentence]
    as_words: bool = False

    def to_json(self) -> bytes:
        """One line of JSON, without a line break."""
        parsed = [one for one in self.sentences if isinstance(one, ParsedSentence)]
        keys = {key for one in parsed for key in one.keys}
        if any("_" in one.lemmas for one in parsed):  # lemmas are missing: counted by word forms, shared words included
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
    """The chunk's bytes, computed in this process."""
    return Chunk.of(list(gather(model, task.sentences, task.space, as_words=task.as_words))).to_bytes(task.seal)


def make_apart(line: bytes) -> bytes:
    """A task as a line of JSON → the chunk's bytes. Opens the model by its name, once per process.

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
    """A sentence as plain JSON values; `from_plain` reverses it."""
    if isinstance(sentence, LeftOut):
        return [sentence.index, sentence.line, sentence.reason]
    return [getattr(sentence, name) for name in _PARSED]


def from_plain(plain: list) -> Sentence:
    """A sentence from the values of `to_plain`, also after JSON."""
    if len(plain) == 3:
        return LeftOut(*plain)
    parts = (tuple(part) if isinstance(part, list) else part for part in plain)
    values: dict[str, Any] = dict(zip(_PARSED, parts, strict=True))
    values["spans"] = tuple(map(tuple, values["spans"]))
    return ParsedSentence(**values)
