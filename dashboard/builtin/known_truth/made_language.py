"""A made language whose parse can be read off its words, so that a head can follow it and nothing else can.

A word has a key of its own, the key of its head, its relation to it, and a topic: “badenax” is the word ba, depends on
the word de, as its subject, and is about ax. A sentence is a random tree in random order, with random topics. So no
distance and no topic tells a word's head: only the keys do. One relation is the exception: a determiner (det) stands
just before its head.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

KEYS = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru")
DET = "det"
RELATIONS = {"nsubj": "n", "obj": "s", "obl": "t", DET: "l"}
TOPICS = ("ax", "ex", "ix", "ox")
SALTS = 16
TOPIC_SIZE = 3.0  # a word's topic is most of its embedding, so that the cosine of two words says whether they share it
NONE = len(KEYS)  # the key of a special token, and of what the root depends on
BLOCKS = {"own": NONE + 1, "seeks": NONE + 1, **{f"seeks {name}": NONE + 1 for name in RELATIONS}}
BLOCKS |= {"topic": len(TOPICS) + 1, "salt": SALTS}


@dataclass(frozen=True)
class Word:
    """A word: the numbers of its key, of its head's key (`NONE`: it is the root) and of its topic, and its relation."""

    own: int
    seeks: int
    relation: str
    topic: int

    @property
    def form(self) -> str:
        """As it is written."""
        depends = "" if self.seeks == NONE else KEYS[self.seeks] + RELATIONS[self.relation]
        return KEYS[self.own] + depends + TOPICS[self.topic]


@dataclass(frozen=True)
class MadeSentence:
    """Words in order, the places of their heads (-1: the root), from 0, and their relations, as the parse has them."""

    words: tuple[Word, ...]
    heads: tuple[int, ...]
    relations: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(word.form for word in self.words)


def every_word() -> list[Word]:
    """The vocabulary: all roots, then all words that depend on another key."""
    roots = [Word(own, NONE, "root", topic) for own, topic in product(range(NONE), range(len(TOPICS)))]
    return roots + [
        Word(own, seeks, relation, topic)
        for own, seeks, relation, topic in product(range(NONE), range(NONE), RELATIONS, range(len(TOPICS)))
        if own != seeks
    ]


def features(words: Iterable[Word | None], salts: Iterable[int]) -> dict[str, Tensor]:
    """The blocks of each word, a special token being None: one-hot (V, block), the topic times `TOPIC_SIZE`."""
    given = list(words)
    numbers: dict[str, list[int]] = {
        "own": [NONE if word is None else word.own for word in given],
        "seeks": [NONE if word is None else word.seeks for word in given],
        "topic": [len(TOPICS) if word is None else word.topic for word in given],
        "salt": list(salts),
    }
    for name in RELATIONS:
        numbers[f"seeks {name}"] = [word.seeks if word and word.relation == name else NONE for word in given]
    found = {name: torch.eye(BLOCKS[name], dtype=torch.float64)[at] for name, at in numbers.items()}
    found["topic"] *= TOPIC_SIZE
    return found


def sentences(count: int, seed: int = 0, agrees: float = 1.0, spread: float = 0.0) -> list[MadeSentence]:
    """Random sentences of 5 to 10 words.

    agrees: how likely a word names its head in the parse; else it names another word. spread: how much that varies
    from sentence to sentence, the standard deviation of a Beta distribution with that mean
    """
    random = np.random.default_rng(seed)
    return [_sentence(random, _chance(random, agrees, spread)) for _ in range(count)]


def _chance(random: np.random.Generator, mean: float, spread: float) -> float:
    if not spread:
        return mean
    both = mean * (1 - mean) / spread**2 - 1
    return float(random.beta(mean * both, (1 - mean) * both))


def _sentence(random: np.random.Generator, agrees: float) -> MadeSentence:
    m = int(random.integers(5, len(KEYS) + 1))
    determiners = int(random.integers(m // 3 + 1))
    heads = _tree(random, m - determiners, determiners)
    keys, words, relations = random.permutation(len(KEYS))[:m], [], []
    free = [name for name in RELATIONS if name != DET]
    for i, (head, determines) in enumerate(heads):
        topic = int(random.integers(len(TOPICS)))
        if head < 0:
            words.append(Word(int(keys[i]), NONE, "root", topic))
            relations.append("root")
            continue
        named = head if random.random() < agrees else random.choice([j for j in range(m) if j not in (i, head)])
        relations.append(DET if determines else str(random.choice(free)))
        words.append(Word(int(keys[i]), int(keys[named]), relations[-1], topic))
    return MadeSentence(tuple(words), tuple(head for head, _ in heads), tuple(relations))


def _tree(random: np.random.Generator, words: int, determiners: int) -> list[tuple[int, bool]]:
    """A random tree in random order: for each place the place of its head, and whether it is a determiner."""
    order, above = random.permutation(words), np.full(words, -1)
    for later in range(1, words):  # each word that comes later in `order` depends on one that came earlier
        above[order[later]] = order[random.integers(later)]
    determined = set(random.permutation(words)[:determiners].tolist())
    place = np.cumsum([1 + (word in determined) for word in range(words)]) - 1
    heads = []
    for word in range(words):
        if word in determined:
            heads.append((int(place[word]), True))
        heads.append((int(place[above[word]]) if above[word] >= 0 else -1, False))
    return heads


def treebank(given: Iterable[MadeSentence]) -> str:
    """The sentences as a file in CoNLL-U."""
    lines = []
    for number, one in enumerate(given, 1):
        lines += [f"# sent_id = {number}", f"# text = {one.text}"]
        for place, (word, head, relation) in enumerate(zip(one.words, one.heads, one.relations, strict=True), 1):
            upos = "VERB" if head < 0 else "NOUN"
            lines.append(
                "\t".join([str(place), word.form, word.form, upos, "_", "_", str(head + 1), relation, "_", "_"])
            )
        lines.append("")
    return "\n".join(lines) + "\n"
