"""The run that comes with the package."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dashboard.analyses.recall.experiment import run
from dashboard.analyses.recall.finished import FILE, Finished, differing, finished_run, keep
from dashboard.analyses.recall.task import DEFAULT, NAMES, SHORTER, Recall
from dashboard.analyses.recall.text import claim, differs_in, measured_when
from dashboard.errors import UserError
from tests.helpers.sentences import numbers, plain


def near():
    """The usual run at its nearest distance, trained here; it is not asked for more."""
    return next(study for study in run(DEFAULT) if len(study.result.points) == len(NAMES))


def test_it_is_a_whole_run_of_the_usual_settings_with_its_origin():
    finished = finished_run()
    assert finished.study.complete and finished.study.result.config == DEFAULT
    assert {(point.model, point.distance) for point in finished.study.result.points} == {
        (model, distance) for model in NAMES for distance in DEFAULT.distances
    }
    assert set(finished.versions) == {"python", "torch", "numpy"} and len(finished.when.split("-")) == 3
    assert FILE.stat().st_size < 60_000


def test_training_again_gives_what_it_holds():
    held = {point.model: point for point in finished_run().study.result.points if point.distance == 1}
    again = near()
    for point in again.result.points:
        assert point.accuracy == pytest.approx(held[point.model].accuracy, abs=0.01)
        assert point.steps == pytest.approx(held[point.model].steps, abs=10)  # rounding differs between processors
    assert again.result.weights == finished_run().study.result.weights


def test_what_is_kept_is_read_again_as_it_was_and_a_broken_file_is_none(tmp_path):
    study = finished_run().study
    file = keep(Finished(study, "2026-01-02", {"torch": "1"}, 3), tmp_path / "kept.json")
    again = finished_run.__wrapped__(file)
    assert again.study == study and (again.when, again.cores, dict(again.versions)) == ("2026-01-02", 3, {"torch": "1"})
    held = json.loads(file.read_text())
    del held["study"]["result"]["points"][0]["low"]
    file.write_text(json.dumps(held))
    assert finished_run.__wrapped__(file) is None and finished_run.__wrapped__(tmp_path / "none.json") is None


def test_a_run_that_was_stopped_is_not_kept(tmp_path):
    study = finished_run().study
    stopped = replace(study, result=replace(study.result, points=study.result.points[:2]))
    with pytest.raises(UserError, match="stopped before its end"):
        keep(Finished(stopped, "", {}, 1), tmp_path / "kept.json")
    assert not list(tmp_path.iterdir())


def test_settings_that_differ_are_named():
    assert differing(DEFAULT) == {}
    assert differing(SHORTER) == {"distances": ((1, 2, 4, 8, 16, 32), (1, 4, 16)), "seeds": (5, 3), "steps": (300, 200)}
    told = differs_in(differing(Recall(symbols=4)))
    assert "symbols 8 → 4" in told and "seeds" not in told


def test_the_claim_names_the_best_recurrent_network_with_its_figures():
    result = finished_run().study.result
    far = {point.model: round(100 * point.accuracy) for point in result.points if point.distance == 32}
    best = max(("rnn", "gru", "lstm"), key=far.get)
    said = plain(claim(result))
    assert numbers(said) == [32, far["attention"], far[best], 12.5]
    assert far["attention"] > 95 and far[best] < 20 and {"rnn": "plain RNN"}.get(best, best.upper()) in said


def test_where_it_is_from_is_said():
    said = plain(measured_when(finished_run()))
    assert finished_run().when in said and f"torch {finished_run().versions['torch']}" in said and "5 seeds" in said
