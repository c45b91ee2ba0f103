"""Where a head stands, whether two figures go together, and what changes on a text: by hand and by a second way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dashboard import UserError
from dashboard.analyses.ablation.effect import token_rows
from dashboard.analyses.ablation.rank import head_rank
from dashboard.analyses.ablation.text import rank_finding, rank_remark
from dashboard.heads.correlation_words import correlation_finding
from dashboard.heads.format import figure
from dashboard.heads.head_id import HeadId
from dashboard.heads.rank_correlation import spearman
from dashboard.heads.text_effect import effect_on_text, most_changed
from dashboard.text import Encoding
from tests.helpers.sentences import heads_in, numbers, plain

RNG = np.random.default_rng(3)


def table(values, low, high, name="loss_change"):
    layer, head = np.divmod(np.arange(len(values)), 2)
    return pd.DataFrame(
        {
            "layer": layer,
            "head": head,
            name: values,
            f"{name}_low": low,
            f"{name}_high": high,
            "sentences": 32,
            "tokens": 540,
        }
    )


def ranks_by_counting(values):
    """Mean rank: how many are smaller, and half of those that are equal."""
    values = np.asarray(values)
    return np.array([(values < one).sum() + ((values == one).sum() + 1) / 2 for one in values])


def test_spearman_by_a_second_way_and_its_interval():
    a = RNG.integers(0, 6, 40).astype(float)  # ties
    b = a + RNG.normal(0, 2, 40)
    b[5] = np.nan
    found = spearman(a, b)
    known = ~np.isnan(b)
    a, b = a[known], b[known]

    def rho(one, other):
        return np.corrcoef(ranks_by_counting(one), ranks_by_counting(other))[0, 1]

    assert found.heads == 39 and found.rho == pytest.approx(rho(a, b))
    drawn = np.random.default_rng(0).integers(0, 39, (1000, 39))
    assert (found.low, found.high) == pytest.approx(np.percentile([rho(a[row], b[row]) for row in drawn], [2.5, 97.5]))
    stats = pytest.importorskip("scipy.stats")
    assert found.rho == pytest.approx(stats.spearmanr(a, b).statistic)


def test_spearman_of_known_answers(snapshot):
    up = np.arange(10.0)
    assert spearman(up, np.exp(up)).rho == 1 and spearman(up, -(up**3)).rho == -1
    assert spearman(np.array([1, 2, 3, 4.0]), np.array([2, 1, 4, 3.0])).rho == pytest.approx(0.6)  # 1 − 6·4/(4·15)
    said = correlation_finding(spearman(up, up), ("a", "b"))
    assert numbers(said)[:1] == [1.0] and plain(said) == snapshot


def test_spearman_where_there_is_none_is_told(snapshot):
    same = spearman(np.ones(5), np.arange(5.0))
    assert np.isnan(same.rho) and same.constant == 0
    said = {"constant": correlation_finding(same, ("a", "b"))}
    assert numbers(said["constant"])[0] == 5
    few = spearman(np.array([1.0, np.nan]), np.array([1.0, 2.0]))
    assert np.isnan(few.rho) and few.heads == 1
    said["few"] = correlation_finding(few, ("a", "b"))
    chance = np.random.default_rng(3)
    none = spearman(chance.normal(size=30), chance.normal(size=30))
    assert none.low < 0 < none.high
    said["none"] = correlation_finding(none, ("“a”", "b"))
    assert numbers(said["none"])[-3:-1] == pytest.approx([none.low, none.high], abs=0.005)
    assert {case: plain(sentence) for case, sentence in said.items()} == snapshot


def test_a_heads_place_by_hand(snapshot, refuses):
    heads = table([0.5, 0.2, 0.2, -0.1], [0.4, 0.1, -0.1, -0.2], [0.6, 0.3, 0.5, -0.05])
    found = head_rank(heads, HeadId(0, 1))
    assert (found.rank, found.heads, found.value, found.alike, found.sure) == (2, 4, 0.2, 1, (2, 1))
    assert head_rank(heads, HeadId(1, 0)).rank == 2 and head_rank(heads, HeadId(1, 1)).rank == 4
    better = head_rank(heads, HeadId(1, 1))
    alone = rank_remark(head_rank(heads.drop(index=2), HeadId(0, 1)))
    said = [rank_finding(found), rank_finding(better), rank_remark(found), alone]
    assert heads_in(said[0]) == ["L0H1"] and numbers(said[0]) == [2, 4, 0.2, 95, 0.1, 0.3, 32, 540]
    assert heads_in(said[1]) == ["L1H1"] and numbers(said[1])[:5] == [4, 4, -0.1, 95, -0.2]
    one, above, of, zero, below, *_ = numbers(said[2])
    assert (one, above, of, zero, below) == (1, 2, 4, 0, 1)
    assert numbers(said[2])[-4:] == [0.1, 4, 0, 2.5]  # what chance would put on either side
    assert list(map(plain, said)) == snapshot
    with refuses(UserError, "L7H0"):
        head_rank(heads, HeadId(7, 0))


def test_a_shift_is_told_as_one(snapshot):
    said = rank_finding(head_rank(table([0.02, 0.01], [0.01, 0], [0.03, 0.02], "shift"), HeadId(0, 0)))
    assert numbers(said)[:6] == [1, 2, 0.02, 95, 0.01, 0.03] and "nats" not in said
    assert plain(said) == snapshot


def test_figures_are_written_short():
    values = (0.012345, -0.5, 12.345, 3.21e-5, -1.7e-6, 3e-9, 0.0, np.nan)
    said = ["0.0123", "−0.5", "12.3", "0.000032", "−0.0000017", "under 0.000001", "0", "–"]
    assert [figure(value) for value in values] == said


def encoding():
    """[CLS] ra ##men is [SEP]: the first word has two tokens."""
    text = "ramen is"
    return Encoding(
        text,
        (1, 2, 3, 4, 5),
        ("[CLS]", "ra", "##men", "is", "[SEP]"),
        ("[CLS]", "ra", "…men", "is", "[SEP]"),
        ((0, 0), (0, 2), (2, 5), (6, 8), (8, 8)),
        (True, False, False, False, True),
    )


