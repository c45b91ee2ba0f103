"""Random pairs in place of the marked ones: which there are, and how often luck alone marks a head."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.stats import binom

from dashboard.analyses.find_heads.pair_shares import drawn_sets
from dashboard.heads.chance import LEVEL, p_of_pairs, q_values

M = 30


def pairs_of(row, offsets):
    """The pairs of a draw, each as often as it is drawn."""
    size = len(offsets)
    return sorted(
        (cell // size, cell // size + offsets[cell % size]) for cell in np.repeat(row.indices, row.data.astype(int))
    )


def test_pairs_with_one_key_are_moved_together_and_the_others_alone():
    pairs = [(6, 1), (9, 1), (4, 2)]
    offsets = sorted({j - i for i, j in pairs})
    for causal in (True, False):
        sets = drawn_sets(12, pairs, causal)
        two = [[(6 + by, 1 + by), (9 + by, 1 + by)] for by in range(-1, 3)]
        one = [(2 + key, key) for key in range(10)]
        wanted = [sorted([*both, single]) for both, single in product(two, one)]
        found = [pairs_of(sets.every[[k]], offsets) for k in range(sets.others)]
        assert sets.few and sorted([*found, sorted(pairs)]) == sorted(wanted)
        assert pairs_of(sets.own, offsets) == sorted(pairs)


def test_a_causal_model_draws_no_key_that_comes_later():
    sets = drawn_sets(8, [(4, 3), (6, 3)], True)
    assert sets.others == 4  # keys 0, 1, 2 and 4; with 5 the second word is none
    for k in range(sets.others):
        (one, key), (two, same) = pairs_of(sets.every[[k]], [-3, -1])
        assert key == same == one - 1 == two - 3


def test_marks_on_one_word_mark_few_lists_where_heads_look_at_some_words_from_anywhere():
    """200 lists of 72 heads, each of which prefers some words as keys, and three marks on a random word."""
    lists = 0
    for run in range(200):
        random = np.random.default_rng(run)
        key = int(random.integers(M))
        pairs = [(int(i), key) for i in random.choice([i for i in range(M) if i != key], 3, replace=False)]
        offsets = np.unique([j - i for i, j in pairs])
        of_key = random.exponential(1, (M, 72)) ** 2  # some words get much from everywhere
        to = np.arange(M)[:, None] + offsets
        values = of_key[np.clip(to, 0, M - 1)] * random.uniform(0.5, 1.5, (*to.shape, 72))
        values[(to < 0) | (to >= M)] = np.nan
        sets = drawn_sets(M, pairs, False, run)
        lists += (q_values(p_of_pairs(sets, values.reshape(-1, 72))) <= LEVEL).any()
    assert lists <= binom.ppf(0.99, 200, LEVEL)
