"""Ready sets of pairs of texts that differ in little, with the two answers: `sets.json`, written for this.

A set is templates and words. With "swap", every second pair of a template is turned round, so that either answer is
that of the first text.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dashboard.errors import UserError

_FILE = Path(__file__).parent / "sets.json"


@dataclass(frozen=True)
class TextPair:
    """Two texts and their answers: answer follows a, rival follows b."""

    a: str
    b: str
    answer: str
    rival: str


@dataclass(frozen=True)
class PairSet:
    """One set: name, title and what it is about for people, and its pairs."""

    name: str
    title: str
    about: str
    pairs: tuple[TextPair, ...]


@lru_cache(maxsize=1)
def pair_sets() -> dict[str, PairSet]:
    """The ready sets, by name, in the order in which they are offered."""
    made = json.loads(_FILE.read_text(encoding="utf-8"))
    sets = (PairSet(one["name"], one["title"], one["about"], tuple(_pairs(one["templates"]))) for one in made)
    return {one.name: one for one in sets}


def set_named(name: str) -> PairSet:
    """One of the sets. Raises UserError for another name."""
    if name not in (sets := pair_sets()):
        raise UserError(f"There is no set “{name[:60]}”. Choose {', '.join(sets)}.")
    return sets[name]


@lru_cache(maxsize=1)
def sets_sha256() -> str:
    """The SHA-256 of all sets."""
    return hashlib.sha256(_FILE.read_bytes()).hexdigest()


def _pairs(templates: list[dict]) -> list[TextPair]:
    found = []
    for one in templates:
        for place, words in enumerate(one["words"]):
            fields = dict(zip(one["fields"].split(), words.split(), strict=True))
            (a, b), (answer, rival) = ([text.format(**fields) for text in one[both]] for both in ("texts", "answers"))
            turned = one["swap"] and place % 2
            found.append(TextPair(b, a, rival, answer) if turned else TextPair(a, b, answer, rival))
    return found
