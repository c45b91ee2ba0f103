"""Measurements over our own sentences: found where they lie, each in a place of its own, and named by jobs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from dashboard.errors import UserError
from dashboard.jobs import job, measurement
from dashboard.jobs.job import find
from dashboard.jobs.measurement import Measurement, NotOurs
from dashboard.jobs.record import JOB
from dashboard.jobs.results import AllHeads
from dashboard.jobs.work import EARLIER, WORK, load, resumes
from tools.server import ROOT

DEFINED = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for file in sorted((ROOT / "dashboard" / "analyses").glob("*/*.py"))
    if "\nMEASUREMENT = " in file.read_text(encoding="utf-8")
]


@dataclass(frozen=True)
class Letters(AllHeads):
    """A request with a choice of its own."""

    of_what: str = "a"

    @property
    def options(self):
        return super().options | {"of_what": self.of_what}


def decode(data: bytes, request: Letters) -> int | None:
    told = json.loads(data)
    if told["found"] < 0:
        raise NotOurs("is less than nothing")
    return told["found"] if told["of"] == request.key() else None


@pytest.fixture
def letters(tmp_path, monkeypatch) -> Measurement[Letters, int]:
    monkeypatch.setattr(measurement, "cache_dir", lambda: tmp_path / "cache")
    return Measurement(
        module="dashboard.analyses.letters.count",
        place="letters",
        file="letters.json",
        shipped=tmp_path / "shipped",
        request=Letters.of,
        compute=lambda model, request, progress: len(model.title),
        encode=lambda found, request: json.dumps({"of": request.key(), "found": found}).encode(),
        decode=decode,
        act="Count the letters",
        noun="The number",
    )


REQUEST = Letters("mine/model", "sha256:0", 2, 3, True, sha256="s")


def test_every_measurement_is_named_by_its_module_and_lies_in_a_place_of_its_own():
    found = [load(module) for module in DEFINED]
    assert {"dashboard.analyses.ablation.results", "dashboard.analyses.profile.job"} <= set(DEFINED)
    assert {*EARLIER.values()} <= {*DEFINED}
    over_corpus = [one for one in found if isinstance(one, Measurement)]
    assert [one.module for one in over_corpus] == [
        module for module in DEFINED if isinstance(load(module), Measurement)
    ]
    assert len({(one.place, one.file) for one in over_corpus}) == len(over_corpus) >= 3
    for one in over_corpus:
        assert one.shipped == (ROOT.joinpath(*one.module.split(".")[:-1]) / "shipped")


def test_what_ships_goes_before_what_was_measured_here(letters):
    assert letters.find(REQUEST) is None
    own = letters.keep(7, REQUEST)
    assert own == letters.files(REQUEST)[1] and own.name == "letters.json" and own.parent.name.startswith("model-")
    assert letters.find(REQUEST) == 7
    other = Letters("mine/model", "sha256:0", 2, 3, True, "b", sha256="s")
    assert letters.folder(other) != letters.folder(REQUEST) and letters.find(other) is None
    assert letters.keep(8, REQUEST, letters.shipped_file(REQUEST)).name == "mine-model.json"
    assert letters.find(REQUEST) == 8 and letters.find(other) is None


def test_a_broken_file_is_told_where_no_other_fits(letters, refuses):
    own = letters.keep(7, REQUEST)
    shipped = letters.keep(8, REQUEST, letters.shipped_file(REQUEST))
    shipped.write_bytes(b"{")
    assert letters.find(REQUEST) == 7
    own.write_bytes(b'{"found": -1}')
    with refuses(UserError, f"“{own}”"):
        letters.find(REQUEST)
    own.unlink()
    with refuses(UserError):
        letters.find(REQUEST)


def test_its_job_is_told_what_asks_the_same_again(letters, monkeypatch, tmp_path):
    """And keeps what it finds in its own folder."""
    told = {}
    monkeypatch.setattr(job, "start", lambda model, path, out, **how: told.update(how, model=model, path=path, out=out))
    letters.begin(REQUEST)
    assert told.pop("out") == letters.folder(REQUEST)
    assert told.pop("path").is_file()
    assert told == {"model": "mine/model", "work": letters.module, "bos": True, "of_what": "a"}

    class Opened:
        given = None
        title, source, layers, heads, causal = "four", None, 2, 3, False

    monkeypatch.setattr(measurement, "open_model", lambda name: Opened())
    monkeypatch.setattr("dashboard.jobs.results.known_as", lambda source: ("mine/model", "sha256:0"))
    steps = []
    letters.make(tmp_path / "out", told | {"path": "x", "limit": None}, lambda *step: steps.append(step))
    assert steps == [(0.0, "Opening the model")] and (tmp_path / "out" / "letters.json").is_file()


@pytest.mark.parametrize(
    "work", ["os", "dashboard.streamlit_app", "dashboard.analyses.toy.api.__init__", "dashboard.analyses/toy.api", ""]
)
def test_nothing_but_a_module_of_an_analysis_is_ever_imported(work, tmp_path, monkeypatch, refuses_alike):
    monkeypatch.setattr("dashboard.jobs.work.import_module", lambda name: pytest.fail(name))
    assert not WORK.fullmatch(work)
    with refuses_alike(UserError):
        load(work)
    asked = {"model": "minilm", "path": "x", "limit": None, "work": work}
    told = {"asked": asked, "pid": 1, "beat": 1.0, "fraction": 0.5, "sentence": "Half", "state": "stopped"}
    (tmp_path / JOB).write_text(json.dumps(told))
    assert find(tmp_path) is None


@pytest.mark.parametrize("work", ["dashboard.analyses.later.measure", "dashboard.analyses.toy.api"])
def test_work_of_a_later_version_is_shown_and_not_done(work, tmp_path, refuses_alike):
    asked = {"model": "minilm", "path": "x", "limit": None, "work": work}
    told = {"asked": asked, "pid": None, "beat": 1.0, "fraction": 0.5, "sentence": "Half", "state": "going"}
    (tmp_path / JOB).write_text(json.dumps(told))
    there = find(tmp_path)
    assert not there.resumes and there.progress.sentence == "It was stopped."
    with refuses_alike(UserError):
        load(work)


def test_a_library_that_lacks_is_told_by_its_name(monkeypatch, refuses):
    def lacks(name):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("dashboard.jobs.work.import_module", lacks)
    with pytest.raises(ModuleNotFoundError, match="torch"):
        load(DEFINED[0])
    assert not resumes(DEFINED[0])
