"""The most probable tokens, against a sort of all."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.heads.predictions import best_other, most_probable


@pytest.mark.parametrize("most", [1, 2, 10, 50, 90])
def test_the_most_probable_are_those_of_a_stable_sort_with_the_first_of_equals_first(most):
    random = np.random.default_rng(1)
    for logits in (random.normal(size=50), random.integers(0, 4, 50).astype(float), np.zeros(50)):
        assert most_probable(logits, most) == np.argsort(-logits, kind="stable")[:most].tolist()
    logits = np.array([1.0, 3.0, 3.0, 2.0])
    assert (best_other(logits, None), best_other(logits, 1), best_other(logits, 2)) == (1, 2, 1)
