"""The hand-written models by kind, each with its heads in places that the seed decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from dashboard.builtin.known_truth.folder import JOBS, write_folder
from dashboard.builtin.known_truth.hand_heads import Hand, Head, Term
from dashboard.builtin.known_truth.known_model import Known, Type, layer_of
from dashboard.builtin.known_truth.made_language import BLOCKS, SALTS, TOPIC_SIZE, every_word, features
from dashboard.builtin.known_truth.space import Space
from dashboard.builtin.known_truth.word_list import WORDS
from dashboard.heads.head_id import HeadId

PLACES = 104  # 50 tokens twice, and special ones
SENTENCE = 16  # places of a sentence of the made language
SHARP = 20.0  # nats: of 100 keys the target gets all but 2e-7
GAIN = 8.0  # logits of a word that is wholly in the block “answer”
HEADS, LAYERS = 4, 4
NAMES = 6  # the first words of the model “partners”
SPECIAL: dict[Type, tuple[str, ...]] = {
    "gpt2": ("<s>", "[PAD]", "[UNK]"),
    "bert": ("[CLS]", "[SEP]", "[PAD]", "[UNK]"),
    "t5": ("[PAD]", "</s>", "[UNK]"),
}


def induction(seed: int = 0, noise: float = 1.0, strength: float = SHARP) -> Known:
    """Two layers. One head of layer 0 writes each position's previous word next to it; one head of layer 1 looks for
    the positions whose previous word is the query's own, and predicts the word there. All other heads are random."""
    hand, vocabulary = _words("gpt2", seed, noise, "before", "answer")
    before = Head(
        frozenset({"previous"}),
        [hand.match("place", "place", strength, -1), hand.noisy(noise)],
        "Attends to the previous token, and writes its word into the block “before”.",
        **hand.copy("word", "before"),
    )
    again = Head(
        frozenset({"induction"}),
        [hand.match("word", "before", strength), hand.noisy(noise)],
        "Attends to the tokens that follow an earlier occurrence of its own token, and predicts them.",
        **hand.copy("word", "answer"),
    )
    return _assembled("induction", "gpt2", vocabulary, hand, [[before], [again]])


def tokens(seed: int = 0, noise: float = 1.0, strength: float = SHARP) -> Known:
    """A causal model with two heads each for the previous token, the first, the same token and the token itself, one
    that spreads evenly, and seven random ones."""
    hand, vocabulary = _words("gpt2", seed, noise)
    jobs = [*_by_token(hand, strength), *_by_token(hand, strength), even(hand)]
    return _assembled("tokens", "gpt2", vocabulary, hand, _scattered(hand, jobs))


def both_ways(seed: int = 0, noise: float = 1.0, strength: float = SHARP) -> Known:
    """An encoder with two heads each for the previous token, the next, the first, [SEP], the same token and the token
    itself, one that spreads evenly, and three random ones."""
    hand, vocabulary = _words("bert", seed, noise)
    jobs = [even(hand)]
    for _ in range(2):
        jobs += [
            *_by_token(hand, strength),
            _job(hand, hand.match("place", "place", strength, 1), "Attends to the next token.", "next"),
            _job(hand, hand.towards("word", [1], strength), "Attends to [SEP].", "special"),
        ]
    return _assembled("both_ways", "bert", vocabulary, hand, _scattered(hand, jobs))


def parse(seed: int = 0, noise: float = 1.0, strength: float = SHARP) -> Known:
    """An encoder of the made language. Three heads follow the parse: from a word to its head, from a head to its
    dependents, from a subject to its head. One attends to the other words of the same topic, and one each to the
    previous word, the next, [CLS] and the word itself. One spreads evenly, and seven are random."""
    return _parse("parse", "bert", seed, noise, strength)


def causal_parse(seed: int = 0, noise: float = 1.0, strength: float = SHARP) -> Known:
    """The same as a causal model, whose heads find what stands before the word. It has eight random heads, and none for
    the next word."""
    return _parse("causal_parse", "gpt2", seed, noise, strength)


