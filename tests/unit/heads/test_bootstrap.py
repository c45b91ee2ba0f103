"""Intervals over sentences against the definition."""

import numpy as np
import pytest

from dashboard.heads.bootstrap import intervals, resample_counts


def naive(numerator, denominator, sentences, places):
    idx = np.random.default_rng(0).integers(0, sentences, (1000, sentences))
    above, below = np.zeros(sentences), np.zeros(sentences)
    above[places], below[places] = numerator, denominator
    found = [above[row].sum() / below[row].sum() for row in idx if below[row].sum() > 0]
    return np.percentile(found, [2.5, 97.5])


def test_the_draws_are_those_of_one_call():
    for sentences in (1, 2, 7, 100, 1001):
        idx = np.random.default_rng(0).integers(0, sentences, (1000, sentences))
        expected = np.stack([np.bincount(row, minlength=sentences) for row in idx])
        assert (np.concatenate(list(resample_counts(sentences))) == expected).all()


@pytest.mark.parametrize("some", [False, True])
def test_against_the_definition(some):
    rng = np.random.default_rng(1)
    places = np.array([2, 5, 6]) if some else np.arange(9)
    numerator, denominator = rng.normal(size=(len(places), 2, 3)), rng.integers(1, 5, len(places))
    low, high = intervals(numerator, denominator, sentences=9, places=places)
    for a in range(2):
        for b in range(3):
            expected = naive(numerator[:, a, b], denominator, 9, places)
            np.testing.assert_allclose([low[a, b], high[a, b]], expected, atol=1e-12)


def test_a_denominator_for_each_column_and_none_at_all():
    low, high = intervals(np.ones((4, 2)), np.array([[1, 0]] * 4))
    assert low[0] == high[0] == 1 and np.isnan(low[1]) and np.isnan(high[1])
    assert np.isnan(intervals(np.zeros((0, 3)), np.zeros(0))[0]).all()
