"""The fast scores against loops that follow METRICS §1 word by word."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.analyses.scores.pattern_scores import PatternScores
from dashboard.analyses.scores.scores import SCORES
from dashboard.analyses.scores.thumbnails import SIZE
from dashboard.capture import Block
from dashboard.text import Encoding
from tests.helpers.thumbnails import shrink

NAMES = [name for name in SCORES if name != "induction"]


def encoding_of(ids, special):
    n = len(ids)
    pieces = tuple(f"t{i}" for i in ids)
    return Encoding("", tuple(ids), pieces, pieces, ((0, 0),) * n, tuple(special))


def random_attention(heads, n, allowed, seed, peak=3.0):
    """Softmax of random scores over the allowed keys: float32 (heads, n, n)."""
    scores = np.random.default_rng(seed).normal(size=(heads, n, n)) * peak
    scores[:, ~allowed] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


def blocks_of(weights, rows, causal=False, allowed=None, layer=0):
    """The blocks in which the tap would hand these weights out."""
    heads, n, _ = weights.shape
    for start in range(0, n, rows):
        cut = slice(start, min(n, start + rows))
        keys = cut.stop if causal and allowed is None else n
        mask = None if allowed is None else torch.from_numpy(allowed[cut])
        yield Block(0, layer, tuple(range(heads)), cut, torch.from_numpy(weights[:, cut, :keys].copy()), mask)


def naive(weights, ids, special, causal, allowed):
    """METRICS §1 for one head's (n, n), by loops."""
    n = len(ids)
    queries = [i for i in range(n) if not special[i] and not (causal and i == 0)]

    def mean(values):
        return sum(values) / len(values) if values else math.nan

    def entropy(i):
        return -sum(float(w) * math.log2(w) for w in weights[i] if w > 0)

    def same(i):
        return [j for j in range(n) if j != i and ids[j] == ids[i] and allowed[i, j]]

    return {
        "self": mean([weights[i, i] for i in queries]),
        "previous": mean([weights[i, i - 1] for i in queries if i >= 1]),
        "next": mean([] if causal else [weights[i, i + 1] for i in queries if i + 1 < n]),
        "first": mean([weights[i, 0] for i in queries]),
        "special": mean([sum(weights[i, j] for j in range(n) if special[j]) for i in queries]),
        "same_token": mean([sum(weights[i, j] for j in same(i)) for i in queries if same(i)]),
        "entropy": mean([entropy(i) for i in queries]),
        "spread": mean([2 ** entropy(i) / allowed[i].sum() for i in queries]),
        "distance": mean([sum(float(weights[i, j]) * abs(i - j) for j in range(n)) for i in queries]),
    }


@settings(max_examples=60)
@given(
    n=st.integers(1, 45),
    rows=st.integers(1, 50),
    causal=st.booleans(),
    window=st.none() | st.integers(2, 9),
    vocabulary=st.integers(1, 60),
    specials=st.sets(st.integers(0, 44), max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_score_equals_the_loops(n, rows, causal, window, vocabulary, specials, seed):
    place = np.arange(n)
    allowed = np.tri(n, dtype=bool) if causal else np.ones((n, n), bool)
    if window is not None:
        allowed &= abs(place - place[:, None]) < window
    ids = np.random.default_rng(seed).integers(0, vocabulary, n).tolist()
    special = [i in specials for i in range(n)]
    weights = random_attention(2, n, allowed, seed)
    scores = PatternScores(encoding_of(ids, special), 1, 2, causal)
    for block in blocks_of(weights, rows, causal, None if window is None else allowed):
        scores.block(block)
    table = scores.table()
    for head in range(2):
        by_loops = naive(weights[head], ids, special, causal, allowed)
        assert set(by_loops) == set(NAMES)
        for name, expected in by_loops.items():
            got = table.loc[head, name]
            assert np.isclose(got, expected, rtol=1e-5, atol=1e-5, equal_nan=True), (name, got, expected)
    assert np.allclose(scores.thumbnails[0], shrink(weights), atol=1e-6)
    assert np.allclose(scores.thumbnails.sum(-1), 1, atol=1e-5)


def scores_of(weights, ids, special, causal=False):
    weights = np.asarray(weights, np.float32)[None]
    visitor = PatternScores(encoding_of(ids, special), 1, 1, causal)
    for block in blocks_of(weights, 2, causal):
        visitor.block(block)
    return visitor.table().iloc[0]


def test_three_tokens_by_hand():
    weights = [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.0, 1.0, 0.0]]
    row = scores_of(weights, [7, 8, 7], [True, False, False])  # row 0 is special, so two rows count
    assert row["self"] == pytest.approx((0.5 + 0.0) / 2)
    assert row["previous"] == pytest.approx((0.25 + 1.0) / 2)
    assert row["next"] == pytest.approx(0.25)
    assert row["first"] == row["special"] == pytest.approx(0.25 / 2)
    assert row["same_token"] == pytest.approx(0.0)  # token 2 has a twin at 0 and gives it nothing
    assert row["entropy"] == pytest.approx(1.5 / 2)
    assert row["spread"] == pytest.approx((2**1.5 / 3 + 1 / 3) / 2)
    assert row["distance"] == pytest.approx((0.25 + 0.25 + 1.0) / 2)


def test_three_tokens_by_hand_in_a_causal_model():
    weights = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.25, 0.25, 0.5]]
    row = scores_of(weights, [7, 7, 7], [False] * 3, causal=True)  # row 0 can only see itself
    assert row["self"] == pytest.approx(0.5)
    assert row["previous"] == pytest.approx((0.5 + 0.25) / 2)
    assert math.isnan(row["next"])
    assert row["first"] == pytest.approx((0.5 + 0.25) / 2)
    assert row["special"] == 0
    assert row["same_token"] == pytest.approx((0.5 + 0.5) / 2)
    assert row["entropy"] == pytest.approx((1.0 + 1.5) / 2)
    assert row["spread"] == pytest.approx((1.0 + 2**1.5 / 3) / 2)
    assert row["distance"] == pytest.approx((0.5 + 0.25 + 0.5) / 2)


