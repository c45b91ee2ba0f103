"""How far apart two heads are on one text, on maps whose answers are known (METRICS §5)."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analyses.compare.disagreement import disagreements
from dashboard.analyses.compare.divergence import compare, divergence, with_rest
from dashboard.errors import UserError
from tests.helpers.views import attention, view_of


def test_a_head_is_like_itself():
    view = view_of(attention(8))
    same = compare(view, view)
    assert same.js == 0 and same.top1 == 1 and same.rows == 8
    assert same.pearson == pytest.approx(1)


def test_heads_that_share_nothing():
    a, b = view_of(np.eye(4)), view_of(np.roll(np.eye(4), 1, axis=1))
    apart = compare(a, b)
    assert apart.js == pytest.approx(1) and apart.top1 == 0
    assert apart.pearson == pytest.approx(-1 / 3)


def test_a_comparison_by_hand_and_both_ways():
    a, b = view_of([[0.5, 0.5], [1.0, 0.0]]), view_of([[1.0, 0.0], [1.0, 0.0]])
    js = (0.5 * (0.5 * math.log2(0.5 / 0.75) + 0.5 * math.log2(0.5 / 0.25)) + 0.5 * math.log2(1 / 0.75)) / 2
    for one in (compare(a, b), compare(b, a)):
        assert one.js == pytest.approx(js)
        assert one.top1 == 1


def test_a_constant_side_has_no_correlation():
    even = view_of(np.full((3, 3), 1 / 3))
    assert math.isnan(compare(even, view_of(attention(3))).pearson)


def test_special_rows_and_the_first_causal_row_are_left_out():
    special = [True, False, False, False]
    weights = attention(4, causal=True)
    other = weights.copy()
    other[0] = [0, 1, 0, 0]
    assert compare(view_of(weights, special=special, causal=True), view_of(other, special=special, causal=True)).js == 0
    assert compare(view_of(weights, causal=True), view_of(other, causal=True)).rows == 3


def test_comparing_over_different_words_is_refused(refuses):
    with refuses(UserError):
        compare(view_of(np.eye(2), labels=["a", "b"]), view_of(np.eye(2), labels=["a", "c"]))


def test_a_sinks_share_counts_as_a_key():
    a, b = view_of(np.eye(2) * 0.5), view_of(np.eye(2))
    expected = 0.5 * (0.5 * math.log2(0.5 / 0.75) + 0.5 * math.log2(0.5 / 0.25)) + 0.5 * math.log2(1 / 0.75)
    assert compare(a, b).js == pytest.approx(expected)


@given(st.integers(0, 999))
def test_divergence_is_symmetric_and_bounded(seed):
    p, q = attention(6, seed), attention(6, seed + 1)
    assert np.allclose(divergence(p, q), divergence(q, p), atol=1e-6)
    assert ((divergence(p, q) >= 0) & (divergence(p, q) <= 1)).all()


@pytest.mark.parametrize(
    ("p", "q", "bits"),
    [
        ([1, 0], [1, 0], 0),
        ([1, 0], [0, 1], 1),
        ([0.5, 0.5], [1, 0], 0.311278),  # ½ (½ log₂ ⅔ + ½ log₂ 2) + ½ log₂ 4⁄3
        ([0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5], 1),
        ([0.25] * 4, [0.5, 0.5, 0, 0], 0.311278),
    ],
)
def test_divergences_that_are_known(p, q, bits):
    p, q = np.array(p, float), np.array(q, float)
    assert divergence(p, q) == pytest.approx(bits, abs=1e-6) == divergence(q, p)


def test_the_rest_of_a_row_is_one_more_column():
    rows = with_rest(np.array([[0.5, 0.25], [1.0, 0.0], [0.75, 0.75]]))
    assert rows == pytest.approx(np.array([[0.5, 0.25, 0.25], [1, 0, 0], [0.5, 0.5, 0]]))


def test_nothing_to_compare_has_no_figures():
    only = view_of([[1.0]], causal=True)
    found = compare(only, only)
    assert found.rows == 0 and np.isnan([found.js, found.top1, found.pearson]).all()


def test_contributions_are_not_compared(refuses):
    with refuses(UserError):
        compare(replace(view_of(np.eye(2)), measure="contribution"), view_of(np.eye(2)))


def test_a_sum_is_compared_as_the_mean_it_is_a_multiple_of():
    one, other, third = (
        view_of(weights) for weights in ([[1.0, 0.0], [0.25, 0.75]], [[0.5, 0.5]] * 2, [[0.2, 0.8]] * 2)
    )
    mean = replace(other, weights=(other.weights + third.weights) / 2, measure="mean_weight")
    added = replace(other, weights=other.weights + third.weights, measure="summed_weight", full=2.0)
    assert vars(compare(one, added)) == pytest.approx(vars(compare(one, mean)))
    table, again = disagreements(one, added), disagreements(one, mean)
    assert list(table["b_share"]) == pytest.approx(list(again["b_share"])) and table["b_share"].max() <= 1
