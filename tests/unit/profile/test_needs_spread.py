"""A row whose part for other words is spread anew, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashboard.analyses.profile.needs.spread import own_shares, spread

# [CLS], "un" "known", "word", "s", a token of no word at the end; three words: 0 (two tokens), 1, 2
WORD_OF = [None, 0, 0, 1, 2, None]


def rows(*weights):
    return torch.tensor([weights], dtype=torch.float64)


def test_an_encoders_row_by_hand():
    weights = torch.zeros(1, 6, 6, dtype=torch.float64)
    weights[0, 3] = torch.tensor([0.1, 0.3, 0.1, 0.2, 0.2, 0.1])  # the query is word 1
    weights[0, 0] = weights[0, 5] = torch.full((6,), 1 / 6)
    shares = torch.zeros(1, 6, 3, dtype=torch.float64)
    shares[0, 3] = torch.tensor([0.25, 9.0, 0.5])  # what it says of the word itself counts for nothing
    shares[0, 3, 1] = 0
    found = spread(weights, shares, WORD_OF, causal=False)[0]
    # 0.6 goes to words 0 and 2, as 1 to 2; within word 0 as 3 to 1
    assert found[3].tolist() == pytest.approx([0.1, 0.15, 0.05, 0.2, 0.4, 0.1])
    assert torch.equal(found[0], weights[0, 0]) and torch.equal(found[5], weights[0, 5])


def test_within_a_word_that_gets_nothing_its_tokens_are_even_and_a_sink_keeps_its_share():
    weights = torch.zeros(1, 6, 6, dtype=torch.float64)
    weights[0, 4] = torch.tensor([0.1, 0.0, 0.0, 0.4, 0.2, 0.0])  # 0.3 is a sink's
    shares = torch.zeros(1, 6, 3, dtype=torch.float64)
    shares[0, 4] = torch.tensor([0.5, 0.5, 0.0])
    found = spread(weights, shares, WORD_OF, causal=False)[0, 4]
    assert found.tolist() == pytest.approx([0.1, 0.1, 0.1, 0.2, 0.2, 0.0]) and float(found.sum()) == pytest.approx(0.7)


def test_a_causal_row_gives_nothing_to_what_comes_later():
    weights = torch.zeros(1, 6, 6, dtype=torch.float64)
    weights[0, 3, :4] = torch.tensor([0.4, 0.2, 0.2, 0.2])
    weights[0, 1, :2] = torch.tensor([0.7, 0.3])
    shares = torch.full((1, 6, 3), 1 / 3, dtype=torch.float64)
    found = spread(weights, shares, WORD_OF, causal=True)[0]
    assert found[3].tolist() == pytest.approx([0.4, 0.2, 0.2, 0.2, 0, 0])  # word 2 cannot be seen
    assert torch.equal(found[1], weights[0, 1])  # no other word can be


def test_several_models_at_once_and_the_heads_own():
    random = np.random.default_rng(0)
    weights = torch.from_numpy(random.dirichlet(np.ones(6), (2, 6)))
    shares = torch.from_numpy(random.dirichlet(np.ones(3), (4, 2, 6)))
    found = spread(weights, shares, WORD_OF, causal=False)
    assert found.shape == (4, 2, 6, 6) and torch.allclose(found.sum(-1), torch.ones(1, dtype=torch.float64))
    assert torch.allclose(found[2], spread(weights, shares[2], WORD_OF, causal=False))
    own = spread(weights, own_shares(weights, WORD_OF, 3), WORD_OF, causal=False)
    assert torch.allclose(own, weights, atol=1e-12)
    none = spread(weights, torch.zeros(2, 6, 3), WORD_OF, causal=False)
    assert torch.equal(none, weights)
