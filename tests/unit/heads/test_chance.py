"""Chance, computed a second way: loops, all sets one by one, and lists in which there is nothing to find."""

from itertools import combinations, pairwise, product

import numpy as np
import pytest
from scipy.stats import binom

from dashboard.heads.chance import (
    DRAWS,
    LEVEL,
    MOST,
    DrawnSets,
    mean,
    p_among,
    p_of_pairs,
    p_of_signs,
    q_values,
    subsets,
    sums,
)
from dashboard.heads.chance_words import equals, own, q_said, too_few, verdict
from tests.helpers.sentences import numbers


def sets_of(marked, sizes, seed=0):
    """Marks in groups of these sizes that follow one another. marked: places within each group"""
    starts = np.cumsum([0, *sizes])
    pool = [np.arange(a, b) for a, b in pairwise(starts)]
    own = [np.array(places) + start for places, start in zip(marked, starts, strict=False)]
    return DrawnSets(own, pool, int(starts[-1]), seed)


def naive_q(p):
    """Benjamini–Hochberg by its definition: the least of p_k · n / k over all ranks k from a head's own on."""
    known = [one for one in p if one == one]
    return [
        min(other * len(known) / sum(x <= other for x in known) for other in known if other >= one) for one in known
    ]


@pytest.mark.parametrize("seed", range(5))
def test_q_is_that_of_a_loop_over_ranks_and_skips_heads_without_p(seed):
    generator = np.random.default_rng(seed)
    p = np.round(generator.random(40) ** 3, 2) + 0.001  # with ties
    p[::7] = np.nan
    q = q_values(p)
    np.testing.assert_allclose(q[np.isfinite(p)], naive_q(p.tolist()))
    assert np.isnan(q[::7]).all()
    assert np.isnan(q_values(np.full(3, np.nan))).all() and q_values(np.array([])).size == 0


def test_p_of_few_pairs_is_that_of_all_sets_one_by_one():
    values = np.random.default_rng(1).random((11, 6))
    values[:, 4] = 0  # a head that gives nothing
    values[3, 5] = np.nan
    found = p_of_pairs(sets_of([[0, 2], [1]], [5, 6]), values)
    every = [(a, b, c) for (a, b), c in product(combinations(range(5), 2), range(5, 11))]
    assert len(every) == 60
    for head in range(6):
        of = {one: np.nanmean(values[list(one), head]) for one in every}
        wanted = sum(one >= of[0, 2, 6] - 1e-9 for one in of.values()) / 60
        assert found[head] == pytest.approx(wanted)
    assert found[4] == 1


def test_p_of_many_pairs_is_near_that_of_all_sets():
    values = np.random.default_rng(2).random((24, 8))
    found = p_of_pairs(sets_of([[0, 1, 2, 3]], [24]), values)
    every = np.array(list(combinations(range(24), 4)))
    for head in range(8):
        of = values[every, head].mean(1)
        assert found[head] == pytest.approx((of >= of[0]).mean(), abs=0.05)


def test_no_p_is_smaller_than_the_sets_allow():
    few = sets_of([[0]], [8])
    values = np.zeros((8, 1))
    values[0] = 1
    assert few.others == 7 and p_of_pairs(few, values) == few.least == 1 / 8
    many = sets_of([[0, 1, 2, 3, 4, 5]], [60])
    values = np.zeros((60, 2))
    values[:6, 0] = 1
    values[:, 1] = np.arange(60)  # the smallest of all
    low, high = p_of_pairs(many, values)
    assert low == many.least == 1 / (MOST + 1) and high == 1
    alone = sets_of([[0, 1]], [2])  # there is no other set
    assert alone.others == 0 and np.isnan(p_of_pairs(alone, np.ones((2, 1)))).all()


def test_a_head_without_a_share_has_no_p_and_draws_without_one_do_not_count():
    values = np.random.default_rng(3).random((6, 2))
    values[:, 0] = np.nan
    values[3:, 1] = np.nan
    values[:3, 1] = 0.3, 0.2, 0.1
    none, some = p_of_pairs(sets_of([[0]], [6]), values)
    assert np.isnan(none) and some == 1 / 3


def test_draws_are_sets_of_different_cells_each_as_often_and_the_same_again():
    drawn = subsets(np.random.default_rng(0), 5, 3, 20_000)
    assert all(len(set(row)) == 3 for row in drawn[:200].tolist()) and drawn.min() == 0 and drawn.max() == 4
    _, counts = np.unique(np.sort(drawn, 1), axis=0, return_counts=True)
    assert len(counts) == 10 and abs(counts / 2_000 - 1).max() < 0.12
    one, other = (sets_of([[0, 1, 2]], [40], seed=4) for _ in range(2))
    assert (one.first != other.first).nnz == 0 and one.first.shape == (DRAWS, 40)
    assert (one.first != sets_of([[0, 1, 2]], [40], seed=5).first).nnz > 0
    assert (one.first.sum(1) == 3).all()


