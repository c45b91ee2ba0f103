"""Views, words, links and findings, on small maps whose answers are known."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analyses.contribution.rollout import LayerRange
from dashboard.analyses.explore import api
from dashboard.analyses.explore.text import finding as finding_of
from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId
from dashboard.heads.links import links, strongest
from dashboard.heads.make_view import make_view
from dashboard.heads.pooling import hide_special, to_axis
from dashboard.text import Axis, Encoding
from tests.helpers.sentences import heads_in, numbers, plain
from tests.helpers.views import attention, head_view, view_of

NO_BREAK = "\u00a0"


def finding(view):
    return finding_of(view).replace(NO_BREAK, " ")


def axis_of(members, n):
    return Axis(("x",) * len(members), (False,) * len(members), tuple(map(tuple, members)), (None,) * len(members))


# Words


def test_words_by_hand():
    weights = np.array([[[0.2, 0.3, 0.5], [0.6, 0.2, 0.2], [0.1, 0.2, 0.7]]], np.float32)
    expected = [[[(0.5 + 0.8) / 2, (0.5 + 0.2) / 2], [0.3, 0.7]]]
    assert np.allclose(to_axis(weights, axis_of([[0, 1], [2]], 3)), expected)


@given(st.data())
def test_words_keep_mass(data):
    n = data.draw(st.integers(1, 30))
    word_of = data.draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))  # pieces of a word need not be neighbours
    members = [[i for i in range(n) if word_of[i] == word] for word in dict.fromkeys(word_of)]
    weights = attention(n, data.draw(st.integers(0, 99)))[None]
    words = to_axis(weights, axis_of(members, n))
    assert words.shape == (1, len(members), len(members))
    assert np.allclose(words.sum(-1), 1, atol=1e-5)
    for a, rows in enumerate(members):
        for b, columns in enumerate(members):
            assert words[0, a, b] == pytest.approx(
                np.mean([sum(float(weights[0, i, j]) for j in columns) for i in rows]), abs=1e-6
            )


def test_hiding_special_tokens_renormalises_what_is_left():
    weights = np.array([[0.5, 0.2, 0.3], [0.6, 0.1, 0.3], [1.0, 0.0, 0.0]], np.float32)
    assert np.allclose(hide_special(weights, [True, False, False]), [[0.25, 0.75], [0.0, 0.0]])


def test_make_view_shows_words_and_hides_special_tokens(refuses):
    spans = ((0, 0), (0, 3), (3, 6), (7, 11), (11, 11))
    pieces = ("[CLS]", "foo", "##bar", "bazz", "[SEP]")
    encoding = Encoding("foobar bazz", tuple(range(5)), pieces, pieces, spans, (True, False, False, False, True))
    weights = attention(5)
    words = make_view(weights, HeadId(0, 1), encoding, unit="words", causal=False, model="M")
    assert words.labels == ("[CLS]", "foobar", "bazz", "[SEP]")
    assert words.weights[1, 2] == pytest.approx((weights[1, 3] + weights[2, 3]) / 2)
    hidden = make_view(weights, HeadId(0, 1), encoding, unit="words", special="hide", causal=False, model="M")
    assert hidden.labels == ("foobar", "bazz")
    assert hidden.spans == ((0, 6), (7, 11))
    assert np.allclose(hidden.weights.sum(1), 1)
    only = Encoding("", (1, 2), ("[CLS]", "[SEP]"), ("[CLS]", "[SEP]"), ((0, 0), (0, 0)), (True, True))
    with refuses(UserError):
        make_view(attention(2), HeadId(0, 0), only, special="hide", causal=False, model="M")


@pytest.mark.parametrize("name", ["L2H9", " l02h9 "])
def test_heads_have_names(name):
    assert HeadId.parse(name) == HeadId(2, 9)
    assert str(HeadId.parse(name)) == "L2H9"


@pytest.mark.parametrize("name", ["", "L2", "H9L2", "L-1H2", "L2H9x", "L٢H٣", "L99999H1"])
def test_other_names_are_no_heads(name, refuses_alike):
    with refuses_alike(UserError, f"“{name}”"):
        HeadId.parse(name)


# Windows


def test_a_window_says_what_it_leaves_out():
    whole = view_of(attention(10))
    part = whole.window(2, 7)
    assert len(part) == 5 and part.labels == whole.labels[2:7]
    assert np.array_equal(part.weights, whole.weights[2:7, 2:7])
    assert np.allclose(part.weights.sum(1) + part.outside, 1, atol=1e-6)
    again = part.window(1, 3)
    direct = whole.window(3, 5)
    assert (again.start, again.whole) == (direct.start, direct.whole) == (3, 10)
    assert np.allclose(again.outside, direct.outside)
    assert np.array_equal(again.weights, direct.weights)


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (3, 3), (4, 2), (0, 11)])
def test_no_window_beyond_the_text(start, stop, refuses_alike):
    with refuses_alike(UserError, f"{start} to {stop - 1}"):
        view_of(attention(10)).window(start, stop)


# Links


def test_links_are_the_cells_that_a_position_may_see():
    view = view_of(attention(4, causal=True), labels=["a", "b", "a", "c"], causal=True)
    table = links(view)
    assert len(table) == 10
    assert (table["to_position"] <= table["from_position"]).all()
    assert table.groupby("from_position")["weight"].sum().to_numpy() == pytest.approx(np.ones(4))
    row = table[(table["from_position"] == 3) & (table["to_position"] == 2)].iloc[0]
    assert (row["from"], row["to"], row["weight"]) == ("c", "a", view.weights[3, 2])
    assert links(view.window(2, 4))["from_position"].min() == 2


# Findings


def pattern(n, target, share, causal=False):
    """A map that gives `share` to one key of each row and spreads the rest."""
    allowed = np.tri(n, dtype=bool) if causal else np.ones((n, n), bool)
    weights = np.zeros((n, n))
    for i in range(n):
        j = target(i)
        rest = [k for k in range(n) if allowed[i, k] and k != j]
        weights[i, rest] = (1 - share) / max(len(rest), 1)
        weights[i, j] = share if rest else 1
    return weights


def test_the_previous_word_is_found_with_its_numbers(snapshot):
    weights = pattern(12, lambda i: max(i - 1, 0), 0.64)
    said = finding(view_of(weights))
    assert heads_in(said) == ["L2H9"] and numbers(said) == [64, 11, 8.3] and plain(said) == snapshot


@pytest.mark.parametrize(
    ("target", "words"),
    [(lambda i: min(i + 1, 11), 11), (lambda i: i, 12), (lambda i: 0, 12)],
    ids=["next", "itself", "first"],
)
def test_other_patterns_are_found(target, words, snapshot):
    said = finding(view_of(pattern(12, target, 0.7)))
    assert numbers(said) == [70, words, 8.3] and plain(said) == snapshot


def test_of_layers_rolled_out_it_is_said_what_comes_from_where(snapshot):
    view = replace(view_of(pattern(12, lambda i: 0, 0.7)), measure="rollout", head=LayerRange(0, 5))
    said = finding(view)
    assert "L0 to L5" in said and numbers(said)[0] == 70 and plain(said) == snapshot


def test_special_tokens_are_named(snapshot):
    special = [True] + [False] * 9 + [True]
    labels = ["[CLS]", *(f"w{i}" for i in range(9)), "[SEP]"]
    one = finding(view_of(pattern(11, lambda i: 10, 0.8), labels, special))
    assert "[SEP]" in one and numbers(one)[:2] == [80, 9]
    halves = (pattern(11, lambda i: 10, 0.8) + pattern(11, lambda i: 0, 0.8)) / 2
    both = finding(view_of(halves, labels, special))
    assert "[SEP]" not in both and numbers(both)[1] == 9
    assert [plain(one), plain(both)] == snapshot


def test_the_same_word_elsewhere_is_found(snapshot):
    labels = ["the", "cat", "The", "dog", "the", "cat", "a", "b", "c"]
    twin = {0: 2, 2: 4, 4: 0, 1: 5, 5: 1}
    said = finding(view_of(pattern(9, lambda i: twin.get(i, 6), 0.75), labels, unit="tokens"))
    assert numbers(said)[:2] == [77, 5] and plain(said) == snapshot


def test_the_mean_of_contributions_is_said_to_be_of_the_rows_it_is_of(snapshot):
    weights = np.tril(np.full((4, 4), 0.1))
    weights[0, 0], weights[2, 1] = 9.0, 0.6
    view = replace(view_of(weights, causal=True), measure="contribution", full=10.0)
    causal, both_ways = finding(view), finding(replace(view, causal=False))
    assert numbers(causal) == [0.6, 0.16] and numbers(both_ways) == [9, 0.65]
    assert "“w2”" in causal and "“w1”" in causal and [plain(causal), plain(both_ways)] == snapshot


def test_the_special_token_before_a_lone_word_is_no_previous_word(snapshot):
    alone = view_of([[1, 0, 0], [0.9, 0.05, 0.05], [1, 0, 0]], ["[CLS]", "word", "[SEP]"], [True, False, True])
    said = finding(alone)
    assert numbers(said)[:2] == [90, 1] and "[CLS]" in said and plain(said) == snapshot


def test_where_nothing_stands_out_the_strongest_link_is_named(snapshot):
    weights = np.full((10, 10), 0.1)
    weights[3] = 0.05
    weights[3, 7] = 0.55
    said = finding(view_of(weights))
    assert "“w3” → “w7”" in said and numbers(said)[0] == 55 and 10 in numbers(said) and plain(said) == snapshot


def test_a_single_word_gives_a_sentence_too(snapshot):
    told = [plain(finding(view_of([[1.0]], causal=causal))) for causal in (True, False)]
    assert all("L2H9" in one for one in told) and told == snapshot


def test_a_window_of_a_causal_text_counts_the_keys_before_it(snapshot):
    weights = pattern(40, lambda i: max(i - 1, 0), 0.8, causal=True)
    said = finding(view_of(weights, causal=True).window(20, 40))
    assert numbers(said) == [80, 19, 3.3] and plain(said) == snapshot


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.643, "64 %"),
        (0.083, "8.3 %"),
        (0.08, "8 %"),
        (0.0004, "under 0.1 %"),
        (0, "0 %"),
        (1, "100 %"),
        (-0.5, "−50 %"),
        (-0.083, "−8.3 %"),
        (math.nan, "–"),
    ],
)
def test_percent(share, text):
    assert percent(share) == text.replace(" ", NO_BREAK).replace(f"under{NO_BREAK}", "under ")


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("most", [1, 5, 1000])
def test_the_strongest_links_are_those_of_the_whole_table(causal, most):
    weights = np.random.default_rng(5).random((12, 12)).astype(np.float32)
    view = head_view(
        HeadId(0, 0),
        np.tril(weights) if causal else weights,
        tuple("abcdefghijkl"),
        (False,) * 12,
        (None,) * 12,
        "tokens",
        "show",
        causal,
        "text",
        "model",
    )
    wanted = links(view).sort_values("weight", ascending=False, kind="stable").head(most).reset_index(drop=True)
    pd.testing.assert_frame_equal(strongest(view, most), wanted)


def test_the_difference_of_two_heads_is_a_table_of_its_own():
    """A cell that one of them may not see is 0 there."""
    first, second = attention(3, 1), attention(3, 2, causal=True)
    table = api.links_of([view_of(first, head="L0H1"), view_of(second, causal=True, head="L2H0")], difference=True)
    assert list(table.columns) == ["from_position", "to_position", "from", "to", "L0H1", "L2H0", "difference"]
    cells = table.set_index(["from_position", "to_position"])
    assert len(cells) == 9
    for i in range(3):
        for j in range(3):
            assert cells.loc[(i, j), "L0H1"] == pytest.approx(first[i, j])
            assert cells.loc[(i, j), "difference"] == pytest.approx(first[i, j] - second[i, j])
