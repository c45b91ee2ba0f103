"""The pattern scores of METRICS §1: name, meaning, range and computation of each.

A new score is one entry of `SCORES`: “All heads”, ``dashboard.scores``, the command line, “Ablation” and addresses
take it from here. Nothing heavy is imported.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.registry import later

if TYPE_CHECKING:
    import numpy as np
    import torch

    from dashboard.analyses.scores.pattern_scores import Rows, Summed
    from dashboard.capture import AttentionModel


def _every(rows: Rows) -> int:
    return int(rows.counted.sum())


@dataclass(frozen=True)
class Score:
    """One pattern score: the mean over the query rows of a text that count.

    It is computed in one pass, a block of rows at a time: Σ `sum` / Σ `rows` over the blocks, NaN where no row counts.
    A score that does not depend on the text has `of_model` instead.

    Attributes
    ----------
    title: its name on the screen
    unit: "share", "bits" or "tokens"
    low, high: its range; high is None where it depends on the number of tokens, see `range`
    help: one plain sentence that explains it
    source: the paper that defines it
    sum: the sum over the counted rows of a block, for each head: (heads)
    rows: the number of rows of a block with a value
    of_model: for all heads of a model, on its own input: (layers, heads)
    one_text: whether it compares places of one text, so that cross attention, from one text to another, has none
    """

    title: str
    unit: str
    low: float
    high: float | None
    help: str
    source: str
    sum: Callable[[Summed], torch.Tensor] | None = None
    rows: Callable[[Rows], int] = _every
    of_model: Callable[[AttentionModel], np.ndarray] | None = None
    one_text: bool = False

    def range(self, n: int) -> tuple[float, float]:
        """Lowest and highest value on a text of n tokens."""
        if self.high is not None:
            return self.low, self.high
        return self.low, (math.log2(n) if self.unit == "bits" else float(n - 1)) if n > 1 else 0.0


# By its column and its name in a link, in the order of METRICS.
SCORES: dict[str, Score] = {
    "self": Score(
        "Self",
        "share",
        0.0,
        1.0,
        "Attention from each token to itself.",
        "Raganato & Tiedemann 2018",
        sum=lambda block: block.diagonal(0),
        rows=lambda rows: rows.with_key(0),
        one_text=True,
    ),
    "previous": Score(
        "Previous token",
        "share",
        0.0,
        1.0,
        "Attention from each token to the one before it.",
        "Voita et al. 2019",
        sum=lambda block: block.diagonal(-1),
        rows=lambda rows: rows.with_key(-1),
        one_text=True,
    ),
    "next": Score(
        "Next token",
        "share",
        0.0,
        1.0,
        "Attention from each token to the one after it. A causal model has none.",
        "Voita et al. 2019",
        sum=lambda block: block.diagonal(1),
        rows=lambda rows: 0 if rows.causal else rows.with_key(1),
        one_text=True,
    ),
    "first": Score(
        "First token",
        "share",
        0.0,
        1.0,
        "Attention to the first token of the text. In many heads it is an attention sink.",
        "Xiao et al. 2023 (attention sink)",
        sum=lambda block: block.received[:, 0],
        rows=lambda rows: _every(rows) if rows.keys[0] else 0,
    ),
    "special": Score(
        "Special tokens",
        "share",
        0.0,
        1.0,
        "Attention to tokens that the model adds, like [CLS] and [SEP].",
        "Clark et al. 2019",
        sum=lambda block: block.received[:, block.special].sum(1),
    ),
    "same_token": Score(
        "Same token",
        "share",
        0.0,
        1.0,
        "Attention from each token to other places of the same token, where there are any.",
        "TransformerLens, duplicate_token_head",
        sum=lambda block: block.to_same_token(),
        rows=lambda rows: rows.with_same_token,
    ),
    "induction": Score(
        "Induction",
        "share",
        0.0,
        1.0,
        "On a repeated random sequence: attention from each token to the one that followed it the first time.",
        "Olsson et al. 2022",
        of_model=later("dashboard.analyses.scores.induction", "induction_scores"),
        one_text=True,
    ),
    "entropy": Score(
        "Entropy",
        "bits",
        0.0,
        None,
        "Entropy of the attention of each token: 0 for a single key, log₂ n for an even spread over n keys.",
        "Clark et al. 2019",
        sum=lambda block: block.entropy @ block.counted,
    ),
    "spread": Score(
        "Spread",
        "share",
        0.0,
        1.0,
        "2 to the entropy, divided by the number of visible keys: the share of keys that a token effectively uses.",
        "METRICS §1",
        sum=lambda block: block.entropy.exp2() @ (block.share * block.counted),
    ),
    "distance": Score(
        "Distance",
        "tokens",
        0.0,
        None,
        "Mean distance, in tokens, between each token and its keys, weighted by attention.",
        "METRICS §1",
        sum=lambda block: block.distance(),
        one_text=True,
    ),
}

OF_TEXT = {name: score.sum for name, score in SCORES.items() if score.sum is not None}
OF_MODEL = {name: score.of_model for name, score in SCORES.items() if score.of_model is not None}
