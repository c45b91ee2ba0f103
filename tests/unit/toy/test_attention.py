"""The toy: tables a person edits, in; every step, or one sentence, out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from dashboard.analyses.toy.attention import numbers, toy
from dashboard.analyses.toy.presets import PRESETS, SENTENCE, meaning, position
from dashboard.analyses.toy.sharpness import entropy, sharpness
from dashboard.errors import UserError
from tests.helpers.clock import cpu_seconds

ONE = [[1.0, 0.0], [0.0, 1.0]]


def run(name: str, words=SENTENCE, **changed):
    preset = PRESETS[name]
    options = {"heads": preset.heads, "causal": preset.causal, "scaled": preset.scaled} | changed
    return toy(preset.x(words), preset.w_q, preset.w_k, preset.w_v, **options)


def test_the_calculation_by_hand_passes_through_the_toy():
    # The numbers are worked out in test_builtin_attention.py.
    first = math.sqrt(2) * math.log(3)
    steps = toy(ONE, [[first, 0], [0, 0]], ONE, [[4, 8], [12, 16]], [[1, 0], [0, 2]])
    torch.testing.assert_close(steps.weights[0], torch.tensor([[0.75, 0.25], [0.5, 0.5]], dtype=torch.float64))
    torch.testing.assert_close(steps.output, torch.tensor([[6.0, 20.0], [8.0, 24.0]], dtype=torch.float64))


def test_tables_may_be_lists_arrays_or_text_that_is_a_number():
    for table in (
        [[1, 2], [3, 4]],
        np.array([[1, 2], [3, 4]]),
        (("1", "2"), ("3", 4.0)),
        torch.tensor([[1, 2], [3, 4]]),
    ):
        assert numbers("X", table).tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize("cell", [math.nan, None, "", "two", math.inf, -math.inf, 1e30, -1e30, 10**400, [1], 1j])
def test_what_is_no_number_is_named_in_a_sentence(cell, refuses):
    with refuses(UserError, "W_K, row 2, column 1 "):
        toy(ONE, ONE, [[1.0, 0.0], [cell, 1.0]], ONE)


@pytest.mark.parametrize("table", [[], [[]], [[1, 2], [3]], [1, 2], None, 5, [[[1]]]])
def test_what_is_no_table_is_named_in_a_sentence(table, refuses_alike):
    with refuses_alike(UserError, "X"):
        toy(table, ONE, ONE, ONE)


@pytest.mark.parametrize(
    ("tables", "options", "facts"),
    [
        ((ONE, [[1, 0]], ONE, ONE), {}, ["W_Q", "1 row", "2"]),
        ((ONE, ONE, [[1], [0]], ONE), {}, ["W_Q", "W_K"]),
        ((ONE, ONE, ONE, ONE, [[1, 0]]), {}, ["W_O", "1 row", "2"]),
        ((ONE, ONE, ONE, [[1], [0]]), {"heads": 2}, ["W_V", "1 column", "2 heads"]),
        ((ONE, ONE, ONE, ONE), {"heads": 0}, []),
    ],
)
def test_sizes_that_do_not_fit_are_named_in_a_sentence(tables, options, facts, refuses):
    with refuses(UserError, *facts):
        toy(*tables, **options)


@pytest.mark.parametrize("largest", [0.0, 1e-300, 1_000_000.0])
@pytest.mark.parametrize("n", [1, 8])
@pytest.mark.parametrize("d", [1, 4])
def test_corners_draw_no_nan(largest, n, d):
    table = np.full((d, d), largest)
    for options in ({}, {"causal": True}, {"scaled": False}, {"heads": d}):
        steps = toy(np.full((n, d), largest), table, table, table, table, **options)
        assert torch.isfinite(torch.stack([steps.weights.sum(), steps.output.sum()])).all()
        torch.testing.assert_close(steps.weights.sum(-1), torch.ones_like(steps.weights[..., 0]))


def test_it_answers_at_once():
    assert cpu_seconds(lambda: run("heads"), times=20) < 0.05


@pytest.mark.parametrize("name", PRESETS)
def test_presets_hold_two_to_four_dimensions_and_run_with_any_words(name):
    preset = PRESETS[name]
    assert name == preset.name
    assert 2 <= len(preset.w_q) <= 4
    assert len({len(table) for table in (preset.w_q, preset.w_k, preset.w_v)}) == 1
    for words in (SENTENCE, ["one"], list("abcdefgh"), ["東京", "\ud800", "", "x" * 999, "😀"]):
        assert torch.isfinite(run(name, words).mixed).all()


def test_identity_finds_like_words():
    weights = run("identity").weights[0]
    ramen, food = SENTENCE.index("Ramen"), SENTENCE.index("food")
    assert weights[ramen, ramen] + weights[ramen, food] > 0.9


@pytest.mark.parametrize("words", [SENTENCE, list("abcdefgh"), ["same"] * 8])
@pytest.mark.parametrize("name", ["previous", "heads"])
def test_the_word_before_gets_most_of_the_attention_whatever_the_words(name, words):
    steps = run(name, words)
    assert steps.weights[0].diagonal(-1).min() > 0.85
    values = torch.tensor([meaning(word) for word in words], dtype=torch.float64)
    assert (steps.mixed[0][1:] - values[:-1]).abs().max() < 0.4  # what is handed over is its meaning


def test_two_heads_do_what_each_does_alone():
    both = run("heads").weights
    assert torch.equal(both[0], run("previous").weights[0])
    assert torch.equal(both[1], run("identity").weights[0])


def test_without_the_factor_rows_are_sharper():
    without, with_factor = run("temperature").weights, run("temperature", scaled=True).weights
    assert (entropy(without) < entropy(with_factor)).all()


def test_causal_preset_has_no_future():
    assert run("causal").weights.triu(1).abs().max() == 0


def test_the_toy_takes_one_to_eight_words(refuses):
    for words in ([], ["a"] * 9):
        with refuses(UserError):
            PRESETS["identity"].x(words)


def test_vectors_of_words():
    assert meaning("Ramen") == meaning("ramen")
    assert meaning("noodles") != meaning("temples")
    assert math.hypot(*meaning("noodles")) == pytest.approx(1.8, abs=0.1)
    assert position(0) == (1.0, 0.0) and position(4) == (0.0, 1.0)


def test_entropy_by_hand():
    rows = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    assert entropy(rows).tolist() == [0.0, 1.0, 2.0]


def test_the_factor_keeps_the_entropy_and_without_it_entropy_falls_with_d():
    measured = sharpness()
    assert [point.d for point in measured] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    unscaled = [point.unscaled for point in measured]
    assert unscaled == sorted(unscaled, reverse=True)
    assert unscaled[0] == measured[0].scaled and unscaled[-1] < 0.3
    assert all(3.2 < point.scaled < 4.0 for point in measured)
    assert measured == sharpness()
