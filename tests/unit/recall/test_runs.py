"""Runs in the background: shared, stopped by the last who watches, kept. And a whole small run, for real."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import asdict, replace

import pytest
import torch

from dashboard.analyses.recall import api as recall
from dashboard.analyses.recall import experiment as studies
from dashboard.analyses.recall import job
from dashboard.analyses.recall.experiment import RecallRun
from dashboard.analyses.recall.task import DEFAULT, LONGER, NAMES, SHORTER, Recall
from dashboard.analyses.toy.api import draw_sharpness, draw_toy, toy_example
from dashboard.errors import UserError
from dashboard.export import file_stem, snippet
from dashboard.ui.pages.recall_runs import MOST_RUNS, Runs
from dashboard.ui.toy_recall_urls import RUNS, bounded, recall_from_address, recall_to_address
from dashboard.ui.url_state import Choices, from_address, to_address
from tests.helpers.clock import cpu_seconds

TINY = Recall(distances=(1, 2), seeds=2, steps=20, tested=20)


@pytest.fixture(scope="module")
def tiny() -> RecallRun:
    return recall.recall(TINY)


class Work:
    """Stands for the training: goes on when it is told to, and counts how often it was begun."""

    def __init__(self, whole: RecallRun, fail: bool = False):
        self.whole, self.fail, self.begun, self.go = whole, fail, 0, threading.Event()

    def __call__(self, config: Recall):
        self.begun += 1
        config = replace(self.whole.result, config=config)
        part = replace(self.whole, fraction=0.5, result=replace(config, points=config.points[:1]))
        yield part
        while not self.go.is_set():
            time.sleep(0.005)
            yield part
        if self.fail:
            raise MemoryError
        yield replace(self.whole, result=replace(config, points=self.whole.result.points))


def wait(run, seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while run.going and time.monotonic() < until:
        time.sleep(0.005)
    assert not run.going


def until_first(run) -> None:
    for _ in range(1000):
        if run.latest is not None:
            return
        time.sleep(0.005)


def test_two_who_ask_for_the_same_watch_one_run_and_it_is_kept(tiny):
    work = Work(tiny)
    runs = Runs(work)
    first, second = runs.begin(TINY, "anna"), runs.begin(TINY, "ben")
    assert first is second and runs.complete(TINY) is None
    work.go.set()
    wait(first)
    assert runs.complete(TINY).complete
    assert runs.begin(TINY, "cleo") is first and work.begun == 1


def test_one_who_stops_takes_what_was_found_and_does_not_stop_the_other(tiny):
    work = Work(tiny)
    runs = Runs(work)
    run = runs.begin(TINY, "anna")
    runs.begin(TINY, "ben")
    until_first(run)
    taken = runs.leave(TINY, "anna")
    assert len(taken.result.points) == 1 and run.going
    runs.leave(TINY, "ben")
    wait(run)
    assert runs.complete(TINY) is None
    again = runs.begin(TINY, "anna")
    assert again is not run and work.begun == 2
    work.go.set()
    wait(again)
    assert runs.complete(TINY) is not None


def test_different_runs_go_beside_each_other(tiny):
    work = Work(tiny)
    runs = Runs(work)
    other = replace(TINY, seeds=3)
    a, b = runs.begin(TINY, "anna"), runs.begin(other, "ben")
    until_first(a), until_first(b)
    assert a.going and b.going
    assert a.latest.result.config == TINY and b.latest.result.config == other
    work.go.set()
    wait(a), wait(b)


def test_a_run_that_breaks_off_says_so_and_can_be_begun_again(tiny):
    work = Work(tiny, fail=True)
    runs = Runs(work)
    run = runs.begin(TINY, "anna")
    work.go.set()
    wait(run)
    assert isinstance(run.failed, MemoryError) and runs.complete(TINY) is None
    work.fail = False
    again = runs.begin(TINY, "anna")
    wait(again)
    assert again.failed is None and runs.complete(TINY)


def test_old_runs_are_forgotten(tiny):
    work = Work(tiny)
    work.go.set()
    runs = Runs(work)
    for steps in range(1, MOST_RUNS + 6):
        wait(runs.begin(replace(TINY, steps=steps), "anna"))
    assert len(runs._runs) <= MOST_RUNS + 1
    assert runs.leave(replace(TINY, steps=1), "anna") is None


def test_two_real_runs_at_once_find_what_each_finds_alone_and_leave_the_threads(tiny, threads):
    runs = Runs()
    other = replace(TINY, distances=(1, 3))
    both = [runs.begin(TINY, "anna"), runs.begin(other, "ben")]
    for run in both:
        wait(run, 60)
        assert run.failed is None
    assert torch.get_num_threads() == threads
    shares = [[point.by_seed for point in run.latest.result.points] for run in both]
    assert shares[0] == [point.by_seed for point in tiny.result.points]
    assert shares[1] == [point.by_seed for point in recall.recall(other).result.points]


def test_a_study_times_and_trains(tiny):
    assert tiny.complete and tiny.fraction == pytest.approx(1)
    assert {(row.model, row.n) for row in tiny.timings} == {(m, n) for m in NAMES for n in studies.TIMED}
    fractions = [study.fraction for study in studies.run(replace(TINY, distances=(1,)))]
    assert fractions == sorted(fractions) and fractions[0] == 0


def test_the_estimate_is_of_the_right_size(monkeypatch, threads):
    """Both by the time of the processor, so that a busy machine does not tell."""
    config = Recall(distances=(2, 8), seeds=2, steps=60, tested=10, symbols=30)  # too hard to be done early
    with monkeypatch.context() as patched:
        patched.setattr(studies.time, "perf_counter", time.process_time)
        estimate = max(studies.estimate(config) for _ in range(3))
    took = cpu_seconds(lambda: recall.recall(config), times=2)
    assert 0.1 < estimate / took < 6
    assert torch.get_num_threads() == threads  # one while it measures, then as before


@pytest.mark.parametrize("config", [*RUNS.values(), TINY, replace(LONGER, seeds=3), replace(DEFAULT, symbols=20)])
def test_a_link_brings_back_the_same_run(config):
    config = replace(config, tested=DEFAULT.tested)
    assert recall_from_address(recall_to_address(config)) == (config, [])
    assert from_address(to_address(Choices(recall=config)), ()) == (Choices(recall=config), [])


def test_what_is_usual_stays_out_of_the_address():
    assert recall_to_address(DEFAULT) == {} and recall_to_address(SHORTER) == {"recall": "shorter"}
    assert recall_to_address(replace(LONGER, seeds=3)) == {"recall": "longer", "recall_seeds": "3"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"recall": "forever"},
        {"recall_seeds": "1"},
        {"recall_seeds": "x"},
        {"recall_distances": ""},
        {"recall_distances": "4,1"},
        {"recall_distances": "9999"},
        {"recall_steps": "-3"},
        {"recall_symbols": "1"},
        {"recall_distances": "500,510,511,512", "recall_steps": "5000", "recall_seeds": "10"},
    ],
)
def test_a_wrong_link_is_told_and_the_usual_run_is_offered(wrong):
    config, notices = recall_from_address(wrong)
    assert config == DEFAULT and len(notices) == 1 and re.fullmatch(r"[A-Z].+\.", notices[0])


def test_a_run_of_many_minutes_is_refused(refuses):
    assert bounded(LONGER) is LONGER
    with refuses(UserError):
        bounded(replace(LONGER, steps=5000, seeds=10))


@pytest.mark.parametrize("picture", ["accuracy", "paths", "task"])
def test_the_lines_beside_a_picture_make_it_again(tiny, tmp_path, monkeypatch, picture):
    chart = recall.draw_recall(tiny, picture, width=480)
    code = snippet(chart.provenance).replace("symbols=8)", "symbols=8, tested=20)")
    monkeypatch.chdir(tmp_path)
    made: dict = {}
    exec(code, made)
    assert (tmp_path / f"recall-{picture}.svg").read_text().startswith("<svg")
    assert made["thing"].to_dict() == chart.to_dict()


@pytest.mark.parametrize(("picture", "options"), [("all", {}), ("joined", {"head": 1}), ("plane", {"axes": (2, 3)})])
def test_the_lines_beside_the_toy_make_it_again(tmp_path, monkeypatch, picture, options):
    toy = toy_example("heads", ["a'b", '"', "\\", "東"]).with_table("w_v", [[0.1] * 4] * 4)
    chart = draw_toy(toy, picture, word=2, theme="dark", width=700, **options)
    monkeypatch.chdir(tmp_path)
    made: dict = {}
    exec(snippet(chart.provenance), made)
    assert made["thing"].to_dict() == chart.to_dict()
    assert file_stem(chart.provenance) == f"toy-{picture}" and (tmp_path / f"toy-{picture}.svg").exists()


def test_the_lines_beside_the_entropy_make_it_again(tmp_path, monkeypatch):
    chart = draw_sharpness(theme="dark", width=500)
    monkeypatch.chdir(tmp_path)
    made: dict = {}
    exec(snippet(chart.provenance), made)
    assert made["thing"].to_dict() == chart.to_dict()


@pytest.mark.parametrize(
    ("ask", "named"),
    [
        (lambda study: recall.draw_recall(study, "colours"), "“colours”"),
        (lambda study: draw_toy(toy_example(), "colours"), "“colours”"),
        (lambda study: draw_toy(toy_example(), "joined"), ""),
        (lambda study: recall.recall(colour=1), "“colour”"),
    ],
)
def test_what_does_not_exist_is_told_in_a_sentence(tiny, ask, named, refuses):
    with refuses(UserError, named):
        ask(tiny)


def test_a_study_written_as_json_is_the_same_study():
    *_, study = studies.run(TINY)
    assert study.complete and study.result.gradients and study.timings
    assert job.run_of(json.loads(json.dumps(asdict(study)))) == study
