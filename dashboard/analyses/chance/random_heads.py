"""Heads that look anywhere: a list in which there is nothing to find, or one planted head.

A text has 40 places with a pair at one distance. Each head gives each of them a random share, drawn from Beta(0.4,
4.4): one of 12 words' shares, most of them small and a few large (the mean is 1/12). Some places are marked. A planted
head gives a marked pair s + (1 - s) · its random share, with s its strength.
"""

from __future__ import annotations

import numpy as np

from dashboard.errors import UserError
from dashboard.heads.chance import DrawnSets
from dashboard.heads.format import percent
from dashboard.heads.luck import Luck, RandomMarks

PLACES = 40
WORDS = 12
CONCENTRATION = 0.4
MOST_HEADS, MOST_PAIRS = 1_000, 20
PLANTED = "the planted head"


def random_heads(heads: int = 270, pairs: int = 3, seed: int = 0, planted: float = 0.0) -> Luck:
    """A list of heads with random attention along random pairs.

    Parameters
    ----------
    heads, pairs: how many, 1 to 1,000, and how many of 40 pairs are marked, 1 to 20
    seed: the same arguments give the same list
    planted: the strength of one head that follows the marks, in [0, 1], 0 for none

    Raises UserError for other values.
    """
    if not 1 <= heads <= MOST_HEADS:
        raise UserError(f"{heads:,} heads are too {'few' if heads < 1 else 'many'}. Choose 1 to {MOST_HEADS:,}.")
    if not 1 <= pairs <= MOST_PAIRS:
        raise UserError(f"{pairs:,} pairs cannot be marked here. Choose 1 to {MOST_PAIRS}.")
    if not 0 <= planted <= 1:
        raise UserError(f"A strength of {planted:g} is none. Choose one from 0 to 1.")
    if seed < 0:
        raise UserError(f"{seed} is no seed. Choose a whole number from 0.")
    generator = np.random.default_rng([seed, heads, pairs])
    values = generator.beta(CONCENTRATION, CONCENTRATION * (WORDS - 1), (PLACES, heads))
    marked = np.sort(generator.choice(PLACES, pairs, replace=False))
    names = [f"head {number}" for number in range(1, heads + 1)]
    if planted:
        place = int(generator.integers(heads))
        names[place] = PLANTED
        values[marked, place] = planted + (1 - planted) * values[marked, place]
    marks = RandomMarks(DrawnSets([marked], [np.arange(PLACES)], PLACES, (seed, heads, pairs)), heads)
    marks.take(slice(0, heads), values)
    return marks.luck(
        names,
        pairs=pairs,
        title=f"{heads:,} random heads" if heads > 1 else "1 random head",
        over=f"{pairs} of {PLACES} pairs marked"
        + (f" · one head planted, strength {percent(planted)}" if planted else ""),
        origin={"heads": heads, "pairs": pairs, "seed": seed, "planted": planted},
    )
