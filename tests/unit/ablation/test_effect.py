"""The numbers of an ablation, by hand and by a second way."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from dashboard.analyses.ablation.effect import Effects, effect_table
from dashboard.analyses.ablation.measure import trials
from dashboard.analyses.ablation.text import effect_finding
from dashboard.capture.ablate import batches
from dashboard.heads.head_id import HeadId
from dashboard.heads.predictions import read, shifts
from dashboard.text import Encoding
from tests.helpers.sentences import heads_in, numbers, plain


def encoding(ids, special):
    n = len(ids)
    return Encoding("", tuple(ids), ("x",) * n, ("x",) * n, ((0, 0),) * n, tuple(special))


def test_a_prediction_by_hand():
    """Scores ln 1, ln 2, ln 5 are probabilities 1/8, 2/8, 5/8."""
    scores = torch.tensor([[1.0, 2.0, 5.0], [1.0, 6.0, 1.0]]).log()
    found = read(lambda vectors: vectors, scores, torch.tensor([0, 1]), torch.tensor([1, 2]))
    assert found.loss.tolist() == pytest.approx([math.log(8), math.log(8 / 6)])
    assert found.top.tolist() == [2, 1]
    assert found.p.tolist() == pytest.approx([5 / 8, 6 / 8])
    assert found.p_of.tolist() == pytest.approx([2 / 8, 1 / 8])


def test_a_shift_by_hand():
    before = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [3.0, 4.0]])
    after = torch.tensor([[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [4.0, 3.0]])
    assert shifts(before, after).tolist() == pytest.approx([0, 1, 2, 1 - 24 / 25])


def test_what_is_read_of_a_text():
    """[CLS] a b [SEP]: the tokens that the tokenizer added are not read."""
    text = encoding([1, 7, 8, 2], [True, False, False, True])
    [vectors] = trials(0, text, causal=False, mask=9, predicts=False)
    assert (vectors.encoding, vectors.places, vectors.tokens) == (text, (1, 2), (1, 2))
    [following] = trials(0, text, causal=True, mask=None, predicts=True)
    assert (following.places, following.tokens, following.targets) == ((0, 1), (1, 2), (7, 8))
    masked = list(trials(3, text, causal=False, mask=9, predicts=True))
    assert [trial.encoding.ids for trial in masked] == [(1, 9, 8, 2), (1, 7, 9, 2)]
    assert [(trial.text, trial.places, trial.targets) for trial in masked] == [(3, (1,), (7,)), (3, (2,), (8,))]


def test_the_first_token_of_all_is_not_predicted():
    [bare] = trials(0, encoding([7, 8], [False, False]), causal=True, mask=None, predicts=True)
    assert (bare.places, bare.targets) == ((0,), (8,))
    assert not list(trials(0, encoding([7], [False]), causal=True, mask=None, predicts=True))


def test_a_table_by_hand_and_its_intervals_by_a_second_way():
    rng = np.random.default_rng(5)
    tokens = np.array([3, 5, 0, 7, 2])
    sums = rng.normal(size=(5, 2)) * tokens[:, None]
    flips = np.array([[1, 0], [2, 0], [0, 0], [3, 1], [0, 0]])
    table = effect_table(Effects([(HeadId(0, 1),), (HeadId(2, 0),)], tokens, sums, loss=tokens * 2.0, flips=flips))
    assert list(table.columns) == [
        "layer",
        "head",
        "loss_change",
        "loss_change_low",
        "loss_change_high",
        "flips",
        "sentences",
        "tokens",
    ]
    assert table[["layer", "head", "sentences", "tokens"]].values.tolist() == [[0, 1, 4, 17], [2, 0, 4, 17]]
    assert table["flips"].tolist() == pytest.approx([6 / 17, 1 / 17])
    used = [0, 1, 3, 4]  # the third sentence has no token that is read
    drawn = np.random.default_rng(0).integers(0, 4, (1000, 4))
    for column in range(2):
        resampled = [sums[used][row, column].sum() / tokens[used][row].sum() for row in drawn]
        low, high = np.percentile(resampled, [2.5, 97.5])
        row = table.iloc[column]
        assert row["loss_change"] == pytest.approx(sums[:, column].sum() / 17)
        assert (row["loss_change_low"], row["loss_change_high"]) == pytest.approx((low, high))


def test_a_single_text_has_no_interval_and_no_token_no_figure():
    one = effect_table(Effects([(HeadId(0, 0),)], np.array([4]), np.array([[0.5]])))
    assert one["shift"].tolist() == [0.125] and "flips" not in one
    assert one[["shift_low", "shift_high"]].isna().all(axis=None)
    none = effect_table(Effects.of([(HeadId(0, 0),)], 2, predicts=True))
    assert none[["loss_change", "loss_change_low", "flips"]].isna().all(axis=None)
    assert none[["sentences", "tokens"]].values.tolist() == [[0, 0]]


def test_batches_hold_every_text_once_and_no_more_tokens_than_asked():
    texts = [encoding([1] * n, [False] * n) for n in (9, 2, 3, 30, 3, 8)]
    made = list(batches(SimpleNamespace(alone=False), texts, tokens=20))
    assert [[len(one) for one in batch] for batch in made] == [[2, 3, 3], [8, 9], [30]]
    made = list(batches(SimpleNamespace(alone=True), texts, tokens=20))
    assert [[len(one) for one in batch] for batch in made] == [[2], [3, 3], [8], [9], [30]]


def test_the_head_whose_absence_changes_most_is_named_whatever_the_sign(snapshot):
    table = pd.DataFrame(
        {
            "layer": [0, 0],
            "head": [1, 2],
            "loss_change": [-0.5, 0.1],
            "loss_change_low": [np.nan] * 2,
            "loss_change_high": [np.nan] * 2,
            "sentences": [1, 1],
            "tokens": [9, 9],
        }
    )
    said = effect_finding(table, "M")
    assert heads_in(said) == ["L0H1"] and numbers(said)[:2] == [0.5, 2] and plain(said) == snapshot
