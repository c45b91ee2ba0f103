"""The hand-written models by kind, each with its heads in places that the seed decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from dashboard.builtin.known_truth.folder import JOBS, write_folder
from dashboard.builtin.known_truth.hand_heads import Hand, Head
from dashboard.builtin.known_truth.known_model import Known, Type, layer_of
from dashboard.builtin.known_truth.space import Space
from dashboard.builtin.known_truth.word_list import WORDS
from dashboard.heads.head_id import HeadId

PLACES = 104  # 50 tokens twice, and special ones
SHARP = 20.0  # nats: of 100 keys the target gets all but 2e-7
GAIN = 8.0  # logits of a word that is wholly in the block “answer”
HEADS = 4


def induction(seed: int = 0, noise: float = 1.0, strength: float = SHARP) -> Known:
    """Two layers. One head of layer 0 writes each position's previous word next to it; one head of layer 1 looks for
    the positions whose previous word is the query's own, and predicts the word there. All other heads are random."""
    return _causal("induction", seed, noise, _induction_heads, strength)


def _induction_heads(hand: Hand, strength: float) -> list[list[Head]]:
    before = Head(
        frozenset({"previous"}),
        [hand.match("place", "place", strength, -1), hand.noisy(hand.noise)],
        "Attends to the previous token, and writes its word into the block “before”.",
        **hand.copy("word", "before"),
    )
    again = Head(
        frozenset({"induction"}),
        [hand.match("word", "before", strength), hand.noisy(hand.noise)],
        "Attends to the tokens that follow an earlier occurrence of its own token, and predicts them.",
        **hand.copy("word", "answer"),
    )
    return [[before], [again]]


def random_head(hand: Hand) -> Head:
    """A head whose scores are random: a number for each two words and one for each two places."""
    size = 1 + 2 * float(torch.rand(1, generator=hand.random))
    return Head(
        frozenset(),
        [hand.noisy(size), hand.noisy(size, "place")],
        f"Random: scores of standard deviation {size:.1f} for each two words, and for each two places.",
        **(hand.mutter("word", "answer") if "answer" in hand.space.blocks else {}),
    )


def _causal(
    kind: str,
    seed: int,
    noise: float,
    heads_of: Callable[[Hand, float], list[list[Head]]],
    strength: float,
) -> Known:
    special = ("<s>", "[PAD]", "[UNK]")
    vocabulary = special + WORDS
    V = len(vocabulary)
    d = V + PLACES + 8
    space = Space(HEADS * d, {"word": V, "place": PLACES, "before": V, "answer": V})
    hand = Hand(space, torch.Generator().manual_seed(seed), noise)
    return _assembled(kind, "gpt2", vocabulary, len(special), hand, heads_of(hand, strength), d)


def _assembled(
    kind: str,
    type: Type,
    vocabulary: tuple[str, ...],
    special: int,
    hand: Hand,
    rows: Sequence[Sequence[Head]],
    d: int,
) -> Known:
    """The model with these heads of each layer, and random ones in the places that are left."""
    space, layers = hand.space, []
    for row in rows:
        all_heads = [*row, *(random_head(hand) for _ in range(HEADS - len(row)))]
        layers.append(tuple(all_heads[at] for at in torch.randperm(HEADS, generator=hand.random)))
    predicts = "answer" in space.blocks
    return Known(
        kind,
        type,
        space,
        vocabulary,
        special,
        space.write("word", hand.one_hot("word")),
        space.write("place", hand.one_hot("place")),
        tuple(layers),
        tuple(layer_of(space, row, d) for row in layers),
        space.read("answer", GAIN * hand.one_hot("answer")).T.contiguous() if predicts else None,
    )


def induction_pair(known: Known, seed: int = 0) -> tuple[str, str, str, str]:
    """Two texts of the same seven words, and what the model says next in each: (A, B, answer of A, answer of B).

    ``x b y c … x`` is followed by b, ``y b x c … x`` by c. The texts differ in which word stands before b and which
    before c, and that is what the head of layer 0 writes down. So both heads of the circuit carry the answer.
    """
    order = torch.randperm(len(known.plain), generator=torch.Generator().manual_seed(seed))[:6]
    x, y, b, c, *rest = (known.plain[at] for at in order)
    return " ".join([x, b, y, c, *rest, x]), " ".join([y, b, x, c, *rest, x]), b, c


KINDS: dict[str, Callable[..., Known]] = {"induction": induction}
"""Each kind by its name. A builder takes `seed`, `noise` (nats) and, of sharp heads, `strength` (nats)."""


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
