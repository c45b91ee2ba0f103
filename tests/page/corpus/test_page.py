"""“Corpora” run from the entry, without a browser."""

import io
import os
import sys
import time
import zipfile
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.analyses.profile.api import draw_two_corpora
from dashboard.analyses.profile.library import SHIPPED, compare_profiles, place_for, profile_library, read_profile
from dashboard.analyses.profile.text import same_roles
from dashboard.errors import UserError
from dashboard.jobs.record import write
from dashboard.text.parse import PARSER
from dashboard.ui.pages import corpus
from dashboard.ui.pages.corpus import zipped
from tests.helpers.pages import ENTRY, notices, opened
from tests.helpers.pages import read as said
from tests.helpers.sentences import numbers, wording
from tests.helpers.shipped import profile


@pytest.fixture
def app(tmp_path, monkeypatch) -> AppTest:
    monkeypatch.setattr(sys.modules[place_for.__module__], "_own", lambda: tmp_path)
    app = AppTest.from_file(ENTRY, default_timeout=120).run()
    return app.switch_page("../pages/corpus.py").run()


def ask(app: AppTest, name: str) -> AppTest:
    next(box for box in app.text_input if box.label == "Name of the profile").set_value(name)
    return next(button for button in app.button if button.label == "Start the profile").click().run()


def test_what_ships_is_listed(app):
    assert not app.exception and not app.error
    shown = said(app)
    assert "minilm-en_ewt-ud-dev" in shown and f"{profile().about['sentences']['used']:,} sentences" in shown


def test_which_two_profiles_are_compared_and_by_what_is_in_the_address():
    pair = "smollm2-en_ewt-ud-dev and smollm2-sentences-built-in"
    app = opened("corpus", corpora=pair, corpora_by="syntax")
    boxes = {box.label: box for box in app.selectbox}
    assert not app.exception and boxes["Two profiles of one model"].value == pair and boxes["Figure"].value == "syntax"
    boxes["Figure"].select("position").run()
    assert dict(app.query_params) == {"corpora": pair, "corpora_by": "position"}
    app = opened("corpus", corpora="mine and yours")
    assert not app.exception and "not both of these profiles are here" in said(app)
    assert "corpora_by" not in opened("corpus").query_params


@pytest.mark.parametrize("name", ["../../etc", "", "minilm-en_ewt-ud-dev", "nul"], ids=["path", "none", "ours", "nul"])
def test_a_name_that_cannot_be_is_told(app, name, snapshot):
    before = notices(app)
    ask(app, name)
    [told] = [one for one in notices(app) if one not in before]
    assert not app.exception and told.startswith("error: ") and told == snapshot


def test_a_name_that_is_taken_is_told(app, tmp_path, snapshot):
    (tmp_path / "Mine").mkdir()
    (tmp_path / "Mine" / "profile.json").write_text("{}")
    ask(app, "Mine")
    assert not app.exception and [one for one in notices(app) if one.startswith("error")] == snapshot


def test_a_second_press_is_told_that_the_work_goes_on(app, tmp_path, snapshot):
    (tmp_path / "Mine").mkdir()
    asked = {"model": "minilm", "path": "builtin.conllu", "limit": 20}
    told = {"asked": asked, "pid": os.getpid(), "beat": time.time(), "fraction": 0.1, "sentence": "Reading"}
    write(tmp_path / "Mine", told | {"state": "going"})
    ask(app.run(), "Mine")
    assert not app.exception and [one for one in notices(app) if "“Mine”" in one] == snapshot
    assert str(tmp_path) not in said(app)


def test_without_a_file_it_says_so(app, snapshot):
    app.segmented_control(key="corpus_source").set_value("Your own file").run()
    before = notices(app)
    ask(app, "Mine")
    assert not app.exception and [one for one in notices(app) if one not in before] == snapshot


def test_all_tables_are_in_the_zip():
    kept = next(kept for kept in profile_library() if kept.shipped)
    with zipfile.ZipFile(io.BytesIO(zipped(kept))) as archive:
        wanted = {
            f"{name}.{ending}"
            for name in ("heads", "dependencies", "relations", "moments")
            for ending in ("csv", "xlsx", "parquet")
        }
        assert set(archive.namelist()) == wanted | {"profile.json"}
        assert archive.read("heads.csv").count(b"\n") == 1 + len(profile().heads)


def test_a_profile_beside_itself_is_the_same_and_beside_another_not(snapshot):
    this = read_profile(SHIPPED / "minilm-en_ewt-ud-dev")
    other = type(this)(
        this.heads.assign(role=["context" if role == "syntax" else role for role in this.heads["role"]]),
        this.dependencies,
        this.best,
        this.moments,
        None,
        this.about,
    )
    moved, whole = int((this.heads["role"] == "syntax").sum()), len(this.heads)
    assert 0 < moved < whole
    assert numbers(same_roles(compare_profiles(this, this)))[:2] == [whole, whole]
    assert numbers(same_roles(compare_profiles(this, other)))[:2] == [whole - moved, whole]
    assert wording(same_roles(compare_profiles(this, other))) == snapshot
    spec = draw_two_corpora(this, other, "syntax", names=("a", "b")).to_dict()
    same, changed = (layer["data"]["values"] for layer in spec["layer"][1:3])
    assert len(same) == whole - moved and len(changed) == moved and all(row["x"] == row["y"] for row in same + changed)
    assert {row["role"] for row in changed} == {"syntax"}


def test_a_text_is_parsed_by_the_model_that_is_named_or_its_language_is_told(tmp_path, monkeypatch, refuses, snapshot):
    monkeypatch.setattr(sys.modules[place_for.__module__], "_own", lambda: tmp_path)
    begun = []
    monkeypatch.setattr(corpus, "start", lambda model, path, out, **asked: begun.append((path.name, asked)))
    german = b"Der Koch kocht Suppe. Der Kellner kennt sie gut. Niemand mag den Fisch."

    def begin(name: str, parser: str) -> str:
        upload = SimpleNamespace(name=name, getbuffer=lambda: german)
        corpus._begin("minilm", f"Mine {len(begun)}", 9, True, upload, parser)
        return corpus.st.session_state["corpus_says"]

    assert begin("a.txt", "") == snapshot(name="not English") and begin("a.txt", PARSER) == ""
    assert begin("a.conllu", PARSER) == ""  # has its parses
    assert [asked["parser"] for _, asked in begun] == [None, PARSER, None]
    with refuses(UserError, "os"):
        begin("a.txt", "os")
    assert len(begun) == 3 and not (tmp_path / "Mine 3").exists()
    german = "1\tKöche\t_\tX\t_\t_\t0\troot\t_\t_\n".encode("latin-1")
    west = begin("a.conll", "")
    assert "a.conll" in west and "Latin-1" in west and west == snapshot(name="Latin-1") and begun[-1][0] == "a.conll"
    german = german.decode("latin-1").encode()
    assert begin("a.conllup", "") == "" and begun[-1][1]["parser"] is None
