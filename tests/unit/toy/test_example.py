"""The toy as a person left it: its tables fit each other after every change, and it travels in the address."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analyses.toy.example import MATRICES, SIZES, TABLES, example
from dashboard.analyses.toy.presets import PRESETS, SENTENCE
from dashboard.errors import UserError
from dashboard.ui.toy_recall_urls import toy_from_address, toy_to_address, words_of
from dashboard.ui.url_state import Choices, from_address, to_address

CELL = st.one_of(st.none(), st.floats(allow_nan=False))
WORDS = st.lists(st.text("abc東é🍜,;=&%+", min_size=1, max_size=9), min_size=1, max_size=8)


@st.composite
def examples(draw):
    """Any toy that can be reached: a lesson, words, sizes, heads, cells."""
    made = example(draw(st.sampled_from(list(PRESETS))), draw(WORDS))
    made = made.with_numbers_per_word(draw(st.sampled_from(SIZES))).with_columns(draw(st.sampled_from(SIZES)))
    made = made.with_heads(draw(st.sampled_from((1, 2))))
    name = draw(st.sampled_from(TABLES))
    old = getattr(made, name)
    return made.with_table(name, [[draw(CELL) for _ in row] for row in old])


def sizes(made) -> tuple:
    assert {len(row) for row in made.x} == {made.numbers_per_word} and len(made.x) == len(made.words)
    for name in MATRICES:
        table = getattr(made, name)
        assert len(table) == made.numbers_per_word and {len(row) for row in table} == {made.columns}
    assert made.columns % made.heads == 0
    return made.numbers_per_word, made.columns, made.heads


@given(examples(), st.sampled_from(SIZES), st.sampled_from(SIZES), st.sampled_from((1, 2)), WORDS)
def test_tables_fit_each_other_after_every_change(made, size, columns, heads, words):
    for changed in (
        made,
        made.with_numbers_per_word(size),
        made.with_columns(columns),
        made.with_heads(heads),
        made.with_words(words),
        made.with_heads(heads).with_columns(columns).with_words(words),
    ):
        sizes(changed)


@given(examples())
def test_a_link_brings_back_the_same_toy(made):
    address = toy_to_address(made)
    assert toy_from_address(address) == (made, [])
    assert from_address(to_address(Choices(toy=made)), ()) == (Choices(toy=made), [])


def test_what_is_usual_stays_out_of_the_address():
    assert toy_to_address(example()) == {}
    assert toy_to_address(example("heads")) == {"toy": "heads"}
    edited = example("identity", "a b").with_table("w_q", [[1, 0.5], [None, -2e30]])
    assert toy_to_address(edited) == {"toy_words": "a b", "toy_q": "1,0.5;,-2e+30"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"toy": "nothing"},
        {"toy_x": "1,2"},
        {"toy_q": ""},
        {"toy_q": ";;;;"},
        {"toy_q": "1,2,3,4,5;1"},
        {"toy_heads": "3"},
        {"toy_heads": "2", "toy_q": "1,2,3;1,2,3"},
        {"toy_causal": "perhaps"},
        {"toy_words": " ".join("abcdefghi")},
        {"toy_words": " "},
        {"toy_words": "x" * 5000},
        {"toy_q": "1," * 9000},
    ],
)
def test_a_wrong_link_is_told_in_a_sentence_and_the_page_lives(wrong):
    made, notices = toy_from_address(wrong)
    sizes(made)
    assert len(notices) == 1 and re.fullmatch(r"[A-Z].+\.", notices[0])


@pytest.mark.parametrize(
    ("written", "fact"),
    [
        ("nan", ""),
        ("", ""),
        ("x", ""),
        ("1e30", "−1,000,000"),
        ("inf", "−1,000,000"),
    ],
)
def test_a_cell_that_is_no_number_is_kept_and_named(written, fact, refuses):
    made, notices = toy_from_address({"toy_k": f"1,0;{written},1"})
    assert not notices
    with refuses(UserError, "W_K, row 2, column 1 ", fact):
        made.steps()


def test_other_words_bring_their_own_vectors_and_one_that_stays_keeps_what_was_typed():
    made = example().with_table("x", [[9, 9]] * 5)
    changed = made.with_words(["Ramen", "was", "my"])
    assert changed.x == ((9.0, 9.0), example("identity", "a was").x[1], (9.0, 9.0))


def test_a_larger_table_is_filled_with_zeros_and_the_result_stays():
    made = example("identity")
    larger = made.with_numbers_per_word(4)
    assert larger.w_q == ((1, 0), (0, 1), (0, 0), (0, 0)) and larger.x[0] == (1.8, 0.6, 0, 0)
    assert np.allclose(larger.steps().weights, made.steps().weights)


def test_two_heads_need_an_even_number_of_columns():
    assert sizes(example().with_columns(3).with_heads(2)) == (2, 4, 2)
    assert sizes(example().with_heads(2).with_columns(3)) == (2, 3, 1)


def test_all_zero_tables_look_at_all_words_alike():
    zero = example("causal")
    for name in TABLES:
        zero = zero.with_table(name, [[0.0] * len(row) for row in getattr(zero, name)])
    weights = zero.steps().weights[0].numpy()
    assert np.allclose(weights, np.tril(np.ones((5, 5))) / np.arange(1, 6)[:, None])


@pytest.mark.parametrize(
    ("asked", "facts"),
    [
        ({"preset": "no"}, []),
        ({"colour": "red"}, ["“colour”"]),
        ({"x": [[1, 2]]}, ["X has 1", "5"]),
        ({"w_q": [[1]]}, ["2 to 4"]),
        ({"w_q": [[1, 2, 3], [1, 2, 3]]}, []),
        ({"heads": 3}, ["3 heads"]),
        ({"words": []}, []),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(asked, facts, refuses):
    with refuses(UserError, *facts):
        example(**asked)
    with refuses(UserError, "2 × 2"):
        example().with_table("w_q", [[1.0]])


def test_words_are_split_and_cut_aloud(snapshot):
    assert words_of("  a\tb\n c ") == (("a", "b", "c"), "")
    shown, told = words_of("")
    assert shown == SENTENCE and told == snapshot
    words, said = words_of("a b c d e f g h i")
    assert words == tuple("abcdefgh") and "your first words" in said
    assert math.isclose(sum(map(len, words_of("y" * 300)[0])), 120)
