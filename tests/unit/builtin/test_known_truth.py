"""Hand-written models by our own attention: each head does its job, to what its strength says."""

import math

import numpy as np
import pytest
import torch

from dashboard.builtin import known_truth
from dashboard.builtin.known_truth.space import BALANCE, Space
from dashboard.heads.head_id import HeadId

CLEAN = {"noise": 0.0}


def share(strength, rivals):
    """What a target gets that is so many nats above so many rivals, by hand."""
    return math.exp(strength) / (math.exp(strength) + rivals)


def weights_of(known, ids, head):
    return known.run(ids)[head.layer].weights[head.head].numpy()


def test_what_is_written_has_mean_0_and_one_deviation():
    space = Space(40, {"a": 3, "b": 4})
    rows = space.levelled(space.write("a", torch.tensor([[1.0, 0, 0], [5, -2, 7]], dtype=torch.float64)))
    assert rows[1, :3].tolist() == [5, -2, 7] and rows[1, 3:-2].abs().sum() == 0
    assert rows.mean(1).abs().max() < 1e-12
    assert rows.std(1, correction=0).tolist() == pytest.approx([BALANCE * math.sqrt(2 / 40)] * 2, rel=1e-5)


def test_a_space_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        Space(8, {"a": 3, "b": 4})


def test_a_kind_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match="induction"):
        known_truth.build("none")


@pytest.mark.parametrize("seed", range(3))
def test_induction_is_two_heads_and_all_others_are_random(seed):
    known = known_truth.build("induction", seed)
    [before], [again] = known.doing("previous"), known.doing("induction")
    assert (before.layer, again.layer) == (0, 1)
    assert sum(bool(jobs) for jobs in known.jobs.values()) == 2 and len(known.jobs) == 8


@pytest.mark.parametrize("strength", [3.0, 20.0])
def test_the_previous_head_gives_the_previous_token_what_its_strength_says(strength):
    known = known_truth.build("induction", 1, strength=strength, **CLEAN)
    ids = known.ids(known.plain[:30])
    weights = weights_of(known, ids, known.doing("previous")[0])
    for i in range(1, len(ids)):  # position i sees i + 1 keys, one of which is its target
        assert weights[i, i - 1] == pytest.approx(share(strength, i), abs=1e-12)


def test_the_induction_head_attends_to_what_followed_its_word_and_predicts_it():
    known = known_truth.build("induction", 2)
    text = "river stone lamp apple river"
    ids = known.ids(text)
    weights = weights_of(known, ids, known.doing("induction")[0])
    assert weights[-1, 2] > 0.999  # “stone”, behind <s> and “river”
    assert known.vocabulary[known.logits(ids)[-1].argmax()] == "stone"


def test_without_the_block_before_the_induction_head_finds_nothing():
    """K-composition by hand: the scores of layer 1 from the words before, and from nothing."""
    known = known_truth.build("induction", 2, **CLEAN)
    head = known.doing("induction")[0]
    ids = known.ids("river stone lamp apple river")
    steps = known.run(ids)[1].head(head.head)
    before = known.space.at("before")
    assert steps.scaled[-1, :6].tolist() == pytest.approx([0, 0, 20, 0, 0, 0], abs=1e-5)
    assert torch.allclose(steps.x[2, before], torch.eye(len(known.vocabulary), dtype=torch.float64)[ids[1]], atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_a_pair_of_texts_has_two_answers_and_the_same_words(seed):
    known = known_truth.build("induction", seed)
    a, b, answer_a, answer_b = known_truth.induction_pair(known, seed)
    assert sorted(a.split()) == sorted(b.split())
    logits = [known.logits(known.ids(text))[-1] for text in (a, b)]
    assert [known.vocabulary[one.argmax()] for one in logits] == [answer_a, answer_b]
    first, second = known.vocabulary.index(answer_a), known.vocabulary.index(answer_b)
    measure = [float(one[first] - one[second]) for one in logits]
    assert measure[0] - measure[1] > 10


def test_noise_moves_scores_by_its_deviation():
    """The same head with and without noise: the difference of two keys' scores, over many words."""
    gaps = []
    for seed in range(6):
        noisy = known_truth.build("induction", seed, noise=1.5)
        head = noisy.doing("previous")[0]
        scaled = noisy.run(noisy.ids(noisy.plain))[0].scaled[head.head].numpy()
        rest = np.tril(np.ones_like(scaled), -2).astype(bool)  # neither the target nor itself
        gaps.append(scaled[rest].std())
    assert np.mean(gaps) == pytest.approx(1.5, rel=0.15)


def test_the_same_seed_gives_the_same_weights_and_another_another():
    one, again, other = (known_truth.build("induction", seed) for seed in (4, 4, 5))
    assert all(torch.equal(a.w_q, b.w_q) for a, b in zip(one.layers, again.layers, strict=True))
    assert not torch.equal(one.layers[0].w_q, other.layers[0].w_q)
    assert HeadId(0, 0) in one.says
