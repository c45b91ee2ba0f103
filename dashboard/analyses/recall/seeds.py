"""Experiments over several seeds: their random numbers, and the interval of their results."""

from __future__ import annotations

import torch
from torch import Tensor

# 97.5 % points of Student's t for 1 … 9 degrees of freedom: intervals over 2 … 10 seeds.
T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)

PURPOSES = ("weights", "training", "test", "gradients")


def interval(values: Tensor) -> tuple[float, float, float]:
    """The mean over n seeds and its 95 % interval by Student's t: mean, mean − t·s/√n, mean + t·s/√n.

    values (n), one for each seed, n from 2 to 10. s is the standard deviation between seeds. Equal results give an
    interval of zero width.
    """
    n, mean = len(values), values.mean().item()
    half = T_975[n - 2] * values.std().item() / n**0.5
    return mean, mean - half, mean + half


def generators(seeds: int, distance: int, purpose: str) -> list[torch.Generator]:
    """A generator for each seed 0 … seeds − 1, different for each distance and each of `PURPOSES`.

    Every model gets the same generators, so that all see the same sequences.
    """
    first = 1000 * distance + 100 * PURPOSES.index(purpose)
    return [torch.Generator().manual_seed(first + seed) for seed in range(seeds)]
