"""Attention against distance, computed a second way: from whole maps, word by word."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, false_discovery_control

from dashboard.analyses.long_range.measure import curve, gather, long_range, measure_step, table
from dashboard.analyses.long_range.questions import QUESTIONS, question_of
from dashboard.analyses.long_range.text import long_range_finding
from dashboard.analyses.long_range.trial import Trial
from dashboard.capture import head_weights
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.text.words import split_words
from tests.helpers.sentences import heads_in, numbers, wording


def word_map(encoding, weights):
    """W of METRICS §0 between words only, from one whole map, by loops: (words, words)."""
    m = len(encoding.words)
    members = [[t for t, word in enumerate(encoding.word_of) if word == i] for i in range(m)]
    return np.array([[weights[np.ix_(a, b)].sum(1).mean() if a and b else np.nan for b in members] for a in members])


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
@pytest.mark.parametrize(("question", "place"), [("verb", 1), ("name", 0)])
def test_share_and_baseline_equal_those_from_whole_maps(name, question, place, request):
    model = request.getfixturevalue(name)
    trials = [row[place] for row in QUESTIONS[question].trials()][:2]  # of different lengths: padded to one batch
    step = measure_step(model, trials)
    assert step.share.shape == step.apart.shape == (2, model.layers, model.heads)
    for k, trial in enumerate(trials):
        encoding = model.encode(trial.text)
        index = {word.start: i for i, word in enumerate(encoding.words)}
        looks, seen = index[trial.looks], index[trial.seen]
        d = looks - seen
        assert step.words[k] == d
        heads = [(0, 1), (model.layers - 1, model.heads - 1), (model.layers // 2, 3)]
        for head, weights in zip(heads, head_weights(model, encoding, [HeadId(*head) for head in heads]), strict=True):
            words = word_map(encoding, weights)
            others = [words[i, i - d] for i in range(d, len(words)) if i != looks]
            assert step.share[k][head] == pytest.approx(words[looks, seen], abs=1e-5)
            assert step.apart[k][head] == pytest.approx(np.nanmean(others), abs=1e-5)
        pieces = [t for t, word in enumerate(encoding.word_of) if word == seen]
        rows = [t for t, word in enumerate(encoding.word_of) if word == looks]
        even = np.mean([len(pieces) / (row + 1 if model.causal else len(encoding)) for row in rows])
        assert step.even[k] == pytest.approx(even)


def test_what_could_be_drawn_is_every_word_with_a_word_at_this_distance(minilm):
    trials = [row[1] for row in QUESTIONS["verb"].trials()][:2]
    step = measure_step(minilm, trials)
    for k, (trial, (moved, shares)) in enumerate(zip(trials, step.others, strict=True)):
        encoding = minilm.encode(trial.text)
        [weights] = head_weights(minilm, encoding, [HeadId(2, 9)])
        words, d = word_map(encoding, weights), int(step.words[k])
        np.testing.assert_allclose(shares[:, 2 * 12 + 9], [words[i, i - d] for i in range(d, len(words))], atol=1e-5)
        looks = next(i for i, word in enumerate(encoding.words) if word.start == trial.looks)
        assert moved.tolist() == [i - looks for i in range(d, len(words))]
        np.testing.assert_allclose(shares[moved == 0].reshape(6, 12), step.share[k], atol=1e-6)


@pytest.fixture(scope="module")
def verbs(minilm):
    return long_range(minilm, "verb")


def test_a_curve_is_the_mean_and_its_bootstrap_interval(verbs):
    rows = curve(verbs, HeadId(1, 3), verbs.judged_on)
    values = verbs.share[1::2, :, 1, 3].astype(float)
    index = np.random.default_rng(0).integers(0, 6, (1000, 6))
    for place, row in enumerate(rows.to_dict("records")):
        means = [np.mean(values[one, place]) for one in index]
        assert row["share"] == pytest.approx(values[:, place].mean())
        assert row["share_low"] == pytest.approx(np.percentile(means, 2.5))
        assert row["share_high"] == pytest.approx(np.percentile(means, 97.5))
        assert row["lift"] == pytest.approx(row["share"] - row["apart"])
        assert row["lift_low"] <= row["lift"] <= row["lift_high"]
        assert row["step"] == row["words"] and row["texts"] == 6


def test_q_is_that_of_loops_that_move_both_words_alike_at_all_distances(minilm, verbs):
    rng, drawn = np.random.default_rng(11), 0
    for row in QUESTIONS["verb"].trials():
        moves = []  # of each distance: how far both words are moved → all heads' share
        for trial in row:
            [(moved, shares)] = measure_step(minilm, [trial]).others
            moves.append(dict(zip(moved.tolist(), shares, strict=True)))
        common = set.intersection(*map(set, moves))
        means = np.array([np.mean([one[move] for one in moves], 0) for move in sorted(common)])
        assert len(common) > 10 and 0 in common
        drawn = drawn + means[rng.integers(0, len(means), 4_000)]
    observed = verbs.share.mean(1).sum(0).ravel()
    p = (1 + (drawn >= observed - 1e-6).sum(0)) / 4_001
    wanted = false_discovery_control(p).reshape(6, 12)
    assert np.abs(verbs.q - wanted)[wanted < 0.05].max() < 0.02 and np.abs(verbs.q - wanted).max() < 0.15
    assert (verbs.q <= 0.05).any() and (verbs.q > 0.2).any()
    assert np.isnan(replace(verbs, chance=()).q).all()


def test_two_words_that_have_nothing_to_do_with_each_other_mark_few_lists(minilm):
    """METRICS §10: any word before the subject and any word after the verb, the same two at all distances."""
    rng, lists, runs = np.random.default_rng(5), 0, 12
    for _ in range(runs):
        rows = []
        for row in QUESTIONS["verb"].trials():
            words = [split_words(trial.text) for trial in row]
            key = rng.choice([k for k, word in enumerate(words[0]) if word.start < row[0].seen])
            query = rng.choice([k - len(words[0]) for k, word in enumerate(words[0]) if word.start > row[0].looks])
            rows.append(
                [Trial(trial.text, some[query].start, some[key].start) for trial, some in zip(row, words, strict=True)]
            )
        steps = [measure_step(minilm, trials) for trials in zip(*rows, strict=True)]
        lists += (gather(minilm, QUESTIONS["verb"], steps).q <= 0.05).any()
    assert lists <= binom.ppf(0.99, runs, 0.05)


def test_heads_are_chosen_on_one_half_and_shown_on_the_other(verbs):
    assert not set(verbs.chosen_on) & set(verbs.judged_on)
    assert len(verbs.chosen_on) == len(verbs.judged_on) == 6
    best = verbs.best(4)
    lift = (verbs.share - verbs.apart)[::2].mean((0, 1))
    by_hand = sorted((-lift[layer, head], layer, head) for layer in range(6) for head in range(12))[:4]
    assert best == [HeadId(layer, head) for _, layer, head in by_hand]
    # what is shown does not change when only the other half does
    changed = replace(verbs, share=verbs.share.copy())
    changed.share[1::2] = 0
    assert changed.best(4) == best


def test_the_table_has_every_head_and_distance(verbs):
    rows = table(verbs)
    assert len(rows) == 72 * 6
    assert rows[["share", "apart", "even"]].apply(lambda column: column.between(0, 1).all()).all()
    assert rows.notna().all().all()


def test_a_head_that_is_found_and_one_that_is_not_are_told_apart(minilm, verbs, snapshot):
    low = long_range_finding(verbs, HeadId(0, 2))
    assert heads_in(low) == ["L0H2"] and numbers(low)[:2] == [0.1, 30]  # and no interval whose ends are written alike
    names = long_range(minilm, "name")
    said = long_range_finding(names)
    assert heads_in(said)[0] == "L2H9"
    none = long_range_finding(replace(verbs, share=verbs.apart))
    assert [wording(one) for one in (low, said, none)] == snapshot


def test_what_cannot_be_measured_is_said_in_a_sentence(minilm, refuses):
    with refuses(UserError):
        question_of("nothing")
    with refuses(UserError):
        measure_step(replace(minilm, limit=8), [Trial("One two three four five six seven eight nine.", 35, 0)])


def test_the_steps_together_are_the_whole(minilm, verbs):
    question = QUESTIONS["verb"]
    steps = [measure_step(minilm, trials) for trials in zip(*question.trials(), strict=True)]
    again = gather(minilm, question, steps)
    assert np.allclose(again.share, verbs.share, atol=1e-6)
    assert (again.words == np.array(question.steps)).all()
