"""The pages of a server for others: no visitor names a path, fetches, or touches what is another's."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import serving
from dashboard.analyses.card import job as card_job
from dashboard.analyses.profile.library import delete, place_for, profile_library
from dashboard.analyses.scores import twin
from dashboard.analyses.similarity import map_job
from dashboard.analyses.similarity.map_job import Request as MapRequest
from dashboard.capture import open_model
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.export import reports
from dashboard.files import cache_dir
from dashboard.jobs import runner
from dashboard.jobs.job import Job, find, forget, start
from dashboard.jobs.record import read
from dashboard.models import fetch, hub, resolve
from dashboard.models import find as find_model
from dashboard.models.shelf.remove import remove
from dashboard.models.shelf.search import files_of, search
from dashboard.serving import Rules, environment, visitor
from dashboard.serving.rules import Kept
from dashboard.text import parse
from dashboard.ui import page_list
from dashboard.ui.markdown import error_said
from dashboard.ui.pages import corpus, recall_runs
from dashboard.ui.pages.models import brought
from dashboard.ui.server import visitors
from tests.helpers import pages
from tests.helpers.sentences import plain

PATHS = ["/etc/passwd", "/no/such", ".", "..", "~", "./minilm", r"C:\x", r"\\host\share", "file:///etc", "owner/name"]
ONLY_AT_HOME = ("Get ", "Search", "Remove it", "Open this model", "Open it", "Train")
ONE, OTHER = "k" * 32, "o" * 32  # keys of two visitors


@pytest.fixture(autouse=True)
def served(monkeypatch):
    """A server with MiniLM alone, and its visitor ONE."""
    for name, value in environment(Rules(characters=2000)).items():
        monkeypatch.setenv(name, value)
    come(monkeypatch, ONE)


def come(monkeypatch, key: str) -> None:
    """From now on the visitor with this key is there, "" for a browser without cookies."""
    monkeypatch.setattr(visitors, "_key", lambda: key)
    visitors.known_by_cookies()


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache folder in which nothing is kept yet."""
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def nothing_looked_up(monkeypatch):
    def looked(*_, **__):
        raise AssertionError("a path was looked up")

    monkeypatch.setattr(resolve, "as_path", looked)
    monkeypatch.setattr(hub, "cached", looked)


@pytest.mark.parametrize("page", [page.name for page in page_list.PAGES])
def test_every_page_opens_and_offers_nothing_that_is_refused(page):
    app = pages.opened(page)
    assert not app.exception and not app.error, pages.read(app)
    offered = [one.label for one in app.button if one.label.startswith(ONLY_AT_HOME)]
    assert [label for label in offered if not label.startswith("Search the corpus")] == []
    assert str(cache_dir()) not in pages.read(app) and str(Path.home()) not in pages.read(app)


@pytest.mark.parametrize("page", ["explore", "compare", "similarity", "models"])
def test_a_path_is_neither_opened_nor_looked_up_nor_told_apart(page, nothing_looked_up):
    said = set()
    for path in PATHS:
        app = pages.opened(page, model=path)
        assert not app.exception
        said.add(plain(pages.read(app)))
        assert page == "models" or "This server has the models minilm" in pages.read(app)
    assert len(said) == 1


def test_no_other_field_names_a_path(nothing_looked_up):
    app = pages.opened("compare", mode="models", other_model="/etc/passwd")
    assert not app.exception and "This server has the models minilm" in pages.read(app)
    app = pages.opened("explore", tray="/etc/passwd@L2H0")
    assert not app.exception
    app = pages.opened("profile", parser="/etc/passwd")
    assert not app.exception and "own machine" in pages.read(app)
    app = pages.opened("profile", profile="../../etc")
    assert not app.exception and not app.error


def test_the_model_menu_takes_no_other_name(nothing_looked_up):
    app = pages.opened("explore")
    [menu] = [one for one in app.selectbox if one.label == "Model"]
    assert menu.options == ["MiniLM"] and "path" not in menu.help and "folder" not in (menu.placeholder or "")


def test_a_text_over_the_limit_is_refused_with_it():
    app = pages.opened("explore", text="word " * 401)
    assert not app.exception and any("2,000" in one.value for one in app.error)
    assert not pages.opened("explore", text="word " * 399).error


def own_profiles() -> list[str]:
    return [entry.name for entry in profile_library() if not entry.shipped]