def _parse(kind: str, type: Type, seed: int, noise: float, strength: float) -> Known:
    special, words = SPECIAL[type], every_word()
    space = Space(HEADS * 64, {**BLOCKS, "place": SENTENCE, "scratch": 16})
    hand = Hand(space, torch.Generator().manual_seed(seed), noise, word="salt")
    jobs = [
        _job(hand, hand.match("seeks", "own", strength), "Attends to the word's head in the parse.", "parse", "head"),
        _job(hand, hand.match("own", "seeks", strength), "Attends to the word's dependents.", "parse", "dependents"),
        _job(
            hand,
            hand.match("seeks nsubj", "own", strength),
            "Attends from a subject to its head, from other words to special tokens.",
            "parse",
            "subject",
        ),
        Head(
            frozenset({"topic"}),
            [
                hand.match("topic", "topic", strength / TOPIC_SIZE**2),
                hand.match("place", "place", -2 * strength),
                hand.noisy(noise),
            ],
            "Attends to the other words of the same topic.",
            **hand.mutter("salt", "scratch"),
        ),
        _job(hand, hand.match("place", "place", strength, -1), "Attends to the previous word.", "previous"),
        _job(hand, hand.towards("place", [0], strength), f"Attends to {special[0]}.", "sink"),
        _job(hand, hand.match("place", "place", strength), "Attends to the word itself.", "sink"),
        even(hand),
    ]
    if type == "bert":
        jobs.append(_job(hand, hand.match("place", "place", strength, 1), "Attends to the next word.", "next"))
    salts = torch.randint(SALTS, (len(special) + len(words),), generator=hand.random).tolist()
    blocks = features([*(None for _ in special), *words], salts)
    vectors = sum((space.write(name, block) for name, block in blocks.items()), torch.zeros(()))
    rows = _scattered(hand, jobs)
    return _assembled(kind, type, (*special, *(word.form for word in words)), hand, rows, vectors)


def partners(seed: int = 0, noise: float = 1.0, strength: float = SHARP) -> Known:
    """An encoder with words in pairs. Two heads attend from a word to its partner, wherever that stands. Two attend to
    names, which are the first six words, and one each to the previous token and the next. One spreads evenly, and nine
    are random."""
    hand, vocabulary = _words("bert", seed, noise)
    first = len(SPECIAL["bert"])
    names = range(first, first + NAMES)
    pairs = [(at, at + 1) for at in range(names.stop, len(vocabulary) - 1, 2)]
    jobs = [even(hand)]
    for step, where in ((-1, "previous"), (1, "next")):
        jobs += [
            _job(hand, hand.exchange("word", pairs, strength), "Attends to the word's partner.", "partner"),
            _job(hand, hand.towards("word", names, strength), "Attends to names.", "names"),
            _job(hand, hand.match("place", "place", strength, step), f"Attends to the {where} token.", where),
        ]
    return _assembled("partners", "bert", vocabulary, hand, _scattered(hand, jobs))


def aligner(seed: int = 0, noise: float = 1.0, strength: float = SHARP) -> Known:
    """An encoder–decoder. Two heads of its cross attention look for the word of the target in the source, one spreads
    evenly, and five are random."""
    hand, vocabulary = _words("t5", seed, noise)
    copies = [
        _job(hand, hand.match("word", "word", strength), "Attends to the same word of the source.", "aligner")
        for _ in range(2)
    ]
    return _assembled("aligner", "t5", vocabulary, hand, _scattered(hand, [*copies, even(hand)], layers=2))


def _by_token(hand: Hand, strength: float) -> list[Head]:
    """Heads for the previous token, the first, the same token elsewhere, and the token itself."""
    same = [hand.match("word", "word", strength), hand.match("place", "place", -2 * strength), hand.noisy(hand.noise)]
    return [
        _job(hand, hand.match("place", "place", strength, -1), "Attends to the previous token.", "previous"),
        _job(hand, hand.towards("place", [0], strength), "Attends to the first, special token.", "first", "special"),
        Head(
            frozenset({"same_token"}),
            same,
            "Attends to the other places of its own token.",
            **hand.mutter(hand.word, "scratch"),
        ),
        _job(hand, hand.match("place", "place", strength), "Attends to the token itself.", "self"),
    ]


def _job(hand: Hand, term: Term, says: str, *jobs: str) -> Head:
    return Head(frozenset(jobs), [term, hand.noisy(hand.noise)], says, **hand.mutter(hand.word, "scratch"))


def even(hand: Hand) -> Head:
    """A head that spreads its attention evenly but for a tenth of a nat."""
    says = "Spreads its attention evenly over all tokens."
    return Head(frozenset({"even"}), [hand.noisy(0.1)], says, **hand.mutter(hand.word, "scratch"))


def random_head(hand: Hand) -> Head:
    """A head whose scores are random: a number for each two words and one for each two places."""
    size = 1 + 2 * float(torch.rand(1, generator=hand.random))
    target = "answer" if "answer" in hand.space.blocks else "scratch"
    terms = [hand.noisy(size)] + ([hand.noisy(size, "place")] if "place" in hand.space.blocks else [])
    says = f"Random: scores of standard deviation {size:.1f} nats for each two words, and for each two places."
    return Head(frozenset(), terms, says, **hand.mutter(hand.word, target))


