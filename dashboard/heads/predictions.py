"""What a model predicts, read from its last vectors, and what changes in it: METRICS §7 and §9."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from dashboard.text.display import vocabulary_labels

# Positions whose logits are in memory at once: 50 MB for a vocabulary of 50,000, and as much again for their softmax.
POSITIONS = 256

# Last vectors (m, D) → logits (m, vocabulary).
Logits = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions at m places.

    Attributes
    ----------
    loss: −ln of the probability of the target token, nats (m)
    top: the id of the most probable token, the first of equals (m)
    p: the probability of `top` (m)
    p_of: the probability of the candidates given to `read` (m)
    """

    loss: torch.Tensor
    top: torch.Tensor
    p: torch.Tensor
    p_of: torch.Tensor


def read(logits: Logits, vectors: torch.Tensor, targets: torch.Tensor, candidates: torch.Tensor) -> Predictions:
    """The predictions of a language-model head from last vectors (m, D), computed a block of places at a time.

    targets: the ids of the true tokens (m); candidates: the ids of tokens whose probability is wanted too (m)
    """
    found = []
    for start in range(0, max(1, len(vectors)), POSITIONS):
        rows = slice(start, start + POSITIONS)
        scores = logits(vectors[rows])
        total = scores.logsumexp(-1)
        most, top = scores.max(-1)
        target, candidate = (scores.gather(1, ids[rows, None])[:, 0] for ids in (targets, candidates))
        found.append((total - target, top, (most - total).exp(), (candidate - total).exp()))
    return Predictions(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def losses(logits: Logits, vectors: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """−ln of the probability of the target tokens (m), nats, from last vectors (m, D), a block of places at a time."""
    found = []
    for start in range(0, max(1, len(vectors)), POSITIONS):
        rows = slice(start, start + POSITIONS)
        scores = logits(vectors[rows])
        found.append(scores.logsumexp(-1) - scores.gather(1, targets[rows, None])[:, 0])
    return torch.cat(found)


def shifts(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """1 − cosine similarity of vectors (…, D) before and after: float64 (…), in [0, 2]."""
    cosine = torch.nn.functional.cosine_similarity(before.double(), after.double(), dim=-1)
    return (1 - cosine).clamp(min=0)


def most_probable(logits: np.ndarray, most: int) -> list[int]:
    """The ids of so many most probable tokens, the first of equals first. logits: (V)

    A sort of all of them takes 9 ms for a vocabulary of 50,000, this takes 1.
    """
    falling = -logits
    last = np.partition(falling, min(most, len(falling)) - 1)[min(most, len(falling)) - 1]
    some = np.flatnonzero(falling <= last)
    return some[np.argsort(falling[some], kind="stable")][:most].tolist()


def best_other(logits: np.ndarray, token: int | None) -> int:
    """The id of the most probable token other than this one. logits: (V)"""
    first, second = most_probable(logits, 2)
    return second if first == token else first


def candidates(
    tokenizer: object, logits: np.ndarray, pair: tuple[int, int], names: tuple[str, str], most: int, after: str
) -> pd.DataFrame:
    """The most probable tokens of two predictions in one place, before and after something was changed.

    Parameters
    ----------
    logits: before and after, over the whole vocabulary: float64 (2, V)
    pair: the ids of two tokens that come first; names: what they are called in the column `which`
    most: how many of the most probable tokens of each prediction follow, by rank before, then id
    after: the ending of the columns of the second prediction

    Columns: token (its label), id, which ("" for all but the pair), p (over the whole vocabulary), logit, rank (1: the
    most probable token), and p_, logit_ and rank_ with the ending.
    """
    ids = np.array(list(dict.fromkeys([*pair, *(one for row in logits for one in most_probable(row, most))])))
    shares = np.exp(logits[:, ids] - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    ranks = [[1 + int(np.count_nonzero(row > row[one])) for one in ids] for row in logits]
    which = [*names, *[""] * (len(ids) - 2)]
    columns = {"token": vocabulary_labels(tokenizer, ids.tolist()), "id": ids, "which": which}
    for name, both in (("p", shares), ("logit", logits[:, ids]), ("rank", ranks)):
        columns |= {name: both[0], f"{name}_{after}": both[1]}
    table = pd.DataFrame(columns)
    return pd.concat([table[:2], table[2:].sort_values(["rank", "id"])], ignore_index=True)
