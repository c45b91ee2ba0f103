"""A profile as the work of a job: where its corpus is read."""

from dashboard.analyses.profile.features import MOST_RELATIONS, CorpusCounts, FeatureSpace
from dashboard.analyses.profile.job import MEASUREMENT
from dashboard.errors import UserError
from dashboard.serving import VARIABLE, Rules, environment
from dashboard.serving.rules import Jobs


def test_a_server_with_a_cluster_reads_corpora_there_and_others_here(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("dashboard.capture.open_model", lambda name: name)
    monkeypatch.setattr("dashboard.analyses.profile.run.profile", lambda *_, **how: told.append(how["scheduler"]))
    asked = {"model": "minilm", "path": str(tmp_path / "a.conllu"), "limit": None}
    MEASUREMENT.make(tmp_path / "out", asked, lambda *_: None)
    for scheduler in ("", "tcp://node1:8786"):
        monkeypatch.setenv(VARIABLE, environment(Rules(jobs=Jobs(scheduler=scheduler)))[VARIABLE])
        MEASUREMENT.make(tmp_path / "out", asked, lambda *_: None)
    assert told == [None, None, "tcp://node1:8786"]


def test_a_corpus_of_too_many_relations_is_refused_before_it_takes_the_memory(refuses):
    counts = CorpusCounts(relations={f"r{k}" for k in range(MOST_RELATIONS)})
    assert len(FeatureSpace.of(counts).relations) == MOST_RELATIONS
    counts.relations.add("one more")
    with refuses(UserError, "201 relations"):
        FeatureSpace.of(counts)