def test_a_visitor_sees_their_own_profiles_and_neither_others_nor_those_of_the_one_who_serves(own_cache, monkeypatch):
    mine = place_for("mine")
    mine.mkdir(parents=True)
    (mine / "profile.json").write_text("{}")
    at_home = own_cache / "profiles" / "at home"
    at_home.mkdir(parents=True)
    (at_home / "profile.json").write_text("{}")
    assert own_profiles() == ["mine"]
    [entry] = [entry for entry in profile_library() if entry.name == "mine"]
    for key in (OTHER, ""):
        come(monkeypatch, key)
        assert own_profiles() == []
        with pytest.raises(UserError):
            delete(entry)
        assert mine.is_dir()
    come(monkeypatch, ONE)
    delete(entry)
    assert own_profiles() == [] and not mine.is_dir()
    monkeypatch.delenv(serving.VARIABLE)
    assert own_profiles() == ["at home"]


def test_a_report_is_its_visitors_alone_though_its_address_is_known(own_cache, monkeypatch):
    app = pages.opened("explore")
    next(one for one in app.button if one.label == "Add to report").click().run()
    [order] = own_cache.glob("visitors/*/reports/*/order.json")
    key = order.parent.name
    assert len(reports.entries(key)) == 1
    for other in (OTHER, ""):
        come(monkeypatch, other)
        assert reports.entries(key) == [] and "No figure is collected" in pages.read(pages.opened("report", report=key))
        with suppress(UserError):
            reports.clear(key)
        with suppress(UserError):
            reports.change(key, reports_name(order), out=True)
    come(monkeypatch, ONE)
    assert len(reports.entries(key)) == 1
    for address in ({}, {"report": "0" * 24}):  # their own is found by their key, also from another's link
        assert "All heads" in pages.read(pages.opened("report", **address))


def reports_name(order: Path) -> str:
    return json.loads(order.read_bytes())[0][0]


def begun(name: str) -> Job:
    return start("minilm", builtin_corpus(), place_for(name))


def test_a_third_job_is_refused(own_cache, monkeypatch, refuses):
    jobs = [begun("one"), begun("two")]
    with refuses(UserError, "2 jobs"):
        begun("three")
    assert [job.progress.state for job in jobs] == ["waiting", "waiting"]
    app = pages.opened("corpus")
    next(one for one in app.text_input if one.label == "Name of the profile").set_value("three")
    next(one for one in app.button if one.label == "Start the profile").click().run()
    assert any("2 jobs" in one.value for one in app.error) and find(place_for("three")) is None
    come(monkeypatch, OTHER)
    assert begun("three").progress.sentence == "Waiting: 2 come first"
    come(monkeypatch, ONE)
    jobs[0].stop()
    assert jobs[0].progress.state == "stopped" and begun("four").progress.state == "waiting"


def test_the_file_of_a_job_that_is_refused_is_not_kept(own_cache, refuses):
    upload = SimpleNamespace(name="../../a.txt", getbuffer=lambda: b"The cook cooks.")
    for name in ("one", "two"):
        corpus._begin("minilm", name, 9, True, upload, "")
    with refuses(UserError, "2 jobs"):
        corpus._begin("minilm", "three", 9, True, upload, "")
    kept = {file.relative_to(place_for("x").parent).as_posix() for file in own_cache.rglob("a.txt")}
    assert kept == {"one/source/a.txt", "two/source/a.txt"} and not place_for("three").exists()


def test_nobody_sees_stops_or_forgets_anothers_job(own_cache, monkeypatch, refuses):
    job = begun("mine")
    for other in (OTHER, ""):
        come(monkeypatch, other)
        assert "**mine**" not in pages.read(pages.opened("corpus", profile="mine"))
        for act in (job.stop, partial(forget, job.out)):
            with refuses(UserError, "Another visitor"):
                act()
        assert job.progress.state == "waiting" and not job.own
    come(monkeypatch, ONE)
    assert "**mine**" in pages.read(pages.opened("corpus")) and job.own


def test_what_another_measures_of_a_model_is_awaited_and_not_stopped(own_cache, monkeypatch):
    asked = MapRequest("minilm", "sha256:0", 6, 12, True)  # nothing of it is shipped or measured
    page = partial(AppTest.from_function, offer, default_timeout=60, args=(asked,))
    page().run().button[0].click().run()
    come(monkeypatch, OTHER)
    app = page().run()
    assert not app.button and "Another visitor began it" in pages.read(app)
    job = find(map_job.MEASUREMENT.folder(asked))
    come(monkeypatch, ONE)
    assert [one.label for one in page().run().button] == ["Stop"]
    job.stop()
    come(monkeypatch, OTHER)
    [button] = page().run().button
    button.click().run()
    assert job.own and job.progress.state == "waiting"  # who begins it again has it


