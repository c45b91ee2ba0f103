"""The pages of a server for others: no visitor names a path, fetches, measures in the background, or deletes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from dashboard import serving
from dashboard.analyses.profile.library import SHIPPED, LibraryEntry, delete, profile_library
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.files import cache_dir
from dashboard.jobs.job import Job, start
from dashboard.models import fetch, find, hub, resolve
from dashboard.models.shelf.remove import remove
from dashboard.models.shelf.search import files_of, search
from dashboard.serving import Rules, environment
from dashboard.text import parse
from dashboard.ui import page_list
from dashboard.ui.pages import recall_runs
from dashboard.ui.pages.models import brought
from tests.helpers import pages
from tests.helpers.sentences import plain

PATHS = ["/etc/passwd", "/no/such", ".", "..", "~", "./minilm", r"C:\x", r"\\host\share", "file:///etc", "owner/name"]
ONLY_AT_HOME = (
    "Get ",
    "Search",
    "Remove it",
    "Open this model",
    "Open it",
    "Make the card",
    "Start the profile",
    "Measure",
)


@pytest.fixture(autouse=True)
def served(monkeypatch):
    """A server with MiniLM alone."""
    for name, value in environment(Rules(characters=2000)).items():
        monkeypatch.setenv(name, value)


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
    allowed = ("Measure all heads at each", "Search the corpus")  # in this run, of built-in sentences
    assert [label for label in offered if not label.startswith(allowed)] == []
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


def test_what_belongs_to_the_one_who_serves_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setattr("dashboard.analyses.profile.library._own", lambda: tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "profile.json").write_text("{}")
    assert all(entry.shipped for entry in profile_library())
    monkeypatch.delenv(serving.VARIABLE)
    assert any(entry.name == "mine" for entry in profile_library())


ENTRY = LibraryEntry("mine", SHIPPED / "x", "minilm", "", "", 1, False, True)
DEEP = {
    "fetch": partial(fetch, "smollm2"),
    "fetch from the hub": partial(hub.download, "owner/name"),
    "find": partial(find, "smollm2", fetch_missing=True),
    "a twin of another": partial(find, "untrained:smollm2"),
    "search": partial(search, "bert"),
    "files": partial(files_of, "owner/name"),
    "remove": partial(remove, "smollm2"),
    "a job": partial(start, "minilm", builtin_corpus(), "out"),
    "stop a job": Job(Path("out"), "minilm", Path("x")).stop,
    "delete": partial(delete, ENTRY),
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