def rows(measure, values, **more):
    return pd.DataFrame(
        {"layer": 0, "head": 1, "position": [1, 2, 3], "token": ["ra", "…men", "is"], measure: values} | more
    )


def test_losses_of_a_word_are_summed_and_shifts_averaged(snapshot):
    losses = rows("loss_change", [0.1, -0.3, 0.05], loss=[1.0, 2.0, 3.0])
    words = effect_on_text(losses, encoding(), unit="words")
    assert words.read.tolist() == [0, 2, 1, 0]
    assert words.labels == ("[CLS]", "ramen", "is", "[SEP]")
    assert words.values.tolist() == pytest.approx([np.nan, -0.2, 0.05, np.nan], nan_ok=True)
    assert words.loss.tolist() == pytest.approx([np.nan, 3.0, 3.0, np.nan], nan_ok=True)
    assert numbers(most_changed(words)) == [-0.2, 0.05]
    tokens = effect_on_text(losses, encoding(), special="hide")
    assert np.nansum(tokens.values) == pytest.approx(np.nansum(words.values)) and len(tokens) == 3
    shift = effect_on_text(rows("shift", [0.1, 0.3, 0.05]), encoding(), unit="words", special="hide")
    assert shift.values.tolist() == pytest.approx([0.2, 0.05]) and shift.loss is None
    assert most_changed(effect_on_text(losses.head(0), encoding())) == ""
    nothing = effect_on_text(rows("shift", [0.0, 0.0, 0.0]), encoding())
    assert numbers(most_changed(nothing)) == [3]
    assert [plain(most_changed(words)), plain(most_changed(nothing))] == snapshot


@pytest.mark.parametrize("special", ["show", "hide"])
def test_words_that_stand_twice_are_told_apart_by_their_place(special, snapshot):
    twice = effect_on_text(rows("shift", [0.1, 0.3, 0.2]), encoding(), special=special)
    twice = replace(twice, labels=tuple("is" if label == "ra" else label for label in twice.labels))
    assert numbers(most_changed(twice)) == [0.3, 3, 0.2, 1, 0.1]
    assert most_changed(twice) == snapshot


def test_the_rows_of_a_text_hold_probabilities_and_what_is_predicted():
    losses = rows("loss_change", [np.log(2), 0.0, 0.0], loss=[0.0, np.log(4), 0.0])
    changed = pd.DataFrame(
        {
            "layer": [0],
            "head": [1],
            "position": [2],
            "token": ["…men"],
            "old": ["a"],
            "new": ["b"],
            "p_old": [0.5],
            "p_old_ablated": [0.2],
            "p_new": [0.1],
            "p_new_ablated": [0.4],
        }
    )
    found = token_rows(losses, changed)
    assert found["p"].tolist() == pytest.approx([1, 0.25, 1]) and found["p_ablated"].iloc[0] == pytest.approx(0.5)
    assert found["new"].tolist()[1] == "b" and found["new"].isna().sum() == 2 and len(found) == 3
    assert token_rows(rows("shift", [0.1, 0.2, 0.3]), changed).columns.tolist()[-1] == "shift"
