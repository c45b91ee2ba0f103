"""Attributions of models that are known, by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from dashboard.analyses.attribution.measure import POINTS, TOLERANCE, figure_of, measured
from dashboard.errors import UserError


@dataclass
class Named:
    title: str = "Hand"


@dataclass
class Encoded:
    special: tuple


@dataclass
class Hand:
    """A prediction that is a function of the vectors, as `Predictor` is. special: the first token"""

    of: object
    inputs: torch.Tensor
    mean: torch.Tensor
    model: Named = field(default_factory=Named)
    runs: int = 0

    @property
    def encoding(self):
        return Encoded((True, *(False,) * (len(self.inputs) - 1)))

    def logits(self, inputs):
        self.runs += 1
        return self.of(inputs)


X = torch.tensor([[5.0, 5.0], [1.0, 2.0], [3.0, -1.0]])
MEAN = torch.tensor([0.5, 0.5])
W = torch.tensor([[1.0, 0.0], [2.0, 1.0], [-1.0, 4.0]])


def two(figure):
    """Two logits of which the first is the figure: their difference is that."""
    return lambda inputs: torch.stack([figure(inputs), torch.zeros(len(inputs))], 1)


def test_a_linear_model_by_hand():
    found = measured(Hand(two(lambda x: (x * W).sum((1, 2)) + 7), X, MEAN), 0, 1, steps=100)
    assert found.gradient == pytest.approx([5, 4, -7])  # w · x
    assert np.isnan(found.integrated[0])
    assert found.integrated[1:] == pytest.approx([2 * 0.5 + 1.5, -2.5 - 6])  # w · (x − x̄)
    assert (found.value, found.at_baseline) == pytest.approx((9, 15)) and found.error == pytest.approx(0, abs=1e-5)
    assert found.points == 3 * POINTS  # one piece is exact, and two say so


def test_a_square_by_hand():
    found = measured(Hand(two(lambda x: (x[:, 1:] ** 2).sum((1, 2))), X, MEAN), 0, 1, steps=100)
    assert found.gradient == pytest.approx([0, 10, 20])  # 2 x · x
    assert found.integrated[1:] == pytest.approx([5 - 0.5, 10 - 0.5])  # x² − x̄², whatever the path between


def test_a_jump_of_the_gradient_is_found_by_halving():
    def jump(inputs):
        return torch.sigmoid(2000 * (inputs[:, 1, 0] - 0.65)) + inputs[:, 2, 1]

    rough = measured(Hand(two(jump), X, MEAN), 0, 1, steps=POINTS)
    fine = measured(Hand(two(jump), X, MEAN), 0, 1, steps=400)
    assert abs(rough.error) > 0.1 and rough.points == POINTS
    assert abs(fine.error) <= fine.along <= TOLERANCE * abs(fine.value - fine.at_baseline) and fine.points < 400
    assert fine.integrated[1:] == pytest.approx([1, -1.5], abs=0.02)


def test_errors_of_two_tokens_that_cancel_are_found():
    def steps(inputs):
        first, second = (((inputs - MEAN) / (X - MEAN))[:, token, 0] for token in (1, 2))
        return torch.sigmoid(40 * (first - 0.3)) - torch.sigmoid(40 * (second - 0.3)) + 0.5 * first

    rough = measured(Hand(two(steps), X, MEAN), 0, 1, steps=POINTS)
    assert rough.along < 1e-4 and abs(rough.integrated[1] - 1.5) > 0.5, "the sum tells nothing"
    fine = measured(Hand(two(steps), X, MEAN), 0, 1, steps=400)
    assert fine.integrated[1:] == pytest.approx([1.5, -1], abs=0.05) and fine.points < 400


def test_points_end_where_they_are_used_up():
    told = []
    model = Hand(two(lambda x: torch.sin(4000 * x[:, 1, 0])), X, MEAN)
    found = measured(model, 0, 1, steps=50, progress=lambda done, says: told.append(done))
    assert found.points <= 50 and told == sorted(told) and told[-1] < 1


def test_the_figure_is_a_difference_or_less_the_mean():
    logits = torch.tensor([[3.0, 1.0, -1.0], [0.0, 6.0, -float("inf")]])
    assert figure_of(logits, 0, 2).tolist()[0] == 4
    assert figure_of(logits, 1, None).tolist() == [0, 3]
    assert figure_of(logits[:, :1], 0, None).tolist() == [3, 0]


def test_what_has_no_gradient_is_refused():
    with pytest.raises(UserError, match="gradient"):
        measured(Hand(lambda x: two(lambda y: y.sum((1, 2)))(x.detach()), X, MEAN), 0, 1, steps=8)
    with pytest.raises(UserError, match="special"):
        measured(Hand(two(lambda x: x.sum((1, 2))), X[:1], MEAN), 0, 1, steps=8)
