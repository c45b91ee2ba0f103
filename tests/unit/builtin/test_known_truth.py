"""Hand-written models by our own attention: each head does its job, to what its strength says."""

import math

import numpy as np
import pytest
import torch

from dashboard.builtin import known_truth
from dashboard.builtin.known_truth.hand_heads import Head, Term
from dashboard.builtin.known_truth.known_model import layer_of
from dashboard.builtin.known_truth.made_language import sentences
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
    assert rows.std(1, correction=0).tolist() == pytest.approx([BALANCE * math.sqrt(2 / 40)] * 2, rel=1e-4)


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


def weights_doing(known, ids, job):
    """The weights of each head with this job."""
    return [weights_of(known, ids, head) for head in known.doing(job)]


@pytest.mark.parametrize("strength", [2.0, 6.0])
def test_each_head_of_tokens_gives_its_target_what_its_strength_says(strength):
    known = known_truth.build("tokens", 3, strength=strength, **CLEAN)
    words = known.plain[:6]
    ids = known.ids([*words, words[2], words[2], words[0]])
    found = {job: weights_doing(known, ids, job) for job in ("previous", "first", "self", "same_token")}
    assert all(len(one) == 2 for one in found.values())
    for i in range(1, len(ids)):
        for job, target in (("previous", i - 1), ("first", 0), ("self", i)):
            for weights in found[job]:
                assert weights[i, target] == pytest.approx(share(strength, i), abs=1e-12)
        same = [j for j in range(i) if ids[j] == ids[i]]
        score = np.zeros(i + 1)
        score[same], score[i] = strength, -strength
        for weights in found["same_token"]:
            assert weights[i, : i + 1] == pytest.approx(np.exp(score) / np.exp(score).sum(), abs=1e-12)
    assert known.doing("special") == known.doing("first")


def test_heads_of_an_encoder_look_both_ways():
    known = known_truth.build("both_ways", 4, strength=5.0, **CLEAN)
    ids = known.ids(known.plain[:9])
    last = len(ids) - 1
    for weights in weights_doing(known, ids, "next"):
        assert np.diagonal(weights, 1) == pytest.approx([share(5, last)] * last, abs=1e-12)
    for weights in weights_doing(known, ids, "previous"):
        assert np.diagonal(weights, -1) == pytest.approx([share(5, last)] * last, abs=1e-12)
    special = set(known.doing("special")) - set(known.doing("first"))
    assert len(special) == 2
    for head in special:
        assert weights_of(known, ids, head)[:, last] == pytest.approx([share(5, last)] * len(ids), abs=1e-12)


def test_heads_of_pairs_and_names_find_them_wherever_they_stand():
    known = known_truth.build("partners", 4, strength=5.0, **CLEAN)
    names, pairs = known_truth.names_and_pairs(known)
    assert len(names) == 6 and not set(names) & {word for pair in pairs for word in pair}
    (one, other), *rest = pairs
    words = [other, *(word for word, _ in rest[:6]), one, *(word for _, word in rest[6:9]), names[2]]
    ids = known.ids(words)
    for weights in weights_doing(known, ids, "partner"):
        assert weights[[1, 8], [8, 1]] == pytest.approx([share(5, len(ids) - 1)] * 2, abs=1e-12)
        assert weights[[0, 2, 9, 12]] == pytest.approx(np.full((4, len(ids)), 1 / len(ids)), abs=1e-12)
    for weights in weights_doing(known, ids, "names"):
        assert weights[:, 12] == pytest.approx([share(5, len(ids) - 1)] * len(ids), abs=1e-12)


def test_an_even_head_is_even_and_random_heads_are_not():
    known = known_truth.build("tokens", 5)
    ids = known.ids(known.plain[:40])
    n = np.arange(1, len(ids) + 1)
    [even] = known.doing("even")
    assert abs(weights_of(known, ids, even) * n[:, None] - np.tri(len(ids)))[20:].max() < 0.6  # e^±0.45
    for head, jobs in known.jobs.items():
        if not jobs:
            assert weights_of(known, ids, head)[20:].max(1).mean() > 0.1


def test_heads_of_the_parse_follow_what_the_words_say():
    known = known_truth.build("parse", 6, strength=7.0, **CLEAN)
    [head], [dependents], [subject] = (known.doing(job) for job in ("head", "dependents", "subject"))
    for one in sentences(8, 6):
        ids = known.ids(one.text)
        n = len(ids)
        to_head, to_dependents, of_subject = (weights_of(known, ids, who) for who in (head, dependents, subject))
        for place, (above, relation) in enumerate(zip(one.heads, one.relations, strict=True)):
            if above >= 0:
                assert to_head[place + 1, above + 1] == pytest.approx(share(7, n - 1), abs=1e-12)
            else:  # the root names none, as special tokens are called none
                assert to_head[place + 1, [0, n - 1]].sum() == pytest.approx(
                    2 * math.exp(7) / (2 * math.exp(7) + n - 2)
                )
            below = [1 + at for at, other in enumerate(one.heads) if other == place]
            if below:
                wanted = len(below) * math.exp(7) / (len(below) * math.exp(7) + n - len(below))
                assert to_dependents[place + 1, below].sum() == pytest.approx(wanted, abs=1e-12)
            target = [above + 1] if relation == "nsubj" else [0, n - 1]
            assert of_subject[place + 1, target].sum() > 0.99


def test_the_topic_head_attends_to_other_words_of_the_topic():
    known = known_truth.build("parse", 7, strength=7.0, **CLEAN)
    [topic] = known.doing("topic")
    seen = 0
    for one in sentences(8, 7):
        weights = weights_of(known, known.ids(one.text), topic)
        for place, word in enumerate(one.words):
            same = [1 + at for at, other in enumerate(one.words) if other.topic == word.topic and at != place]
            if same:
                seen += 1
                assert weights[place + 1, same].sum() > 0.98 and weights[place + 1, place + 1] < 1e-3
    assert seen > 20


def test_the_aligner_finds_the_same_word_of_another_text():
    known = known_truth.build("aligner", 8, strength=6.0, **CLEAN)
    source = known.plain[:7]
    target = [source[at] for at in (3, 0, 6, 1)]
    ids, looked_at = known.ids(target, target=True), known.ids(source)
    assert known.vocabulary[ids[0]] == "[PAD]" and known.vocabulary[looked_at[-1]] == "</s>"
    for head in known.doing("aligner"):
        assert head.part == "cross"
        weights = known.run(ids, looked_at)[head.layer].weights[head.head].numpy()
        assert weights[1:, [3, 0, 6, 1]].diagonal() == pytest.approx([share(6, 7)] * 4, abs=1e-12)


@pytest.mark.parametrize("kind", known_truth.KINDS)
def test_every_kind_has_random_heads_and_says_what_each_head_does(kind):
    known = known_truth.build(kind, 9)
    assert sum(not jobs for jobs in known.jobs.values()) >= 3
    for head, jobs in known.jobs.items():
        assert known.says[head].startswith("Random") == (not jobs)


def test_a_head_that_takes_more_numbers_than_it_has_is_refused():
    space = Space(20, {"word": 12})
    wide = Head(frozenset(), [Term(torch.zeros(20, 11), torch.zeros(20, 11))], "Too wide.")
    with pytest.raises(ValueError, match="11 numbers, and a head has 10"):
        layer_of(space, [wide, wide])
    with pytest.raises(ValueError, match="not shared evenly"):
        layer_of(space, [wide] * 3)