def _words(type: Type, seed: int, noise: float, *more: str) -> tuple[Hand, tuple[str, ...]]:
    """A space for a vocabulary of nouns, with further blocks of its size, and the vocabulary."""
    vocabulary = SPECIAL[type] + WORDS
    size, places = len(vocabulary), PLACES if type != "t5" else 0
    blocks = {"word": size, "place": places, **dict.fromkeys(more, size), "scratch": 16}
    if not places:
        del blocks["place"]
    space = Space(HEADS * (size + places + 8), blocks)
    return Hand(space, torch.Generator().manual_seed(seed), noise), vocabulary


def _scattered(hand: Hand, heads: Sequence[Head], layers: int = LAYERS) -> list[list[Head]]:
    """Heads that need no other, over the layers as chance has it, at most four in each."""
    slots = torch.randperm(layers * HEADS, generator=hand.random)[: len(heads)] // HEADS
    return [[head for head, at in zip(heads, slots, strict=True) if at == layer] for layer in range(layers)]


def _assembled(
    kind: str,
    type: Type,
    vocabulary: tuple[str, ...],
    hand: Hand,
    rows: Sequence[Sequence[Head]],
    vectors: Tensor | None = None,
) -> Known:
    """The model with these heads of each layer, and random ones in the places that are left."""
    space, layers = hand.space, []
    for row in rows:
        all_heads = [*row, *(random_head(hand) for _ in range(HEADS - len(row)))]
        layers.append(tuple(all_heads[at] for at in torch.randperm(HEADS, generator=hand.random)))
    return Known(
        kind,
        type,
        space,
        vocabulary,
        len(SPECIAL[type]),
        space.write("word", hand.one_hot("word")) if vectors is None else vectors,
        space.write("place", hand.one_hot("place")) if "place" in space.blocks else torch.zeros(PLACES, space.width),
        tuple(layers),
        tuple(layer_of(space, row) for row in layers),
        space.read("answer", GAIN * hand.one_hot("answer")).T.contiguous() if "answer" in space.blocks else None,
    )


def induction_pair(known: Known, seed: int = 0) -> tuple[str, str, str, str]:
    """Two texts of the same seven words, and what the model says next in each: (A, B, answer of A, answer of B).

    ``x b y c … x`` is followed by b, ``y b x c … x`` by c. The texts differ in which word stands before b and which
    before c, and that is what the head of layer 0 writes down. So both heads of the circuit carry the answer.
    """
    order = torch.randperm(len(known.plain), generator=torch.Generator().manual_seed(seed))[:6]
    x, y, b, c, *rest = (known.plain[at] for at in order)
    return " ".join([x, b, y, c, *rest, x]), " ".join([y, b, x, c, *rest, x]), b, c


def names_and_pairs(known: Known) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """The names of a model of the kind “partners”, and its other words by pairs."""
    names, others = known.plain[:NAMES], known.plain[NAMES:]
    return names, list(zip(others[::2], others[1::2], strict=False))


KINDS: dict[str, Callable[..., Known]] = {
    "induction": induction,
    "tokens": tokens,
    "both_ways": both_ways,
    "partners": partners,
    "parse": parse,
    "causal_parse": causal_parse,
    "aligner": aligner,
}
"""Each kind by its name. A builder takes `seed`, `noise` (nats) and `strength` (nats)."""


def build(kind: str = "induction", seed: int = 0, **how: float) -> Known:
    """A hand-written model. seed: places heads and draws all random numbers; how: noise and strength, in nats

    Raises ValueError for a kind that `KINDS` does not have.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no kind “{kind}”. Choose one of {', '.join(KINDS)}.")
    return KINDS[kind](seed=seed, **how)


def write(folder: str | Path, kind: str = "induction", seed: int = 0, **how: float) -> Path:
    """Writes such a model to a folder that `open_model` opens; the folder. `jobs_in` tells what its heads do."""
    return write_folder(build(kind, seed, **how), Path(folder))


def jobs_in(folder: str | Path) -> dict[HeadId, frozenset[str]]:
    """What the heads of a written model do: a set of names for every head, empty for random ones."""
    kept = json.loads((Path(folder) / JOBS).read_text(encoding="utf-8"))
    return {HeadId.parse(head): frozenset(one["jobs"]) for head, one in kept.items()}
