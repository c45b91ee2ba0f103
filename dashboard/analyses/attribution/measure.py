"""What each token of a text adds to a prediction: gradient × input and integrated gradients, by the library captum.

With x the vectors of the tokens, F the figure of the prediction and x̄ the baseline, in which each token of the text has
the vocabulary's mean vector and special tokens keep their own:

- gradient × input (Shrikumar et al. 2016): Σ_d x[i, d] · ∂F/∂x[i, d]
- integrated gradients (Sundararajan et al. 2017): Σ_d (x − x̄)[i, d] · ∫₀¹ ∂F/∂x[i, d] (x̄ + α (x − x̄)) dα

The second sums to F(x) − F(x̄) over the tokens. In a deep model the gradient jumps along the path, so that no even
number of points will do. The integral is taken piece by piece, in each by `POINTS` points of Gauss and Legendre. What a
piece should sum to is known, F at its end less F at its beginning, so those that err most are halved, until all err
little. As errors of two tokens can cancel in that sum, halving goes on until it changes no token much.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from dashboard.capture.gradients import Predictor
from dashboard.errors import UserError
from dashboard.models.foreign import foreign

TOKENS = 512  # of the texts that run at once
POINTS = 4  # of a piece of the path
NEAR = 0.25  # of the largest error: pieces that err by as much are halved together
TOLERANCE = 0.05  # of the rise of F: what the errors of all pieces may add up to
UNSURE = 0.1  # of the largest attribution of a token: what that of any token may err by
Progress = Callable[[float, str], object]


class Enough(Exception):
    """Raised by a progress: the integral is taken with the points that there are."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What n tokens add to a figure F.

    Attributes
    ----------
    gradient: gradient × input, float64 (n)
    integrated: integrated gradients, float64 (n); NaN at special tokens, which the baseline has too
    value, at_baseline: F of the text and of the baseline
    steps: how many points of the path there might be; points: at how many gradients were taken
    along: the sum of what each piece of the path errs by, whatever its sign (at least `|error|`)
    """

    gradient: np.ndarray
    integrated: np.ndarray
    value: float
    at_baseline: float
    steps: int
    points: int
    along: float

    @property
    def error(self) -> float:
        """What the sum of the integrated gradients has more than F(x) − F(x̄)."""
        return float(np.nansum(self.integrated)) - (self.value - self.at_baseline)


def figure_of(logits: Tensor, answer: int, rival: int | None) -> Tensor:
    """F of logits (b, V): that of the answer less its rival’s, or without a rival less their mean; of one logit that
    one. (b)"""
    chosen = logits[:, answer]
    if rival is not None:
        return chosen - logits[:, rival]
    if logits.shape[1] == 1:
        return chosen
    known = logits.isfinite()
    return chosen - logits.masked_fill(~known, 0).sum(-1) / known.sum(-1)


def measured(
    predictor: Predictor, answer: int, rival: int | None, *, steps: int, progress: Progress | None = None
) -> Measured:
    """Both attributions of F to the tokens of a text. steps: of the path, at most

    progress: is told how far it is before each pass; may raise `Enough`, or anything else to end it
    Raises UserError for a text of special tokens alone, and where no gradient reaches the tokens.
    """
    special = torch.tensor(predictor.encoding.special, device=predictor.inputs.device)
    if special.all():
        raise UserError("The text has special tokens alone, so no word of it can have decided. Type a word.")
    doing = f"Taking gradients of {predictor.model.title}"

    def figure(inputs: Tensor) -> Tensor:
        found = figure_of(predictor.logits(inputs), answer, rival)
        if torch.is_grad_enabled() and not found.requires_grad:
            raise UserError(
                f"No gradient reaches the tokens of {predictor.model.title}. Choose another model for this."
            )
        return found

    with torch.inference_mode(False), torch.enable_grad(), foreign(doing):
        from captum.attr import InputXGradient  # with matplotlib, which takes two seconds

        x = predictor.inputs[None].clone()
        path = _Path(figure, torch.where(special[:, None], x, predictor.mean), x)
        gradient = InputXGradient(figure).attribute(x.clone().requires_grad_())
        while path.go_on(steps):
            try:
                if progress is not None:
                    progress(min(path.points / steps, 0.99), f"{doing}: {path.points} of at most {steps} points")
            except Enough:
                if path.pieces:
                    steps = path.points
                    break
            path.refine(steps)
    total = sum((piece.adds for piece in path.pieces), torch.zeros(()))
    adds, integrated = (one.detach().double().sum(-1).cpu().numpy() for one in (gradient[0], total))
    integrated[special.cpu().numpy()] = np.nan
    return Measured(adds, integrated, path.value(1.0), path.value(0.0), steps, path.points, path.along)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A piece of the path, from `start` to `end` in [0, 1]: what each number of each vector adds on it (n, D), what
    their sum has more than the rise of F, and what a token may have too much or too little: half of what halving the
    piece before changed, as errors of two tokens can cancel in the sum."""

    start: float
    end: float
    adds: Tensor
    error: float
    unsure: float = np.inf


