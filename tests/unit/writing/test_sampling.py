"""Which token comes next: by a plain second implementation."""

import math

import numpy as np
import pytest

from dashboard.analyses.writing.sampling import Sampling
from dashboard.errors import UserError


def plain(logits, temperature, top_k, seed, place):
    """The same in plain loops: sort, exponentiate, sum up until the random number is passed."""
    ranked = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
    if temperature == 0:
        return ranked[0]
    ranked = ranked[: top_k or None]
    weights = [math.exp((logits[i] - max(logits)) / temperature) for i in ranked]
    left = np.random.default_rng([seed, place]).random() * math.fsum(weights)
    for i, weight in zip(ranked, weights, strict=True):
        left -= weight
        if left < 0:
            return i
    return ranked[-1]


@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0, 2.5])
@pytest.mark.parametrize("top_k", [0, 1, 3, 1000])
def test_a_plain_second_implementation_chooses_the_same(temperature, top_k):
    logits = np.random.default_rng(5).normal(0, 2, 40)
    logits[[7, 9]] = logits.max() + 1  # equals
    sampling = Sampling(temperature, top_k, 11)
    found = [sampling.choose(logits, place) for place in range(60)]
    assert found == [plain(logits.tolist(), temperature, top_k, 11, place) for place in range(60)]
    if temperature and top_k != 1:
        assert len(set(found)) > 2 and found != [Sampling(temperature, top_k, 12).choose(logits, k) for k in range(60)]
    if 0 < top_k < 40:
        assert {*found} <= {*np.argsort(-logits, kind="stable")[:top_k].tolist()}


def test_draws_follow_the_probabilities():
    logits = np.log([0.6, 0.3, 0.1])
    found = [Sampling(1.0, 0, 0).choose(logits, place) for place in range(3000)]
    assert np.bincount(found) / 3000 == pytest.approx([0.6, 0.3, 0.1], abs=0.03)


@pytest.mark.parametrize("wrong", [{"temperature": -1.0}, {"temperature": math.nan}, {"top_k": -1}, {"seed": -1}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(UserError, match=str(next(iter(wrong.values())))):
        Sampling(**wrong)
