"""Rows of any head of a long text, computed when they are looked at, are those of the forward pass."""

import numpy as np
import pytest

from dashboard.analyses.explore.api import attention
from dashboard.analyses.explore.long_text import read_long
from dashboard.analyses.explore.map_tiles import overview, tiles
from dashboard.analyses.scores.survey import survey
from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from tests.helpers import tiny

# Grouped heads; a sink and a window; a window; a soft cap and a window; one that sees the whole text.
KINDS = ["llama", "gpt_oss", "mistral", "gemma2", "bert"]
TEXT = " ".join(tiny.SENTENCES)
every_reading = pytest.mark.parametrize(
    ("unit", "special"), [("tokens", "show"), ("tokens", "hide"), ("words", "show"), ("words", "hide")]
)


@pytest.fixture(scope="module", params=KINDS)
def read(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    tiny.make(request.param, folder)
    model = open_model(str(folder))
    return read_long(model, model.encode(TEXT, limit=100))


@every_reading
def test_rows_and_windows_equal_the_whole_view(read, unit, special):
    for head in (HeadId(0, 1), HeadId(2, 3)):
        whole = attention(read.model, read.encoding, head, unit=unit, special=special)
        rows = read.rows(head, unit=unit, special=special)
        assert len(rows) == len(whole) and rows.axis.labels == whole.labels
        for start, stop in ((0, len(whole)), (5, 23), (len(whole) - 3, len(whole))):
            np.testing.assert_allclose(rows.rows(start, stop), whole.weights[start:stop], atol=2e-6)
            expected, window = whole.window(start, stop), rows.window(start, stop)
            np.testing.assert_allclose(window.weights, expected.weights, atol=2e-6)
            np.testing.assert_allclose(window.outside, expected.outside, atol=5e-6)
            assert (window.allowed == expected.allowed).all()
            assert window.labels == expected.labels and window.start == expected.start
            assert window.whole == expected.whole and window.text == expected.text


@every_reading
def test_the_whole_view_is_that_of_a_pass_for_it_alone(read, unit, special):
    for head in (HeadId(0, 1), HeadId(2, 3)):
        expected = attention(read.model, read.encoding, head, unit=unit, special=special)
        found = read.view(head, unit=unit, special=special)
        np.testing.assert_allclose(found.weights, expected.weights, atol=2e-6)
        without = {name: one for name, one in vars(expected).items() if not isinstance(one, np.ndarray)}
        assert {name: vars(found)[name] for name in without} == without
        assert (found.allowed == expected.allowed).all()
        assert (found.choices is None) == (expected.choices is None)
    with pytest.raises(UserError, match="L9H0"):
        read.view(HeadId(9, 0))


def test_the_scores_are_those_of_a_survey(read):
    alone = survey(read.model, read.encoding)
    np.testing.assert_array_equal(read.survey.scores.to_numpy(), alone.scores.to_numpy())
    np.testing.assert_array_equal(read.survey.thumbnails, alone.thumbnails)


def test_a_tile_is_the_largest_weight_of_each_square(read, monkeypatch):
    monkeypatch.setattr("dashboard.analyses.explore.map_tiles.TILE", 8)
    monkeypatch.setattr("dashboard.analyses.explore.map_tiles.OVERVIEW", 16)
    monkeypatch.setattr("dashboard.analyses.explore.map_tiles.ROWS", 8)
    head = HeadId(1, 0)
    weights = attention(read.model, read.encoding, head).weights
    rows, m = read.rows(head), len(weights)

    def naive(level):
        side, count = 2**level, -(-m // 2**level)
        return np.array(
            [
                [weights[a * side : (a + 1) * side, b * side : (b + 1) * side].max() for b in range(count)]
                for a in range(count)
            ]
        )

    whole = overview(rows, rows.axis.special)
    assert whole.level == 3 and len(whole.squares) == -(-m // 8) <= 16
    np.testing.assert_allclose(whole.squares, naive(3), atol=2e-6)
    for level in (0, 1, 2):
        expected = naive(level)
        places = [(0, 0), (1, 0), (1, 1), (0, 2), (99, 0)]
        found = tiles(rows, level, places)
        assert (99, 0) not in found
        for (row, column), squares in found.items():
            part = expected[8 * row : 8 * (row + 1), 8 * column : 8 * (column + 1)]
            np.testing.assert_allclose(squares, part, atol=2e-6)


def test_progress_rises_to_the_end_and_can_end_the_pass(read):
    told = []
    read_long(read.model, read.encoding, lambda fraction, sentence: told.append((fraction, sentence)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert told[-1][1] == f"Reading {len(read.encoding)} tokens: layer 3 of 3"

    def stop(fraction, sentence):
        raise UserError("stopped")

    with pytest.raises(UserError, match="stopped"):
        read_long(read.model, read.encoding, stop)


def test_a_model_that_does_not_tell_queries_and_keys_is_refused(tmp_path):
    tiny.make("mpnet", tmp_path)
    model = open_model(str(tmp_path))
    assert model.route == "eager"
    with pytest.raises(UserError, match="a way of its own"):
        read_long(model, model.encode(TEXT, limit=100))


def test_masks_that_take_too_much_room_are_refused(read):
    if any(read.calls.of_head(HeadId(layer, 0)).masked for layer in read.model.numbers):
        with pytest.raises(UserError, match="Use a shorter text"):
            read_long(read.model, read.encoding, most_held=100)
    else:
        read_long(read.model, read.encoding, most_held=100)
