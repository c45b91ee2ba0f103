"""Whatever of the cache was cut or changed is made again or refused with a sentence: it is never believed."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import squareform

from dashboard import files
from dashboard.analyses.ablation import results as effects
from dashboard.analyses.profile.chunk import Chunk
from dashboard.analyses.profile.chunk_store import Store
from dashboard.analyses.profile.collect import write
from dashboard.analyses.profile.library import SHIPPED, read_profile
from dashboard.analyses.similarity import map_job
from dashboard.charts.drawing import VEGALITE
from dashboard.errors import UserError
from dashboard.export import webpage
from dashboard.export.typography import shipped_fonts, system_fonts
from dashboard.export.typography.shipped_fonts import SANS
from dashboard.export.typography.shipped_fonts import SHIPPED as FONTS
from dashboard.export.typography.shipped_fonts import shipped_file as font_file
from dashboard.jobs.job import find, jobs
from dashboard.jobs.record import JOB, read
from dashboard.jobs.results import pack
from dashboard.jobs.work import EARLIER, load
from dashboard.models import find as find_model
from dashboard.text import LeftOut
from tests.helpers.damaged import damaged

TIMES = 40  # for each file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache of this test's own."""
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    return tmp_path


def test_a_cached_file_or_its_seal_that_changed_is_made_again(folder):
    made = []

    def make():
        made.append(1)
        return b"what takes seconds to make"

    assert files.cached("a.js", make) == files.cached("a.js", make) == b"what takes seconds to make" and len(made) == 1
    for name in ("a.js", "a.js.sha256"):
        file = folder / "export" / name
        right = file.read_bytes()
        for k, wrong in enumerate(damaged(right), len(made) + 1):
            file.write_bytes(wrong)
            assert files.cached("a.js", make) == b"what takes seconds to make" and len(made) == k
            assert file.read_bytes() == right
    (folder / "export" / "a.js.sha256").unlink()
    assert files.cached("a.js", make) and files.cached("a.js", make) and len(made) == k + 1


def test_a_pipe_or_a_folder_in_its_place_is_not_waited_for(folder):
    (folder / "export").mkdir()
    os.mkfifo(folder / "export" / "b.js") if hasattr(os, "mkfifo") else (folder / "export" / "b.js").mkdir()
    assert files.cached("b.js", lambda: b"made") == b"made"
    (folder / "export" / "c.js" / "d").mkdir(parents=True)
    assert files.cached("c.js", lambda: b"made") == b"made"


def test_a_page_never_takes_half_a_script(folder):
    webpage.library.cache_clear()
    whole = webpage.library(VEGALITE)
    [script] = (folder / "export").glob("vega-*.js")
    for wrong in (whole.encode()[:1_000], b"", whole.encode().replace(b"vegaEmbed", b"vegaembed", 1)):
        script.write_bytes(wrong)
        webpage.library.cache_clear()
        assert webpage.library(VEGALITE) == whole


