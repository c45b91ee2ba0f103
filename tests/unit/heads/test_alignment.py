"""Two texts and two models over what they share."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.analyses.compare.disagreement import both_elsewhere
from dashboard.analyses.compare.divergence import compare
from dashboard.errors import UserError
from dashboard.heads.alignment import align_models, align_texts, matching
from dashboard.text.encoding import Encoding
from dashboard.text.shared_words import with_shared_words
from tests.helpers.views import changed
from tests.helpers.views import words_view as view


def test_a_changed_word_is_aligned_with_what_stands_for_it():
    aligned = align_texts(view("the chef says it"), view("the pilot says it"))
    assert aligned.places.tolist() == [[0, 0], [1, 1], [2, 2], [3, 3]]
    assert aligned.changed.tolist() == [False, True, False, False]
    assert aligned.a.labels == aligned.b.labels == ("the", "chef / pilot", "says", "it")
    assert [one.labels[1] for one in aligned.own] == ["chef", "pilot"]


def test_words_without_a_counterpart_are_left_out_and_what_goes_there_is_outside():
    a = view("the chef says it", [[0.1, 0.2, 0.3, 0.4]] * 4)
    b = view("the old chef says it", [[0.1, 0.5, 0.2, 0.1, 0.1]] * 5)
    aligned = align_texts(a, b)
    assert aligned.places.tolist() == [[0, 0], [1, 2], [2, 3], [3, 4]]
    assert aligned.b.weights == pytest.approx(np.array([[0.1, 0.2, 0.1, 0.1]] * 4))
    assert aligned.b.outside == pytest.approx([0.5] * 4)
    assert aligned.a.outside == pytest.approx([0.0] * 4, abs=1e-6)
    # by hand: rows 0.1 0.2 0.3 0.4 | 0 against 0.1 0.2 0.1 0.1 | 0.5
    p, q = np.array([0.1, 0.2, 0.3, 0.4, 0]), np.array([0.1, 0.2, 0.1, 0.1, 0.5])
    m = (p + q) / 2
    by_hand = sum(0.5 * x * np.log2(x / z) for side in (p, q) for x, z in zip(side, m, strict=True) if x > 0)
    found = compare(aligned.a, aligned.b)
    assert found.js == pytest.approx(by_hand, abs=1e-6)
    assert (found.rows, found.top1) == (4, 0.0)


def test_what_goes_elsewhere_is_one_more_key():
    """Row by row: 0.2 0.1 0.1 0 | 0.6 against 0.5 0.1 0.1 0 | 0.3: one looks most elsewhere, the other at “the”."""
    a = view("the old chef says it", [[0.2, 0.6, 0.1, 0.1, 0.0]] * 5)
    b = view("the chef says it more briefly", [[0.5, 0.1, 0.1, 0.0, 0.3, 0.0]] * 6)
    aligned = align_texts(a, b)
    assert aligned.a.labels == ("the", "chef", "says", "it") and aligned.a.outside == pytest.approx([0.6] * 4)
    assert compare(aligned.a, aligned.b).top1 == 0  # of what is drawn “the” is first in both
    away = align_texts(a, view("the chef says it more briefly", [[0.2, 0.1, 0.1, 0.0, 0.6, 0.0]] * 6))
    assert compare(away.a, away.b).top1 == 1
    assert [both_elsewhere(one.a, one.b) for one in (aligned, away)] == [0, 4]
    assert both_elsewhere(a, a) == 0


def test_special_tokens_only_meet_their_like():
    pairs, changed = matching((["[CLS]", "one", "two"], [True, False, False]), (["x", "one", "two"], [False] * 3))
    assert pairs == [(1, 1), (2, 2)]
    assert changed == [False, False]


def test_an_exchange_among_repeated_words_stays_in_its_place():
    sides = [(words.split(), [False] * 4) for words in ("no no no no", "no yes no no")]
    assert matching(*sides) == ([(0, 0), (1, 1), (2, 2), (3, 3)], [False, True, False, False])


@pytest.mark.parametrize("second", ["nothing alike", "pilot", ""])
def test_texts_without_a_common_word_are_told(second, refuses_alike):
    with refuses_alike(UserError):
        align_texts(view("the chef says"), view(second, np.ones((len(second.split()),) * 2)))


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=12), st.lists(st.sampled_from("abcde"), max_size=12))
@settings(max_examples=150)
def test_any_two_texts_are_aligned_in_order_or_told(first, second):
    sides = [(words, [False] * len(words)) for words in (first, second)]
    try:
        pairs, changed = matching(*sides)
    except UserError:
        assert not set(first) & set(second)
        return
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(pairs))
    assert all(first[i] == second[j] for (i, j), new in zip(pairs, changed, strict=True) if not new)


def test_a_text_with_itself_is_the_same():
    one = view("a b c d", causal=True)
    aligned = align_texts(one, one)
    numbers = compare(aligned.a, aligned.b)
    assert (numbers.js, numbers.top1, numbers.rows) == (0, 1, 3)


def test_the_first_word_of_a_causal_text_counts_only_behind_something():
    a = view("<s> one two", causal=True, special=[0])
    b = view("one two", causal=True, model="other", text="<s> one two")
    spans = ((4, 7), (8, 11))
    b = changed(b, spans=spans)
    aligned = align_models(a, b)
    assert aligned.places.tolist() == [[1, 0], [2, 1]]
    assert aligned.a.counted.tolist() == [True, True]
    assert aligned.b.counted.tolist() == [False, True]
    assert aligned.a.outside == pytest.approx([1 / 2, 1 / 3])
    assert aligned.a.allowed.tolist() == [[True, False], [True, True]]


def test_models_meet_at_words_of_one_text_or_are_told(refuses):
    a, b = view("one two"), view("three four", text="one two")
    with refuses(UserError):
        align_models(a, view("one two", text="another"))
    moved = changed(b, spans=((0, 2), (2, 7)))
    with refuses(UserError):
        align_models(a, moved)


def encoding(text: str, spans) -> Encoding:
    n = len(spans)
    return Encoding(text, tuple(range(n)), ("p",) * n, ("p",) * n, tuple(spans), (False,) * n)


def test_words_that_a_piece_reaches_over_are_one_for_both():
    text = "He can't stop"  # words: He ca n't stop
    fine = encoding(text, [(0, 2), (3, 5), (5, 8), (9, 13)])
    coarse = encoding(text, [(0, 2), (3, 8), (9, 13)])
    assert [word.form for word in fine.words] == ["He", "ca", "n't", "stop"]
    for one in with_shared_words([fine, coarse]):
        assert [word.form for word in one.words] == ["He", "can't", "stop"]
        assert [text[start:end] for start, end in one.axis("words").spans] == ["He", "can't", "stop"]
