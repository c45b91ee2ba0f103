"""The rank agreement of a head with an attribution, and its q, by hand and on lists in which there is nothing."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from scipy.stats import binom, spearmanr

from dashboard.analyses.attribution.agreement import agreement, least_p, nearness, others, q_of_agreement
from dashboard.heads.chance import MOST, q_values


def test_agreement_by_hand():
    sizes = np.array([3.0, 1.0, 2.0])
    rows = np.array([[0.6, 0.1, 0.3], [0.1, 0.6, 0.3], [0.3, 0.1, 0.6], [1 / 3, 1 / 3, 1 / 3]])
    assert agreement(rows, sizes)[:3] == pytest.approx([1, -1, 0.5])  # 1 − 6 Σ d² / (n (n² − 1)), Σ d² = 0, 8, 2
    assert np.isnan(agreement(rows, sizes)[3]) and np.isnan(agreement(rows, np.ones(3))).all()
    assert np.isnan(agreement(rows[:, :2], sizes[:2])).all()  # two words have no order to speak of


def test_agreement_is_scipys_with_equal_values():
    random = np.random.default_rng(0)
    rows, sizes = random.integers(0, 4, (30, 12)) / 10, random.integers(0, 5, 12).astype(float)
    assert agreement(rows, sizes) == pytest.approx([spearmanr(row, sizes).statistic for row in rows])


def test_few_words_have_each_other_order_once():
    random = np.random.default_rng(1)
    rows, sizes = random.random((4, 5)), random.random(5)
    observed = [spearmanr(row, sizes).statistic for row in rows]
    every = [[spearmanr(row, one).statistic for one in permutations(sizes)] for row in rows]
    p = [np.mean(np.array(some) >= rho - 1e-6) for some, rho in zip(every, observed, strict=True)]
    assert q_of_agreement(rows, sizes) == pytest.approx(q_values(np.array(p)))
    assert others(5) == factorial(5) - 1 and least_p(5) == pytest.approx(1 / 120)
    assert others(40) == MOST


def test_one_head_that_agrees_stands_out_of_many_that_do_not():
    random = np.random.default_rng(2)
    sizes = random.random(12)
    rows = random.random((270, 12))
    rows[100] = sizes**3
    q = q_of_agreement(rows, sizes)
    assert q[100] <= 0.05 and (np.delete(q, 100) > 0.05).all()


@pytest.mark.parametrize(("words", "heads", "lists"), [(6, 30, 200), (11, 60, 60)])
def test_shuffled_attributions_seldom_give_a_head(words, heads, lists):
    random = np.random.default_rng(3)
    spread = np.full(words, 0.5)
    rows = random.dirichlet(spread, heads) + random.dirichlet(spread)  # heads that are much alike
    shuffled = (random.permutation(2.0 ** np.arange(words)) for _ in range(lists))
    found = sum((q_of_agreement(rows, sizes) <= 0.05).any() for sizes in shuffled)
    assert found <= binom.ppf(0.99, lists, 0.05)


def test_a_head_without_an_order_has_no_q():
    random = np.random.default_rng(4)
    rows = random.random((3, 9))
    rows[1] = 0.1
    q = q_of_agreement(rows, random.random(9))
    assert np.isnan(q).tolist() == [False, True, False]
    assert np.isnan(q_of_agreement(rows, np.zeros(9))).all()


def test_nearness_counts_tokens_to_the_nearest_that_predicts():
    assert nearness([(1,), (2, 3), (5,)], (5,)).tolist() == [-4, -2, 0]
    assert nearness([(1,), (2, 3), (5,)], (0, 5)).tolist() == [-1, -2, 0]
