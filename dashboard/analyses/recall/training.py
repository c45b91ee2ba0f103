"""Training the four networks on the recall task in small steps, so that a page can show progress and stop it.

    for progress in train(DEFAULT):
        bar.progress(progress.fraction, progress.doing)
    result = progress.result

Each distance is a separate experiment: networks are trained from scratch on sequences of this distance only, all seeds
side by side. So a point at distance 32 shows whether a network can *learn* to look back 32 places, without help from
nearer distances.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from dashboard.analyses.recall.gradient_reach import Gradient, gradients
from dashboard.analyses.recall.networks import Network, count, new_network
from dashboard.analyses.recall.seeds import generators, interval
from dashboard.analyses.recall.task import DEFAULT, NAMES, TITLES, Recall, sequences
from dashboard.analyses.recall.threads import one_thread

REPORT_EVERY = 10  # training steps between two reports: several a second
SOLVED, FOR = 0.01, 20  # a network is done when each seed's loss stays below this (nats) for this many steps
CLIP = 1.0  # gradients are clipped to this norm: without it recurrent networks sometimes diverge


@dataclass(frozen=True)
class Point:
    """The accuracy of one model at one distance.

    Attributes
    ----------
    model, distance: the model and the number of distractors
    accuracy: the mean over the seeds of the share of right answers on fresh sequences, in [0, 1]
    low, high: the 95 % interval of that mean over the seeds, cut to [0, 1]
    by_seed: the share of each seed
    steps: the number of training steps
    seconds: the training time, all seeds together
    """

    model: str
    distance: int
    accuracy: float
    low: float
    high: float
    by_seed: tuple[float, ...]
    steps: int
    seconds: float


@dataclass(frozen=True)
class Result:
    """The results of a run so far; complete with the last progress.

    Attributes
    ----------
    config: the configuration of the run
    weights: model → number of weights of each of its networks
    points: a `Point` for each model and distance
    gradients: `Gradient` rows of the networks of the farthest distance, before and after training
    seconds: since the run began
    """

    config: Recall
    weights: dict[str, int]
    points: tuple[Point, ...] = ()
    gradients: tuple[Gradient, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Progress:
    """The progress of a run: the fraction done (0 to 1), a sentence, the mean loss in nats, and the result so far."""

    fraction: float
    doing: str
    loss: float
    result: Result = field(repr=False)


def train(config: Recall = DEFAULT, models: tuple[str, ...] = NAMES) -> Iterator[Progress]:
    """Trains and tests every model at every distance and yields progress; the last progress holds the whole result.

    The same configuration gives the same numbers: all randomness comes from the seeds, and every model sees the same
    sequences. Between two yields torch runs on one thread (small networks are slower on more, and sums keep their
    order); the setting is restored at every yield. Stop iterating to stop the training.
    """
    steps = _train(config, models)
    while True:
        with one_thread():
            progress = next(steps, None)
        if progress is None:
            return
        yield progress


def _train(config: Recall, models: tuple[str, ...]) -> Iterator[Progress]:
    began = time.perf_counter()
    result = Result(config, {name: count(name, config) for name in models})
    runs = [(distance, name) for distance in config.distances for name in models]
    costs = [_cost(name, distance) for distance, name in runs]
    for number, (distance, name) in enumerate(runs):
        doing = f"{TITLES[name]}, {distance} distractor{'s' if distance > 1 else ''}"
        started = time.perf_counter()
        network = new_network(name, config, generators(config.seeds, distance, "weights"))
        untrained = network.to(torch.float64)
        for step, loss in training_steps(network, config, distance):
            if step % REPORT_EVERY == 0:
                done = sum(costs[:number]) + costs[number] * step / config.steps
                result = replace(result, seconds=time.perf_counter() - began)
                yield Progress(done / sum(costs), doing, loss, result)
        by_seed = accuracy(network, config, distance)
        mean, low, high = interval(by_seed)
        seconds = time.perf_counter() - started
        point = Point(name, distance, mean, max(0.0, low), min(1.0, high), tuple(by_seed.tolist()), step, seconds)
        result = replace(result, points=(*result.points, point))
        if distance == config.farthest:
            tokens = sequences(distance, 16, config.symbols, generators(config.seeds, distance, "gradients"))
            rows = gradients(untrained, tokens, "before") + gradients(network.to(torch.float64), tokens, "after")
            result = replace(result, gradients=(*result.gradients, *rows))
        result = replace(result, seconds=time.perf_counter() - began)
        yield Progress(sum(costs[: number + 1]) / sum(costs), doing, loss, result)


def accuracy(network: Network, config: Recall, distance: int) -> Tensor:
    """Each seed's share of right answers on `config.tested` new sequences: (s)."""
    tokens = sequences(distance, config.tested, config.symbols, generators(config.seeds, distance, "test"))
    with torch.no_grad():
        chosen = network.answer(network.embed(tokens)).argmax(-1)  # (s, B)
    return (chosen == tokens[:, :, 0]).double().mean(-1)


def training_steps(network: Network, config: Recall, distance: int) -> Iterator[tuple[int, float]]:
    """Steps of Adam until the network is done or has had all its steps; yields (steps, loss in nats)."""
    solved = 0
    source = generators(config.seeds, distance, "training")
    weights = list(network.weights.values())
    adam = torch.optim.Adam(weights, lr=config.rate)
    for step in range(1, config.steps + 1):
        tokens = sequences(distance, config.batch, config.symbols, source)  # (s, B, n)
        scores = network.answer(network.embed(tokens))  # (s, B, K)
        # Mean over the batch, sum over the seeds: each seed's gradient is the same as when trained alone.
        losses = cross_entropy(scores.flatten(0, 1), tokens[:, :, 0].flatten(), reduction="none")  # (s·B)
        losses = losses.view(config.seeds, -1).mean(-1)  # (s)
        adam.zero_grad()
        losses.sum().backward()
        _clip(weights)
        adam.step()
        yield step, losses.mean().item()
        solved = solved + 1 if losses.max() < SOLVED else 0
        if solved == FOR:
            return


def _clip(weights: list[Tensor]) -> None:
    """Clips each seed's gradient to the norm CLIP."""
    used = [w.grad for w in weights if w.grad is not None]  # (s, …) each
    norms = torch.stack([g.square().sum((1, 2)) for g in used]).sum(0).sqrt()  # (s)
    for gradient in used:
        gradient.mul_((CLIP / norms.clamp(min=CLIP))[:, None, None])


def _cost(name: str, distance: int) -> float:
    """The approximate cost of a step, for the progress only: recurrent networks read place by place."""
    return {"rnn": 1.0, "gru": 2.5, "lstm": 2.5, "attention": 0.1}[name] * (distance + 4) + 2.0
