"""Shares, baselines and ranks along pairs, on weights that can be checked by hand."""

from types import SimpleNamespace

import numpy as np
import torch

from dashboard.analyses.find_heads.pair_shares import _Text
from dashboard.capture import Block
from dashboard.heads.head_id import HeadId
from dashboard.text import Encoding


def encoding(words: str) -> Encoding:
    """[CLS], a token a word, [SEP]."""
    forms = words.split()
    at = [words.index(form) for form in forms]
    spans = [(0, 0), *((start, start + len(form)) for start, form in zip(at, forms, strict=True)), (0, 0)]
    pieces = ("[CLS]", *forms, "[SEP]")
    return Encoding(words, tuple(range(len(pieces))), pieces, pieces, tuple(spans), (True, *[False] * len(forms), True))


def found(weights, pairs, *, causal=False, allowed=None, words="a b c d"):
    model = SimpleNamespace(heads=1, causal=causal, all_heads=(HeadId(0, 0),), place=lambda head: head.layer)
    text = _Text(model, encoding(words), pairs, 0, None)
    n = weights.shape[-1]
    text.add(Block(0, 0, (0,), slice(0, n), torch.tensor(weights[None], dtype=torch.float32), allowed))
    return text.found


def test_by_hand():
    weights = np.full((6, 6), 0.1)
    weights[2] = [0.5, 0.2, 0.1, 0.05, 0.15, 0.0]  # b looks: [CLS] a b c d [SEP]
    one = found(weights, [(1, 3)])
    assert abs(one.share[0, 0] - 0.15 / 0.4) < 1e-6
    assert one.rank[0, 0] == 2  # after a
    assert abs(one.baseline[0, 0] - 1 / 3) < 1e-6 and one.others[0, 0] == 1  # a → c alone; c → e does not exist


def test_equal_shares_have_the_mean_of_their_ranks():
    one = found(np.full((6, 6), 1 / 6), [(0, 2), (3, 0)])
    assert (one.rank == 2).all()  # of 1, 2, 3
    np.testing.assert_allclose(one.share, 1 / 3, atol=1e-6)


def test_a_row_that_gives_other_words_nothing_has_no_share():
    weights = np.full((6, 6), 1 / 6)
    weights[2] = [1, 0, 0, 0, 0, 0]
    one = found(weights, [(1, 2), (0, 1)])
    assert np.isnan(one.share[0, 0]) and np.isnan(one.rank[0, 0])
    assert np.isfinite(one.share[0, 1])
    np.testing.assert_array_equal(one.others, [[1, 1]])  # offset 1: c → d; the two marked ones do not count
    silent = found(weights, [(2, 3)])
    np.testing.assert_array_equal(silent.others, [[1]])  # a → b; b → c says nothing


def test_what_a_window_hides_is_no_candidate_and_no_baseline():
    weights = np.tril(np.full((6, 6), 1 / 3)) * np.triu(np.ones((6, 6)), -2)  # two back and itself
    allowed = torch.tensor(weights > 0)
    one = found(weights, [(3, 2), (3, 0)], causal=True, allowed=allowed)
    assert one.rank[0, 0] == 1.5 and abs(one.share[0, 0] - 0.5) < 1e-6  # d sees b and c, a no more
    assert np.isnan(one.share[0, 1]) and np.isnan(one.baseline[0, 1])


def test_the_future_is_no_candidate():
    weights = np.tril(np.ones((6, 6)))
    weights /= weights.sum(1, keepdims=True)
    one = found(weights, [(2, 0)], causal=True)
    assert one.rank[0, 0] == 1.5 and one.others[0, 0] == 1  # d → b