class _Path:
    """The straight path from the baseline to the text, in pieces."""

    def __init__(self, figure: Callable[[Tensor], Tensor], baseline: Tensor, x: Tensor):
        from captum.attr import IntegratedGradients

        self._figure, self._integral = figure, IntegratedGradients(figure)
        self._baseline, self._x = baseline, x
        self._values: dict[float, float] = {}
        self.pieces: list[_Piece] = []
        self.points = 0

    def value(self, at: float) -> float:
        """F at a point of the path, each computed once."""
        if at not in self._values:
            with torch.no_grad():
                self._values[at] = float(self._figure(self._at(at)))
        return self._values[at]

    @property
    def along(self) -> float:
        """What all pieces err by, whatever its sign."""
        return sum(abs(piece.error) for piece in self.pieces)

    @property
    def _wanted(self) -> float:
        """What all errors may add up to."""
        return TOLERANCE * abs(self.value(1.0) - self.value(0.0))

    def go_on(self, most: int) -> bool:
        """Whether the pieces err too much, and there is room for more points."""
        if not self.pieces:
            return True
        return (self._sums_err or self._tokens_err) and self.points + 2 * POINTS <= most

    @property
    def _sums_err(self) -> bool:
        return self.along > self._wanted

    @property
    def _tokens_err(self) -> bool:
        adds = sum((piece.adds for piece in self.pieces), torch.zeros(())).sum(-1)
        return sum(piece.unsure for piece in self.pieces) > UNSURE * float(adds.abs().max())

    def refine(self, most: int) -> None:
        """Halve the pieces that err most, as many as run at once."""
        if not self.pieces:
            self.pieces = self._pieces([(0.0, 1.0)])
            return
        room = max(1, min(TOKENS // self._x.shape[1], most - self.points) // (2 * POINTS))
        by = (lambda piece: abs(piece.error)) if self._sums_err else (lambda piece: piece.unsure)
        worst = sorted(self.pieces, key=by, reverse=True)[:room]
        worst = [piece for piece in worst if by(piece) >= NEAR * by(worst[0])]
        middles = [(piece.start + piece.end) / 2 for piece in worst]
        halves = [(piece.start, middle) for piece, middle in zip(worst, middles, strict=True)]
        halves += [(middle, piece.end) for piece, middle in zip(worst, middles, strict=True)]
        found = self._pieces(halves)
        changes = [
            float((whole.adds - first.adds - second.adds).sum(-1).abs().max()) / 2
            for whole, first, second in zip(worst, found[: len(worst)], found[len(worst) :], strict=True)
        ]
        found = [replace(half, unsure=change) for half, change in zip(found, 2 * changes, strict=True)]
        self.pieces = [piece for piece in self.pieces if piece not in worst] + found

    def _pieces(self, ends: list[tuple[float, float]]) -> list[_Piece]:
        rows = max(1, TOKENS // self._x.shape[1])
        last, first = (torch.cat([self._at(pair[side]) for pair in ends]) for side in (1, 0))
        each = self._integral.attribute(last, first, n_steps=POINTS, internal_batch_size=max(rows, len(ends))).detach()
        self.points += POINTS * len(ends)
        return [
            _Piece(start, end, adds, float(adds.double().sum()) - (self.value(end) - self.value(start)))
            for (start, end), adds in zip(ends, each, strict=True)
        ]

    def _at(self, at: float) -> Tensor:
        return self._x if at == 1 else self._baseline + at * (self._x - self._baseline)