def offer(asked):
    import streamlit as st

    from dashboard.analyses.similarity.map_job import MEASUREMENT
    from dashboard.ui import job_panel

    job_panel.result_or_offer(MEASUREMENT, asked, "A map", lambda: st.caption("None yet"))


def test_what_is_measured_of_a_text_lies_with_its_visitor(own_cache, monkeypatch):
    asked = twin.Request("minilm", "sha256:0", 6, 12, True, text="a secret")
    mine = twin.MEASUREMENT.folder(asked)
    assert mine.is_relative_to(own_cache / "visitors" / visitor.name_of(ONE))
    come(monkeypatch, OTHER)
    assert twin.MEASUREMENT.folder(asked) != mine


def test_a_card_is_its_visitors_own(own_cache, monkeypatch):
    model = open_model("minilm")
    mine = card_job.place_for(model)
    assert mine.is_relative_to(own_cache / "visitors" / visitor.name_of(ONE))
    come(monkeypatch, OTHER)
    assert card_job.place_for(model) != mine
    come(monkeypatch, "")
    assert "cookie" in pages.read(pages.opened("models"))


def test_no_error_names_a_folder_of_the_machine(own_cache):
    for name in ("mine", "x“y”", "two words"):
        out = place_for(name)
        for said in (f"Work is going on in “{out}” already.", f"Wrote {out}", f"No such file: '{out}/x'"):
            shown = error_said(UserError(said)).replace("\\", "").replace("\u2060", "")
            assert name in shown and str(own_cache) not in shown and visitor.name_of(ONE) not in shown


def test_a_job_that_breaks_off_says_and_writes_nothing_of_what_it_read(own_cache, monkeypatch, capfd):
    job = begun("mine")

    def breaks(*_):
        raise ValueError("a visitor's secret")

    monkeypatch.setattr(runner, "load", lambda work: SimpleNamespace(make=breaks))
    monkeypatch.setattr(runner, "end_with_parent", lambda: None)
    monkeypatch.setattr(runner.os, "nice", lambda _: 0)
    monkeypatch.setattr(runner.signal, "signal", lambda *_: None)
    assert runner.main(job.out) == 1
    written = capfd.readouterr().err + read(job.out)["sentence"]
    assert "secret" not in written and "ValueError" in written and " breaks" in written


def test_without_a_cookie_nothing_is_kept_and_it_is_said_why(own_cache, monkeypatch, refuses):
    come(monkeypatch, "")
    with refuses(UserError, "cookie"):
        place_for("mine")
    app = pages.opened("explore")
    next(one for one in app.button if one.label == "Add to report").click().run()
    assert not app.exception and any("cookie" in one.value for one in app.toast)
    assert not [*own_cache.rglob("*.zip")]


def test_nobody_keeps_more_than_their_share(own_cache, monkeypatch, refuses):
    monkeypatch.setenv(serving.VARIABLE, environment(Rules(kept=Kept(megabytes=1)))[serving.VARIABLE])
    file = place_for("large") / "x"
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(1_100_000))
    with refuses(UserError, "1 MB for each visitor"):
        begun("one")
    come(monkeypatch, OTHER)
    assert begun("one").progress.state == "waiting"


DEEP = {
    "fetch": partial(fetch, "smollm2"),
    "fetch from the hub": partial(hub.download, "owner/name"),
    "find": partial(find_model, "smollm2", fetch_missing=True),
    "a twin of another": partial(find_model, "untrained:smollm2"),
    "search": partial(search, "bert"),
    "files": partial(files_of, "owner/name"),
    "remove": partial(remove, "smollm2"),
    "a job with another model": partial(start, "smollm2", builtin_corpus(), "out"),
    "a parser": partial(parse, "A word.", "/etc/passwd"),
    "weights": partial(brought._kept, "a.npz", memoryview(b"")),
    "train": partial(recall_runs.begin, None),
}


@pytest.mark.parametrize("what", DEEP)
def test_nothing_of_it_works_below_the_pages_either(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"[tT]his server"):
        DEEP[what]()
    assert not list(tmp_path.iterdir())
