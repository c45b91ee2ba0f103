"""Conditional logits of all heads, fitted together (METRICS §4).

A head's model is p(j | i) ∝ exp(θ · f(i, j)). With soft targets q, the cross-entropy in bits, the mean over N queries,
is (Σ_i ln Z_i(θ) − θ · E) / (N ln 2) with Z_i(θ) = Σ_j exp(θ · f(i, j)) and E = Σ_i Σ_j q_i(j) f(i, j): of a head's
attention only E is needed. Features are shared by all heads, so one product of matrices gives the scores of all.

Why not a library: statsmodels' ConditionalLogit takes choices instead of soft targets, and fits one model at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

RIDGE = 1e-4
TOLERANCE = 1e-5

_STEPS = 20
_MOST_ROUNDS = 40
# The curvature of one head is estimated from this many pairs: it only chooses the steps.
_CURVATURE_PAIRS = 60_000
_LAST_STEPS = 2
_LN2 = math.log(2)


@dataclass(frozen=True, eq=False)
class Rows:
    """Queries with the same number of candidates.

    Attributes
    ----------
    features: float32 (rows · c, columns), the candidates of each query together
    candidates: c
    weights: how often each row counts for each head, float32 (rows, h); None where each counts once
    sentence: the sentence of each row (rows); may be empty
    """

    features: torch.Tensor
    candidates: int
    weights: torch.Tensor | None
    sentence: np.ndarray

    def log_z(self, theta: torch.Tensor, gradient: torch.Tensor | None = None) -> torch.Tensor:
        """ln Z of each row (rows, h), for θ (columns, h) of the features' type.

        Adds to `gradient` (columns, h) the rows' expected features, weighted by how often each row counts.
        """
        scores = (self.features @ theta).view(-1, self.candidates, theta.shape[1])
        most = scores.amax(1, keepdim=True)
        scores.sub_(most).exp_()
        z = scores.sum(1, keepdim=True)
        if gradient is not None:
            scores.mul_(z.reciprocal() if self.weights is None else self.weights[:, None] / z)
            gradient += self.features.T @ scores.view(-1, theta.shape[1])
        return (z.log_() + most).squeeze(1)


class Objective:
    """The mean cross-entropy in bits of a fold's queries plus 1e-4 |θ|², for any of its heads.

    Parameters
    ----------
    rows: the fold's queries, read again at each evaluation
    expected: E, float64 (columns, h)
    queries: N of each head, float64 (h)
    """

    def __init__(self, rows: Iterable[Rows], expected: torch.Tensor, queries: torch.Tensor):
        self.rows, self.expected, self.queries = rows, expected, queries.clamp(min=1)
        self.pairs = sum(len(block.features) for block in rows)

    def __call__(self, theta: torch.Tensor, heads: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Value (k) and gradient (columns, k) for θ float64 (columns, k) of these k heads."""
        single = theta.float()
        log_z, expected = torch.zeros(len(heads), dtype=torch.float64), torch.zeros_like(theta)
        all_heads = len(heads) == len(self.queries)
        for rows in self.rows:
            if rows.weights is not None and not all_heads:
                rows = Rows(rows.features, rows.candidates, rows.weights[:, heads], rows.sentence)
            part = torch.zeros_like(single)
            found = rows.log_z(single, part).double()
            log_z += (found if rows.weights is None else found * rows.weights).sum(0)
            expected += part
        scale, target = _LN2 * self.queries[heads], self.expected[:, heads]
        value = (log_z - (theta * target).sum(0)) / scale + RIDGE * theta.square().sum(0)
        return value, (expected - target) / scale + 2 * RIDGE * theta

    def curvature(self, theta: torch.Tensor, head: int, most: int) -> torch.Tensor:
        """The Hessian of one head at θ float64 (columns), (columns, columns), from about `most` pairs of all rows."""
        size, single = len(theta), theta.float()[:, None]
        found, weight = torch.zeros(size, size, dtype=torch.float64), 0.0
        stride = max(1, self.pairs // most)
        for rows in self.rows:
            features = rows.features.view(-1, rows.candidates, size)[::stride]
            shares = torch.softmax((features.flatten(0, 1) @ single).view(features.shape[:2]), 1)
            if rows.weights is not None:
                counted = rows.weights[::stride, head]
                weight += float(counted.sum())
            else:
                counted = torch.ones(len(features))
                weight += len(features)
            mean = torch.bmm(shares[:, None], features).squeeze(1)
            shares = (shares * counted[:, None]).view(-1, 1)
            flat = features.flatten(0, 1)
            found += (flat.T @ (flat * shares) - mean.T @ (mean * counted[:, None])).double()
        found = (found + found.T) / 2
        return found / (max(weight, 1.0) * _LN2) + 2 * RIDGE * torch.eye(size, dtype=torch.float64)


def fit(objective: Objective) -> torch.Tensor:
    """θ of all heads by maximum likelihood: float64 (columns, h).

    L-BFGS from θ = 0 for all heads at once, each with its own steps, until the largest component of each head's
    gradient is below 1e-5 bits. Coordinates are scaled so that the curvature is about 1 in all directions: first by the
    curvature at θ = 0, which all heads share, later by each head's own at its current θ. The objective is strictly
    convex, so there is one solution. Scores are float32 and sums float64.

    A few last steps of Newton's method remove most of the remaining gradient. Without them, rounding differences
    between machines or thread counts decide when a head stops, and this shows in its bits.

    Raises RuntimeError where a head does not reach the tolerance.
    """
    columns, heads = objective.expected.shape
    theta = torch.zeros(columns, heads, dtype=torch.float64)
    active = torch.arange(heads)
    shared = objective.curvature(theta[:, 0], int(objective.queries.argmax()), objective.pairs)
    lower = torch.linalg.cholesky(shared).expand(heads, -1, -1)
    for _ in range(_MOST_ROUNDS):
        theta[:, active], unfinished = _round(objective, active, theta[:, active], lower)
        active = active[unfinished]
        if not len(active):
            return _closer(objective, theta)
        lower = _own_curvature(objective, theta, active)
    raise RuntimeError(f"{len(active)} heads were not fitted to {TOLERANCE} bits.")


def _own_curvature(objective: Objective, theta: torch.Tensor, heads: torch.Tensor) -> torch.Tensor:
    """The Cholesky factor L of each head's curvature at its θ, curvature = L Lᵀ: (k, columns, columns)."""
    own = [objective.curvature(theta[:, head], int(head), _CURVATURE_PAIRS) for head in heads]
    return torch.linalg.cholesky(_positive(torch.stack(own)))


def _closer(objective: Objective, theta: torch.Tensor) -> torch.Tensor:
    """θ after some Newton steps with a fixed curvature; a head takes a step only if its gradient falls."""
    heads = torch.arange(theta.shape[1])
    lower = _own_curvature(objective, theta, heads)
    gradient = objective(theta, heads)[1]
    for _ in range(_LAST_STEPS):
        new = theta - torch.cholesky_solve(gradient.T[:, :, None], lower)[:, :, 0].T
        found = objective(new, heads)[1]
        better = found.abs().amax(0) < gradient.abs().amax(0)
        theta, gradient = torch.where(better, new, theta), torch.where(better, found, gradient)
    return theta


def _positive(curvature: torch.Tensor) -> torch.Tensor:
    """The curvature with its smallest eigenvalue lifted to the penalty's: float32 rounding may have lowered it."""
    lowest = torch.linalg.eigvalsh(curvature)[:, 0]
    lift = (RIDGE - lowest).clamp(min=0)
    return curvature + lift[:, None, None] * torch.eye(curvature.shape[1], dtype=torch.float64)


def _round(
    objective: Objective, active: torch.Tensor, theta: torch.Tensor, lower: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Some L-BFGS steps for these k heads in the coordinates φ = Lᵀ θ, with L (k, columns, columns).

    Returns θ, and which heads are not finished (k).
    """

    def solve(factor: torch.Tensor, vectors: torch.Tensor, upper: bool) -> torch.Tensor:
        return torch.linalg.solve_triangular(factor, vectors.T[:, :, None], upper=upper)[:, :, 0].T

    def evaluate(phi: torch.Tensor, which: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        value, gradient = objective(solve(lower[which].mT, phi, True), active[which])
        return value, solve(lower[which], gradient, False), gradient.abs().amax(0)

    result = (lower.mT @ theta.T[:, :, None])[:, :, 0].T.contiguous()
    here, phi = torch.arange(len(active)), result.clone()
    value, gradient, largest = evaluate(phi, here)
    moves: list[torch.Tensor] = []
    gradient_changes: list[torch.Tensor] = []
    for _ in range(_STEPS):
        going = largest >= TOLERANCE
        if not going.all():
            result[:, here[~going]] = phi[:, ~going]
            here, phi, value, gradient = here[going], phi[:, going], value[going], gradient[:, going]
            moves, gradient_changes = [m[:, going] for m in moves], [t[:, going] for t in gradient_changes]
            if not len(here):
                break
        direction = _direction(gradient, moves, gradient_changes)
        new = _step(evaluate, here, phi, value, gradient, direction)
        moves.append(new[0] - phi)
        gradient_changes.append(new[2] - gradient)
        phi, value, gradient, largest = new
    result[:, here] = phi
    unfinished = torch.zeros(len(active), dtype=torch.bool)
    unfinished[here] = True
    return solve(lower.mT, result, True), unfinished


def _direction(gradient: torch.Tensor, moves: list[torch.Tensor], gradient_changes: list[torch.Tensor]) -> torch.Tensor:
    """−H g by the two loops of L-BFGS, for each column separately."""
    found = gradient.clone()
    factors = []
    for move, change in zip(reversed(moves), reversed(gradient_changes), strict=True):
        curve = (move * change).sum(0)
        usable = curve > 1e-12 * change.square().sum(0)
        rate = torch.where(usable, 1 / curve.clamp(min=1e-300), 0.0)
        alpha = rate * (move * found).sum(0)
        found -= alpha * change
        factors.append((rate, alpha))
    if moves:
        curve, length = (moves[-1] * gradient_changes[-1]).sum(0), gradient_changes[-1].square().sum(0)
        found *= torch.where((curve > 0) & (length > 0), curve / length.clamp(min=1e-300), 1.0)
    for (rate, alpha), move, change in zip(reversed(factors), moves, gradient_changes, strict=True):
        found += (alpha - rate * (change * found).sum(0)) * move
    return -found


def _step(
    evaluate, active, phi, value, gradient, direction
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """For each head the first step of 1, ½, ¼ … that lowers its objective enough: φ, value, gradient, largest."""
    slope = (gradient * direction).sum(0)
    uphill = slope >= 0
    if uphill.any():
        direction = torch.where(uphill, -gradient, direction)
        slope = (gradient * direction).sum(0)
    length = torch.ones_like(value)
    new, best = phi + direction, list[torch.Tensor]()
    todo = torch.arange(len(active))
    for _ in range(30):
        found = (new[:, todo], *evaluate(new[:, todo], active[todo]))
        if not best:
            best = [part.clone() for part in found]
        else:
            for whole, part in zip(best, found, strict=True):
                whole[..., todo] = part
        lower = best[1] <= value + 1e-4 * length * slope
        # Near the end float32 cannot separate the values, so the slope at the new point decides (Hager, Zhang 2005).
        flatter = (best[1] <= value + 1e-6 * value.abs()) & ((best[2] * direction).sum(0) <= -0.8 * slope)
        todo = todo[~(lower | flatter)[todo]]
        if not len(todo):
            break
        length[todo] /= 2
        new[:, todo] = phi[:, todo] + length[todo] * direction[:, todo]
    return best[0], best[1], best[2], best[3]
