"""Short garbage collections: what stays is set aside, what was let go is still found."""

import gc
import weakref

import pytest

from dashboard.ui.server import quiet


class Node:
    """Garbage that only a collection finds."""

    def __init__(self):
        self.itself = self


@pytest.fixture
def watched():
    before = [one for one in gc.callbacks if one is quiet._watch]
    gc.callbacks[:] = [one for one in gc.callbacks if one is not quiet._watch]
    gc.unfreeze()
    gc.collect()  # what other tests have left
    quiet.look_again()
    quiet.short_collections()
    yield
    gc.callbacks[:] = [one for one in gc.callbacks if one is not quiet._watch] + before
    gc.unfreeze()


def looked_at() -> int:
    return len(gc.get_objects())


def test_what_survives_a_long_collection_is_not_looked_at_again(watched, monkeypatch):
    monkeypatch.setattr(quiet, "LONG", 0.0)
    before = looked_at()
    gc.collect()
    assert gc.get_freeze_count() > 0.9 * before and looked_at() < 0.1 * before


def test_a_short_collection_sets_nothing_aside(watched, monkeypatch):
    monkeypatch.setattr(quiet, "LONG", 1e9)
    gc.collect()
    assert gc.get_freeze_count() == 0


def test_younger_collections_set_nothing_aside(watched, monkeypatch):
    monkeypatch.setattr(quiet, "LONG", 0.0)
    gc.collect(1)
    assert gc.get_freeze_count() == 0


def test_garbage_is_found_before_it_could_be_set_aside(watched, monkeypatch):
    monkeypatch.setattr(quiet, "LONG", 0.0)
    lost = weakref.ref(Node())
    gc.collect()
    assert lost() is None


def test_what_was_set_aside_and_let_go_is_found_after_a_while(watched, monkeypatch):
    monkeypatch.setattr(quiet, "LONG", 0.0)
    kept = Node()
    there = weakref.ref(kept)
    gc.collect()
    del kept
    gc.collect()
    assert there() is not None  # it was set aside
    monkeypatch.setattr(quiet, "_next", 0.0)  # a minute later
    gc.collect()
    assert there() is None


def test_a_second_call_does_nothing(watched):
    quiet.short_collections()
    assert gc.callbacks.count(quiet._watch) == 1


def test_nothing_is_collected_meanwhile_and_what_is_there_is_set_aside(watched, monkeypatch):
    monkeypatch.setattr(quiet, "LONG", 1e9)
    with quiet.no_collections():
        assert not gc.isenabled()
        made = [Node() for _ in range(10_000)]
        lost = weakref.ref(Node())
        assert lost() is not None
    assert gc.isenabled() and not any(one is made[0] for one in gc.get_objects())
    gc.collect()
    assert lost() is not None  # set aside with the others, until everything is checked again
    quiet.look_again()
    gc.collect()
    assert lost() is None


def test_collections_come_back_after_an_error(watched):
    with pytest.raises(OSError), quiet.no_collections():
        raise OSError
    assert gc.isenabled()