def test_p_of_few_signs_is_that_of_all_signs_one_by_one():
    values = np.random.default_rng(5).integers(-2, 3, (6, 7)).astype(float)
    values[:, 6] = 0
    found = p_of_signs(values)
    signs = list(product((1, -1), repeat=6))
    for head in range(7):
        of = [sum(s * v for s, v in zip(one, values[:, head], strict=True)) for one in signs]
        assert found[head] == pytest.approx(sum(x >= of[0] for x in of) / 64)
    assert found[6] == 1
    assert np.isnan(p_of_signs(np.zeros((0, 2)))).all()
    assert np.isnan(p_of_signs(np.full((3, 1), np.nan))).all()


def test_p_of_many_signs_is_near_that_of_all_and_small_where_all_agree():
    values = np.random.default_rng(6).normal(0.2, 1, (16, 5))
    values[:, 4] = 1
    found = p_of_signs(values)
    signs = 1 - 2 * ((np.arange(2**16)[:, None] >> np.arange(16)) & 1)
    np.testing.assert_allclose(found, (signs @ values >= values.sum(0) - 1e-9).mean(0), atol=0.04)
    assert found[4] == pytest.approx(1 / 2**16, abs=2e-4)


def test_p_by_rank_counts_ties_as_larger():
    others = np.array([[0.1, 0.5], [0.2, 0.5], [0.3, 0.5]])
    np.testing.assert_allclose(p_among(np.array([0.25, 0.5]), others), [2 / 4, 4 / 4])
    assert np.isnan(p_among(np.array([0.3]), np.zeros((0, 1)))).all()


def test_sums_leave_out_what_is_not_there():
    values = np.array([[1.0, np.nan], [2, 5], [3, 7]])
    total, count = sums(sets_of([[0, 1]], [3]).own, values)
    assert total.tolist() == [[3, 5]] and count.tolist() == [[2, 1]]
    assert np.isnan(mean(np.zeros(1), np.zeros(1))).all()


def test_where_there_is_nothing_to_find_few_lists_have_a_marked_head():
    """200 lists of 72 heads that share their text, and random marks: at most 5 % have a q ≤ 0.05, as METRICS asks."""
    lists = 0
    for run in range(200):
        generator = np.random.default_rng(run)
        shared = generator.random((40, 1))
        values = (generator.random((40, 72)) + shared) ** 4  # heads that are alike, and skewed
        marked = generator.choice(40, 5, replace=False)
        q = q_values(p_of_pairs(sets_of([marked], [40], run), values))
        lists += (q <= LEVEL).any()
    assert lists <= binom.ppf(0.99, 200, LEVEL)


def test_where_there_is_nothing_to_find_few_lists_by_signs_have_a_marked_head():
    lists = 0
    for run in range(200):
        values = np.random.default_rng(run).normal(size=(12, 40))
        lists += (q_values(p_of_signs(values)) <= LEVEL).any()
    assert lists <= binom.ppf(0.99, 200, LEVEL)


def test_one_planted_head_of_many_is_found_and_no_other():
    values = np.random.default_rng(7).random((40, 270)) ** 3
    values[:6, 123] += 1
    q = q_values(p_of_pairs(sets_of([range(6)], [40]), values))
    assert np.flatnonzero(q <= LEVEL).tolist() == [123]


def test_q_is_said_with_what_a_list_can_reach():
    some = np.array([0.003, 0.2, np.nan, 0.04])
    assert numbers(verdict(0.003, some)) == [0.003, 3] and "Beyond" in verdict(0.003, some)
    assert numbers(verdict(0.2, some)) == [0.2, 2] and "not beyond" in verdict(0.2, some)
    assert numbers(verdict(0.4, np.array([0.4, 0.31]))) == [0.31] and "No head" in verdict(0.4, np.array([0.4, 0.31]))
    assert verdict(np.nan, np.full(2, np.nan)) == own(np.nan) == ""
    assert (q_said(0.00123), q_said(1.0), q_said(np.nan), equals(1e-6)) == ("0.0012", "1", "–", "q under 0.0001")
    out = {"what": "sets", "do": "Mark more."}
    assert "no other" in too_few(0, 1.0, 72, **out)
    assert numbers(too_few(7, 1 / 8, 72, **out)) == [7, 0.12]
    assert numbers(too_few(200, 1 / 201, 72, **out))[0] == 200 and "alone" in too_few(200, 1 / 201, 72, **out)
    assert too_few(2_000, 1 / 20_001, 72, **out) == ""
