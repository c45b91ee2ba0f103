"""Which token comes next: the most probable one, or one drawn at random."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dashboard.errors import UserError


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen from the logits z (V).

    The most probable token where the temperature is 0. Else token i with probability ∝ exp(z_i / temperature), among
    the `top_k` tokens with the largest logits.

    Attributes
    ----------
    temperature: 0 or more; 1 leaves the model's own probabilities
    top_k: among how many tokens is drawn; 0 for all
    seed: of the random numbers, 0 or more; the same seed gives the same text

    Raises UserError for other values.
    """

    temperature: float = 0.0
    top_k: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise UserError(f"The temperature is {self.temperature}. Choose 0 or a positive number.")
        for name, value in (("top_k", self.top_k), ("seed", self.seed)):
            if value < 0:
                raise UserError(f"{name} is {value}. Choose 0 or a positive number.")

    @property
    def greedy(self) -> bool:
        return self.temperature == 0

    def choose(self, logits: np.ndarray, place: int) -> int:
        """The id of the next token.

        Drawn by inverting the distribution function, the most probable token first (equals: the lower id first), at
        u = numpy.random.default_rng([seed, place]).random(). So each place has a random number of its own, and a text
        goes on in the same way wherever it was stopped.

        logits: float64 (V); place: of the new token, counted from 0 after the prompt
        """
        if self.greedy:
            return int(logits.argmax())
        order = np.argsort(-logits, kind="stable")[: self.top_k or None]
        shares = np.cumsum(np.exp((logits[order] - logits[order[0]]) / self.temperature))
        u = np.random.default_rng([self.seed, place]).random() * shares[-1]
        return int(order[min(np.searchsorted(shares, u, side="right"), len(order) - 1)])
