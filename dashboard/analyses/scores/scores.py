"""The pattern scores of METRICS §1: what each is called, measures and can be."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """One pattern score.

    Attributes
    ----------
    name: its column and its name in a link
    title: its name on the screen
    unit: "share", "bits" or "tokens"
    low, high: its range; high is None where it depends on the number of tokens, see `range`
    help: one plain sentence that says what it measures
    source: who defined it
    """

    name: str
    title: str
    unit: str
    low: float
    high: float | None
    help: str
    source: str

    def range(self, n: int) -> tuple[float, float]:
        """Lowest and highest value on a text of n tokens."""
        if self.high is not None:
            return self.low, self.high
        return self.low, (math.log2(n) if self.unit == "bits" else float(n - 1)) if n > 1 else 0.0


def _share(name: str, title: str, help: str, source: str) -> Score:
    return Score(name, title, "share", 0.0, 1.0, help, source)


_ALL = (
    _share("self", "Self", "How much a token looks at itself.", "Raganato & Tiedemann 2018"),
    _share("previous", "Previous token", "How much a token looks at the one before it.", "Voita et al. 2019"),
    _share(
        "next",
        "Next token",
        "How much a token looks at the one after it; a model that reads from left to right has none.",
        "Voita et al. 2019",
    ),
    _share(
        "first",
        "First token",
        "How much goes to the first token of the text, where many heads park what they have no use for.",
        "Xiao et al. 2023 (attention sink)",
    ),
    _share(
        "special",
        "Special tokens",
        "How much goes to tokens that are no part of the text, like [CLS] and [SEP].",
        "Clark et al. 2019",
    ),
    _share(
        "same_token",
        "Same token",
        "How much a token looks at other places where the same token stands, over the tokens that have one.",
        "TransformerLens, duplicate_token_head",
    ),
    _share(
        "induction",
        "Induction",
        "On a random sequence that is repeated: how much a token looks at what came after it the first time.",
        "Olsson et al. 2022",
    ),
    Score(
        "entropy",
        "Entropy",
        "bits",
        0.0,
        None,
        "How spread out a token's attention is: 0 for one key only, log₂ n for an even spread over n.",
        "Clark et al. 2019",
    ),
    _share(
        "spread",
        "Spread",
        "The share of the keys it may see that a token effectively looks at: 2 to the entropy, over their number.",
        "METRICS §1",
    ),
    Score(
        "distance",
        "Distance",
        "tokens",
        0.0,
        None,
        "How many tokens away the keys are that a token looks at, on average.",
        "METRICS §1",
    ),
)

SCORES: dict[str, Score] = {score.name: score for score in _ALL}