def test_a_font_that_changed_is_unpacked_again(folder):
    """In the process that used it and in the next one."""
    there = font_file(SANS, 400)
    assert folder in there.parents
    right = {font: (there.parent / font).read_bytes() for font in map(shipped_fonts._file_name, FONTS)}
    for name, data in right.items():
        for wrong in list(damaged(data, times=2)):
            (there.parent / name).write_bytes(wrong)
            assert font_file(SANS, 400).parent == there.parent and (there.parent / name).read_bytes() == data
    (there.parent / name).unlink()
    assert font_file(SANS, 400).is_file() and (there.parent / name).read_bytes() == data
    (there.parent / name).write_bytes(data[: len(data) // 2])
    code = (
        "from dashboard.export.typography.shipped_fonts import *; register(); print(bool(shipped_characters(SANS)) + 0)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stdout.strip() == "1" and (there.parent / name).read_bytes() == data


def test_the_list_of_fonts_is_read_again(folder, monkeypatch):
    face = system_fonts.Face("Noto Sans", 400, "x.ttf", 0, False, "20-7e")
    monkeypatch.setattr(system_fonts, "_read", lambda file: [face])
    (folder / "fonts").mkdir()
    (folder / "fonts" / "x.ttf").write_bytes(b"")
    monkeypatch.setattr(system_fonts, "_font_folders", lambda: [folder / "fonts"])
    assert system_fonts._from_folders() == [face]
    [file] = (folder / "export").glob("system-fonts-*.json")
    for wrong in damaged(file.read_bytes()):
        file.write_bytes(wrong)
        assert system_fonts._from_folders() == [face]


def same_or_refused(read, right) -> int:
    """How often it was refused, one time or none; else it is what was written."""
    try:
        found = read()
    except UserError as sentence:
        assert str(sentence).endswith(".")
        return 1
    if found is None:
        return 1
    right(found)
    return 0


def test_a_profile_that_changed_is_refused(tmp_path):
    shipped = read_profile(SHIPPED / "minilm-en_ewt-ud-dev")
    for format in ("parquet", "csv"):
        out = tmp_path / format
        out.mkdir()
        about = {**shipped.about, "format": format}
        write(type(shipped)(**{**vars(shipped), "about": about}), out, format)
        expected = read_profile(out)

        def same(found, expected=expected):
            assert {**found.about, "seconds": 0} == {**expected.about, "seconds": 0}
            for name in ("heads", "dependencies", "best", "moments"):
                pd.testing.assert_frame_equal(getattr(found, name), getattr(expected, name))

        same(expected)
        for file in out.iterdir():
            right = file.read_bytes()
            times = 4 if file.name != "profile.json" else TIMES
            wrong = list(damaged(right, times=times))
            refused = 0
            for one in wrong:
                file.write_bytes(one)
                refused += same_or_refused(lambda out=out: read_profile(out), same)
            assert refused > 0.6 * len(wrong) if file.name == "profile.json" else refused == len(wrong), file
            file.write_bytes(right)


def test_a_map_that_changed_is_refused(tmp_path):
    """NPZ has a check sum of each array."""
    distances = np.random.default_rng(0).random(72 * 71 // 2).astype(np.float32)
    request = map_job.Request("minilm", "sha256:0", 6, 12, True)
    about = {name: name for name in ("corpus", "model", "name", "revision")}
    about |= {"of": request.key(), "sentences": 300, "left_out": 0, "rows": 9, "reading": {"clusters": 4, "bos": True}}
    file = tmp_path / "map.npz"
    file.write_bytes(pack(about, distances=distances))

    def same(found):
        assert np.array_equal(squareform(found.distances), distances) and found.sentences == 300

    same(map_job.MEASUREMENT.read(file, request))
    for wrong in damaged(file.read_bytes(), times=150):
        file.write_bytes(wrong)
        same_or_refused(lambda: map_job.MEASUREMENT.read(file, request), same)


def test_measured_effects_that_changed_are_refused(tmp_path):
    measurement = effects.MEASUREMENT
    request = effects.Request("minilm", find_model("minilm").revision, 6, 12, True)
    shipped = measurement.find(request)
    request = replace(request, revision="sha256:0")
    file = measurement.keep(shipped, request, tmp_path / "effects.parquet")
    expected = measurement.read(file, request)
    assert expected.provenance.options["of"] == request.key() and effects.SEAL not in expected.provenance.options

    def same(found):
        pd.testing.assert_frame_equal(found.table, expected.table)
        assert found.provenance == expected.provenance

    for wrong in damaged(file.read_bytes(), times=150):
        file.write_bytes(wrong)
        same_or_refused(lambda: measurement.read(file, request), same)


def test_chunks_that_changed_are_none(tmp_path):
    data = Chunk((), ()).to_bytes("seal")
    assert Chunk.from_bytes(data, "seal") is not None
    assert not [wrong for wrong in damaged(data, times=200) if Chunk.from_bytes(wrong, "seal") is not None]


def test_parsed_sentences_that_changed_are_parsed_again(tmp_path):
    sentences = [LeftOut(k, k, f"no reason {k}") for k in range(20)]
    read = []
    with Store(tmp_path, {"of": 1}) as store:

        def parse():
            read.append(1)
            return iter(sentences)

        assert list(store.read_once(parse)()) == sentences
        file = store.folder / "sentences.jsonl"
        right = file.read_bytes()
        for k, wrong in enumerate(damaged(right, times=60), 2):
            file.write_bytes(wrong)
            assert list(store.read_once(parse)()) == sentences and len(read) == k and file.read_bytes() == right
        assert json.loads(right.splitlines()[0])


def test_what_a_job_says_of_itself_is_read_or_it_is_none(tmp_path):
    asked = {
        "model": "minilm",
        "path": "/x.conllu",
        "limit": None,
        "work": "dashboard.analyses.profile.job",
        "workers": 1,
    }
    told = {"asked": asked, "pid": 1, "beat": 1.0, "fraction": 0.5, "sentence": "512 of 1,280", "state": "going"}
    out = tmp_path / "mine"
    out.mkdir()
    (out / JOB).write_text(json.dumps(told))
    assert read(out) == told | {"owner": ""}
    right = (out / JOB).read_bytes()
    for wrong in damaged(right, times=300):
        (out / JOB).write_bytes(wrong)
        found = read(out)
        assert found is None or 0 <= found["fraction"] <= 1
        for job in jobs(tmp_path):
            assert job.progress.state in ("going", "done", "failed", "stopped") and find(out) == job


def test_a_job_of_an_earlier_version_is_done_by_the_module_that_does_it_now(tmp_path):
    told = {"pid": 1, "beat": 1.0, "fraction": 0.5, "sentence": "Half", "state": "stopped"}
    asked = {"model": "minilm", "path": "/x.conllu", "limit": None, "bos": True}
    for earlier in (None, *EARLIER):
        (tmp_path / JOB).write_text(json.dumps(told | {"asked": asked | ({"work": earlier} if earlier else {})}))
        job = find(tmp_path)
        assert load(job.work).make and job.work != earlier
        assert dict(job.how) == {"bos": True}
        assert job.resumes == (earlier in (None, "dashboard.corpus.jobwork"))