def test_a_score_over_no_row_is_empty():
    row = scores_of([[1.0]], [5], [False], causal=True)
    assert row[NAMES].isna().all()


def test_rows_that_a_sink_shares_may_sum_to_less_than_one():
    weights = np.full((3, 3), 0.1)
    row = scores_of(weights, [1, 2, 3], [False] * 3)
    assert row["self"] == pytest.approx(0.1)
    assert row["entropy"] == pytest.approx(0.3 * math.log2(10))


def test_scores_keep_their_ranges_and_order():
    n = 64
    weights = random_attention(5, n, np.ones((n, n), bool), 1, peak=20)
    visitor = PatternScores(encoding_of(range(n), [False] * n), 1, 5, False)
    for block in blocks_of(weights, 64):
        visitor.block(block)
    table = visitor.table()
    assert list(table.columns) == ["layer", "head", *SCORES]
    assert table["induction"].isna().all()
    for name in NAMES:
        low, high = SCORES[name].range(n)
        assert table[name].dropna().between(low, high).all(), name


def test_an_even_spread_has_the_highest_entropy():
    n = 16
    row = scores_of(np.full((n, n), 1 / n), range(n), [False] * n)
    assert row["entropy"] == pytest.approx(SCORES["entropy"].range(n)[1]) == pytest.approx(4)
    assert row["spread"] == pytest.approx(1)
    assert row["self"] == row["previous"] == row["first"] == pytest.approx(1 / n)


def test_a_text_that_repeats_one_token_keeps_no_list_of_its_pairs():
    n = 300
    weights = random_attention(2, n, np.tri(n, dtype=bool), 0)
    visitor = PatternScores(encoding_of([3] * n, [True] + [False] * (n - 1)), 1, 2, True)
    for block in blocks_of(weights, 100, causal=True):
        visitor.block(block)
    assert [plan.same is None for plan in visitor._plans.values()] == [False, True, True]
    expected = 1 - np.einsum("hii->hi", weights)[:, 1:].mean(1)
    assert np.allclose(visitor.table()["same_token"], expected, atol=1e-5)


def test_ranges_depend_on_the_length_where_they_do():
    assert SCORES["entropy"].range(8) == (0.0, 3.0)
    assert SCORES["distance"].range(8) == (0.0, 7.0)
    assert SCORES["self"].range(8) == (0.0, 1.0)
    assert SCORES["distance"].range(1) == (0.0, 0.0)


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 100, 1000])
def test_thumbnails_keep_each_rows_sum(n):
    weights = random_attention(1, n, np.ones((n, n), bool), n)
    small = shrink(weights)
    assert small.shape == (1, min(SIZE, n), min(SIZE, n))
    assert np.allclose(small.sum(-1), 1, atol=1e-5)
    if n <= SIZE:
        assert np.allclose(small, weights, atol=1e-7)


def test_a_thumbnail_by_hand():
    weights = np.array([[1, 0, 0, 0], [0, 0.5, 0.5, 0], [0, 0, 0.25, 0.75], [0, 0, 0, 1]], np.float32)
    assert np.allclose(shrink(weights, 2), [[0.75, 0.25], [0.0, 1.0]])
