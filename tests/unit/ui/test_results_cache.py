"""Results of texts that are kept: many of short ones, few of long ones; models: at least three, as memory allows."""

import gc
import threading
import time
from types import SimpleNamespace
from weakref import WeakValueDictionary

import pytest

from dashboard.models.waiting import pause
from dashboard.text import Encoding
from dashboard.ui import caches
from dashboard.ui import results_cache as keeping


class Read(Encoding):
    """As long as it is said to be."""

    def __init__(self, tokens: int):
        object.__setattr__(self, "_tokens", tokens)

    def __len__(self) -> int:
        return self._tokens


def test_many_results_of_short_texts_are_kept_and_few_of_long_ones():
    made = []

    @keeping.cached()
    def size(name: str, _encoding: Encoding) -> int:
        """Its tokens."""
        made.append(name)
        return len(_encoding)

    for again in range(2):
        for k in range(64):
            assert size(f"short {k}", Read(256)) == 256
        assert len(made) == 64, again
    made.clear()
    for k in range(keeping.FEW + 1):
        assert size(f"long {k}", _encoding=Read(257)) == 257
    size("long 0", Read(257))
    assert len(made) == keeping.FEW + 2  # the first had to give way
    size("short 0", Read(256))
    assert len(made) == keeping.FEW + 2  # and no short one did


def test_a_reading_is_as_long_as_its_encoding():
    assert keeping.tokens_of("key", "text", SimpleNamespace(encoding=Read(7))) == 7
    assert keeping.tokens_of("key", _this=SimpleNamespace(encoding=Read(8))) == 8


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Six models that take a gigabyte of a file each, without being opened for real."""
    names, opened = [f"model {k}" for k in range(6)], []
    for name in names:
        (tmp_path / name).mkdir()
        with (tmp_path / name / "model.safetensors").open("wb") as file:
            file.truncate(10**9)

    def find(name, **_):
        return SimpleNamespace(name=name, folder=tmp_path / name, revision="1")

    class Model:
        def __init__(self, source):
            opened.append(source.name)
            self.source = source

    monkeypatch.setattr(caches.paths, "check_model", lambda name: None)  # as if they had been chosen here
    monkeypatch.setattr(caches, "find", find)
    monkeypatch.setattr(caches, "open_model", Model)
    monkeypatch.setattr(caches, "_open", WeakValueDictionary())  # not what another test still holds
    caches._model.clear()
    yield names, opened
    caches._model.clear()


def memory(monkeypatch, available: int) -> None:
    monkeypatch.setattr(caches, "free_bytes", lambda: available)


def test_three_models_in_turn_are_opened_once_each(folders, monkeypatch):
    memory(monkeypatch, 10**11)
    names, opened = folders
    for name in names[:3] * 5:
        assert caches.opened(name)[0].source.name == name
    assert opened == names[:3]


def test_a_model_opened_ahead_is_the_one_that_the_first_page_gets(folders, monkeypatch):
    memory(monkeypatch, 10**11)
    names, opened = folders
    ahead = caches.open_ahead(names[0])
    assert caches.opened(names[0])[0] is ahead is caches.open_ahead(names[0])
    assert opened == names[:1] and not caches._ahead  # nothing but Streamlit's own cache holds it now


def test_more_than_are_kept_let_the_oldest_go(folders, monkeypatch):
    memory(monkeypatch, 10**11)
    names, opened = folders
    for name in names:
        caches.opened(name)
    gc.unfreeze()  # an earlier test may have frozen what is let go here
    gc.collect()
    assert len(caches._open) == caches.MODELS
    caches.opened(names[-1])
    assert opened == names


def test_open_models_give_way_where_one_more_would_not_fit(folders, monkeypatch):
    memory(monkeypatch, 2 * 10**9)
    names, opened = folders
    for name in names[:3]:
        caches.opened(name)
        caches.opened(name)  # there already: nothing gives way
        assert [one.source.name for one in caches._open.values()] == [name]
    assert opened == names[:3]


def test_a_model_that_many_ask_for_at_once_is_opened_once(folders, monkeypatch):
    memory(monkeypatch, 10**11)
    names, opened = folders
    at_once, got = threading.Barrier(8), []

    def ask():
        at_once.wait()
        got.append(caches.opened(names[0])[0])

    people = [threading.Thread(target=ask) for _ in range(8)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert opened == names[:1] and len(set(map(id, got))) == 1


def test_who_waits_for_a_model_that_another_opens_may_leave(folders, monkeypatch):
    """And who opens it may leave too: the next in turn then opens it."""

    class Left(BaseException):
        """As Streamlit ends a run."""

    class Model:
        pass

    memory(monkeypatch, 10**11)
    names, _ = folders
    here, began, release = threading.local(), [], threading.Event()
    ended = []

    def moment(*_):
        if here.wish.is_set():
            raise Left

    def slow_first(source):
        began.append((here.number, source.name))
        while source.name == names[0] and not release.wait(0.05):
            pause()
        return Model()

    monkeypatch.setattr(caches, "give_way", moment)
    monkeypatch.setattr(caches, "open_model", slow_first)

    def person(number, wish):
        here.number, here.wish = number, wish
        try:
            caches.opened(names[0])
            ended.append((number, names[0]))
        except Left:
            wish.clear()
            caches.opened(names[number + 1])
            ended.append((number, names[number + 1]))

    def until(holds):
        deadline = time.monotonic() + 20
        while not holds() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert holds()

    wishes = [threading.Event() for _ in range(3)]
    people = [threading.Thread(target=person, args=one, daemon=True) for one in enumerate(wishes)]
    people[0].start()
    until(lambda: began == [(0, names[0])])
    for one in people[1:]:
        one.start()
    wishes[1].set()
    until(lambda: ended == [(1, names[2])])  # while the first still opens it
    wishes[0].set()
    until(lambda: (0, names[1]) in ended and (2, names[0]) in began)
    release.set()
    until(lambda: (2, names[0]) in ended)
