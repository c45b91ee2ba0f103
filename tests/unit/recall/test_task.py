"""The recall task and the four that are trained on it."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
import torch

from dashboard.analyses.recall.gradient_reach import gradient_norms, gradients, path_length, timings
from dashboard.analyses.recall.networks import count, new_network, shapes, width_for
from dashboard.analyses.recall.seeds import generators, interval
from dashboard.analyses.recall.task import DEFAULT, LONGER, NAMES, SHORTER, Recall, sequences
from dashboard.analyses.recall.training import accuracy, train
from dashboard.errors import UserError
from tests.helpers.sentences import numbers

TINY = Recall(distances=(1, 3), seeds=2, steps=25, batch=8, tested=50)


def last(config: Recall, models=NAMES):
    *_, progress = train(config, models)
    return progress


def test_sequences_are_symbols_and_then_the_question():
    tokens = sequences(5, 200, 4, generators(3, 5, "test"))
    assert tokens.shape == (3, 200, 7)
    assert (tokens[:, :, -1] == 4).all()
    assert tokens[:, :, :-1].unique().tolist() == [0, 1, 2, 3]
    assert (tokens[:, :, 0].flatten().bincount() / 600 - 1 / 4).abs().max() < 0.1  # drawn evenly
    assert not torch.equal(tokens[0], tokens[1])


def test_sources_are_repeatable_and_differ_by_seed_distance_and_purpose():
    def first(seeds: int, distance: int, purpose: str) -> list[int]:
        return [torch.randint(2**60, (1,), generator=g).item() for g in generators(seeds, distance, purpose)]

    drawn = [number for d in (1, 2) for purpose in ("weights", "training", "test") for number in first(10, d, purpose)]
    assert len(set(drawn)) == len(drawn)
    assert first(10, 1, "test")[:3] == first(3, 1, "test")


@pytest.mark.parametrize("config", [DEFAULT, SHORTER, LONGER])
def test_all_models_have_as_many_weights(config):
    counts = [count(name, config) for name in NAMES]
    assert max(counts) / min(counts) < 1.05


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_counted_as_they_are_made(name):
    network = new_network(name, DEFAULT, generators(2, 1, "weights"))
    assert {part: w.shape for part, w in network.weights.items()} == {
        part: (2, *shape) for part, shape in shapes(name, width_for(name, DEFAULT), DEFAULT).items()
    }
    assert sum(w[0].numel() for w in network.weights.values()) == count(name, DEFAULT)


@pytest.mark.parametrize("name", NAMES)
def test_seeds_are_separate_networks(name):
    both, first = (new_network(name, DEFAULT, generators(seeds, 4, "weights")) for seeds in (2, 1))
    tokens = sequences(4, 6, DEFAULT.symbols, generators(2, 4, "test"))
    together, alone = both.answer(both.embed(tokens)), first.answer(first.embed(tokens[:1]))
    torch.testing.assert_close(together[:1], alone)


def test_the_same_configuration_gives_the_same_numbers_whatever_the_threads(threads):
    found = []
    for number in (1, threads):
        torch.set_num_threads(number)
        found.append(last(TINY).result)
    first, second = ([replace(point, seconds=0.0) for point in result.points] for result in found)
    assert first == second
    assert found[0].gradients == found[1].gradients


def test_a_seed_finds_the_same_in_whatever_company():
    two, three = (last(replace(TINY, seeds=seeds), ("gru", "attention")).result.points for seeds in (2, 3))
    for point, same in zip(two, three, strict=True):
        assert point.by_seed == pytest.approx(same.by_seed[:2], abs=0.05)


def test_progress_rises_to_one_and_the_result_grows(snapshot):
    seen = list(train(TINY))
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(1.0)
    sizes = [len(progress.result.points) for progress in seen]
    assert sizes == sorted(sizes) and sizes[-1] == 8
    assert numbers(seen[0].doing) == [1] and numbers(seen[-1].doing) == [3]
    assert list(dict.fromkeys(progress.doing for progress in seen)) == snapshot
    assert {(point.model, point.distance) for point in seen[-1].result.points} == {
        (m, d) for m in NAMES for d in (1, 3)
    }
    assert seen[-1].result.weights == {name: count(name, TINY) for name in NAMES}
    assert math.isfinite(seen[-1].loss)


def test_a_run_can_be_stopped_and_leaves_the_threads_as_they_were(threads):
    run = train(TINY)
    next(run)
    assert torch.get_num_threads() == threads
    run.close()
    assert torch.get_num_threads() == threads


def test_attention_learns_and_stops_early_and_an_untrained_network_guesses():
    config = Recall(distances=(8,), seeds=2, steps=200)
    (point,) = last(config, ("attention",)).result.points
    assert min(point.by_seed) >= 0.99
    assert point.low <= point.accuracy <= point.high <= 1
    assert point.steps < 200
    untrained = new_network("attention", config, generators(2, 8, "weights"))
    assert accuracy(untrained, config, 8).mean() < 0.25


def test_the_plain_network_learns_what_is_near():
    (point,) = last(Recall(distances=(1,), seeds=2, steps=200), ("rnn",)).result.points
    assert point.accuracy >= 0.99


@pytest.mark.parametrize("name", NAMES)
def test_gradient_norms_equal_the_jacobian(name):
    config = Recall(distances=(3,), seeds=2, symbols=3, embedding=4)
    network = new_network(name, config, generators(2, 3, "weights")).to(torch.float64)
    tokens = sequences(3, 4, 3, generators(2, 3, "test"))
    x = network.embed(tokens)
    jacobian = torch.autograd.functional.jacobian(network.answer, x)  # (s, B, K, s, B, n, D)
    squares = torch.einsum("sbksbnd->sbknd", jacobian).square().sum((2, 4))
    torch.testing.assert_close(gradient_norms(network, tokens), squares.mean(1).sqrt())


def test_before_training_the_gradient_vanishes_in_the_plain_network_and_not_in_attention():
    config = Recall(distances=(32,))
    tokens = sequences(32, 8, config.symbols, generators(5, 32, "gradients"))
    rows = {
        name: gradients(new_network(name, config, generators(5, 32, "weights")).to(torch.float64), tokens, "before")
        for name in ("rnn", "attention")
    }
    for found in rows.values():
        assert [row.back for row in found] == list(range(34))
        assert all(0 < row.low <= row.norm <= row.high for row in found)
    assert rows["rnn"][33].norm < 1e-6 * rows["rnn"][0].norm
    assert rows["attention"][33].norm > 1e-2 * rows["attention"][0].norm


def test_gradients_are_of_the_farthest_distance_before_and_after():
    found = last(TINY).result.gradients
    expected = [(m, when, back) for m in NAMES for when in ("before", "after") for back in range(5)]
    assert [(row.model, row.when, row.back) for row in found] == expected


def test_interval_by_hand():
    # 1, 2, 3: mean 2, s = 1, t(0.975, 2) = 4.303, so 2 ± 4.303 / √3.
    mean, low, high = interval(torch.tensor([1.0, 2.0, 3.0]))
    assert (mean, low, high) == pytest.approx((2.0, 2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5))
    assert interval(torch.full((5,), 0.5)) == (0.5, 0.5, 0.5)


def test_path_length():
    assert [path_length("lstm", d) for d in (1, 5)] == [1, 5]
    assert [path_length("attention", d) for d in (1, 5)] == [1, 1]


def test_in_sequence_takes_longer_than_in_parallel():
    rows = timings(lengths=(4, 256), repeats=10)
    took = {(row.model, row.n): row for row in rows}
    assert len(took) == 8
    assert all(row.microseconds_each == pytest.approx(1000 * row.milliseconds / row.n) for row in rows)
    assert all(took[name, 256].milliseconds > took["attention", 256].milliseconds for name in ("rnn", "gru", "lstm"))
    assert took["rnn", 256].milliseconds > 10 * took["rnn", 4].milliseconds


@pytest.mark.parametrize(
    "wrong",
    [
        {"distances": ()},
        {"distances": (2, 1)},
        {"distances": (1, 1)},
        {"distances": (0,)},
        {"distances": (513,)},
        {"seeds": 1},
        {"seeds": 11},
        {"steps": 0},
        {"steps": 5001},
        {"batch": 0},
        {"symbols": 1},
        {"embedding": 0},
        {"heads": 0},
        {"width": 0},
        {"rate": 2.0},
        {"rate": math.nan},
        {"tested": 0},
    ],
)
def test_configurations_out_of_range_are_refused_in_a_sentence(wrong):
    with pytest.raises(UserError) as refused:
        Recall(**wrong)
    assert re.fullmatch(r"[A-Z].+\.", str(refused.value))


def test_guessing_is_right_once_in_the_size_of_the_alphabet():
    assert DEFAULT.chance == 1 / 8 and DEFAULT.farthest == 32
