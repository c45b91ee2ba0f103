"""The gradient horizon of a network: gradient, path length and time, each against the distance."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dashboard.analyses.recall.networks import Network, new_network
from dashboard.analyses.recall.seeds import generators, interval
from dashboard.analyses.recall.task import NAMES, Recall, sequences
from dashboard.analyses.recall.threads import one_thread


@dataclass(frozen=True)
class Gradient:
    """The gradient of the answer with respect to one input.

    Attributes
    ----------
    model, when: the model; "before" or "after" training
    back: the input's distance from the question mark in places (0 is the question mark itself)
    norm: ‖∂ scores / ∂ x‖, Frobenius, root mean square over sequences, geometric mean over the seeds; ≥ 0
    low, high: its 95 % interval over the seeds
    """

    model: str
    when: str
    back: int
    norm: float
    low: float
    high: float


def gradients(network: Network, tokens: Tensor, when: str) -> tuple[Gradient, ...]:
    """The gradient of the last output with respect to every input, a row per place, the nearest first.

    network: in double precision, or small gradients are lost in rounding. tokens (s, B, n).
    Source: Bengio et al. 1994, "Learning long-term dependencies with gradient descent is difficult".
    """
    norms = gradient_norms(network, tokens).flip(-1)  # (s, n), from the question mark back
    rows = []
    for back, by_seed in enumerate(norms.clamp(min=1e-300).log().unbind(-1)):
        mean, low, high = torch.tensor(interval(by_seed)).exp().tolist()
        rows.append(Gradient(network.name, when, back, mean, low, high))
    return tuple(rows)


def gradient_norms(network: Network, tokens: Tensor) -> Tensor:
    """‖∂ scores / ∂ x_t‖ for each seed and place: (s, B, n) → (s, n). Root mean square over the B sequences."""
    x = network.embed(tokens).detach().requires_grad_()  # (s, B, n, D)
    scores = network.answer(x)  # (s, B, K)
    squares = torch.zeros(tokens.shape, dtype=x.dtype)  # (s, B, n)
    for score in scores.unbind(-1):
        (slope,) = torch.autograd.grad(score.sum(), x, retain_graph=True)  # no sequence touches another
        squares += slope.square().sum(-1)
    return squares.mean(1).sqrt()


def path_length(model: str, distance: int) -> int:
    """The number of computing steps between two positions that are `distance` places apart.

    A recurrent network passes its state from place to place: `distance` steps. Attention compares any two: 1.
    Source: Vaswani et al. 2017, table 1, "maximum path length".
    """
    return 1 if model == "attention" else distance


@dataclass(frozen=True)
class Timing:
    """The time of one model to read n positions: milliseconds in total, and microseconds per position."""

    model: str
    n: int
    milliseconds: float
    microseconds_each: float


def timings(
    lengths: Sequence[int] = (16, 64, 256), models: Sequence[str] = NAMES, width: int = 64, repeats: int = 20
) -> tuple[Timing, ...]:
    """The time of each model to read one sequence forward on one core of this machine: the fastest of `repeats`.

    Recurrent networks take their steps in sequence; attention computes all positions at once. Embeddings and hidden
    states of all models have `width` numbers. lengths: numbers of positions, each from 3 to 514.
    """
    rows = []
    for n in lengths:
        config = Recall(distances=(n - 2,), embedding=width)
        source = generators(1, n - 2, "test")
        tokens = sequences(n - 2, 1, config.symbols, source)  # (1, 1, n)
        for model in models:
            network = new_network(model, config, source, width)
            with torch.no_grad(), one_thread():
                x = network.embed(tokens)
                seconds = min(_seconds(network, x) for _ in range(repeats))
            rows.append(Timing(model, n, 1e3 * seconds, 1e6 * seconds / n))
    return tuple(rows)


def _seconds(network: Network, x: Tensor) -> float:
    began = time.perf_counter()
    network.states(x)
    return time.perf_counter() - began
