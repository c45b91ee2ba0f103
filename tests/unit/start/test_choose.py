"""Which two heads the first page shows, and what it says of a word."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analyses.profile.names import HeadName
from dashboard.analyses.start.choose import Side, candidates, most_telling, strongest
from dashboard.analyses.start.text import of_word, sameness
from dashboard.heads.head_id import HeadId
from tests.helpers.sentences import numbers
from tests.helpers.views import head_view

FIRST = HeadId(0, 0)
WORDS = ("The", "keys", "to", "the", "hall", "are", "here", ".")


def view(links: dict[tuple[int, int], float], head: HeadId = FIRST, words=WORDS):
    """A head that gives these shares, and the rest of each row to the word itself."""
    n = len(words)
    weights = np.zeros((n, n), np.float32)
    for (i, j), weight in links.items():
        weights[i, j] = weight
    weights[np.diag_indices(n)] += 1 - weights.sum(1)
    return head_view(
        head=head,
        weights=weights,
        labels=words,
        special=(False,) * n,
        spans=(None,) * n,
        unit="words",
        hidden="hide",
        causal=False,
        text=" ".join(words),
        model="m",
    )


def name(kind: str) -> HeadName:
    return HeadName(f"a {kind}", kind, "so measured")


def test_the_strongest_link_spans_words_and_ends_at_no_full_stop():
    far = view({(5, 1): 0.6, (2, 1): 0.9, (0, 7): 0.95})
    assert strongest(far) == (5, 1, pytest.approx(0.6))
    assert strongest(view({(1, 0): 0.7}, words=("a", "b"))) == (1, 0, pytest.approx(0.7))
    assert strongest(view({}, words=("a",))) == (0, 0, 1.0)
    assert strongest(view({(0, 2): 0.8}, words=(".", "!", "?")))[:2] == (0, 2)


def test_the_head_that_shows_most_is_taken_and_no_head_twice():
    weak, strong = view({(5, 1): 0.3}, HeadId(1, 1)), view({(6, 1): 0.8}, HeadId(2, 2))
    assert most_telling([weak, strong]).head == HeadId(2, 2)
    assert most_telling([weak, strong], but=[HeadId(2, 2)]).head == HeadId(1, 1)
    assert most_telling([weak], but=[HeadId(1, 1)]) is None


def test_heads_are_taken_by_what_they_are_named_by():
    names = {HeadId(0, k): name(kind) for k, kind in enumerate(("relation", "context", "sink", "syntax", "unnamed"))}
    assert candidates(names) == ([HeadId(0, 0), HeadId(0, 3)], [HeadId(0, 1)])
    unnamed = dict.fromkeys(names, name("unnamed"))
    assert candidates(unnamed) == (list(names), list(names))


def test_a_word_is_said_with_where_both_heads_look():
    top = Side(view({(5, 1): 0.75}, HeadId(3, 1)), name("relation"))
    bottom = Side(view({(5, 6): 0.6, (4, 5): 0.1}, HeadId(5, 4)), name("context"))
    line = of_word(5, top, bottom)
    assert "“are”" in line and "back to “keys”" in line and "ahead to “here”" in line
    assert numbers(line) == [75, 4, 60]
    assert "itself" in of_word(4, top, bottom)
    even = Side(view({(5, k): 1 / 8 for k in range(8)}, HeadId(0, 7)), name("context"))
    assert "no word in particular" in of_word(5, even, bottom)


def test_the_difference_is_said_as_measured():
    assert numbers(sameness(0.0, 3, 12)) == [12, 3] and "equal to" in sameness(0.0, 3, 12)
    for apart, said in (
        (2.4e-7, "3\u00a0×\u00a010⁻⁷"),
        (9.7e-7, "1\u00a0×\u00a010⁻⁶"),
        (2.0**-20, "1\u00a0×\u00a010⁻⁶"),
    ):
        assert said in sameness(apart, 3, 12)  # no less than they differ by
    assert "not all numbers" in sameness(float("inf"), 3, 12)
    assert "does not show" in sameness(float("nan"), 3, 12)
