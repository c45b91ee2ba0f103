"""Every detector of the dashboard finds the heads whose job is known, and its intervals hold the true value.

A small run of `make bench truth`, with the same bars.
"""

import pytest

from bench.truth.detectors import BAR, BAR_FROM, DETECTORS, found
from bench.truth.intervals import LEAST, MOST, of_accuracy
from bench.truth.measure import measured

SEEDS = {"tokens": 2, "both_ways": 2, "partners": 1, "induction": 2, "aligner": 2, "parse": 1, "causal_parse": 1}
FIRST = 100  # other models than those of the page


@pytest.fixture(scope="module")
def tables():
    return [measured(kind, FIRST + seed, BAR_FROM) for kind, seeds in SEEDS.items() for seed in range(seeds)]


@pytest.mark.parametrize("detector", DETECTORS, ids=[detector.title for detector in DETECTORS])
def test_it_finds_the_heads_with_the_job(detector, tables):
    one = found(detector, tables)
    assert one.auroc >= BAR and one.heads and one.others
    assert not one.alarms > 0.05  # NaN where it names none
    assert not one.hits_q < 0.5  # few marked pairs need not be beyond luck


def test_a_wrong_truth_is_noticed(tables):
    """The same heads under one another's jobs: a detector that ranks by attention does not reach the bar."""
    turned = {"previous": "self", "self": "first", "first": "same_token", "same_token": "previous"}
    wrong = [
        table.assign(jobs=[frozenset(turned.get(job, job) for job in jobs) for jobs in table["jobs"]])
        for table in tables
    ]
    for detector in (one for one in DETECTORS if one.title in ("Self", "Previous token")):
        assert found(detector, wrong).auroc < 0.9


def test_intervals_of_accuracy_hold_the_true_value():
    both = of_accuracy(pool=250, repetitions=200, each=40)
    assert len(both) == 2
    for one in both:
        assert LEAST <= one.share <= MOST, one
