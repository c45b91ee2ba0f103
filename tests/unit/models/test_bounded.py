"""What was made from something else takes a bounded room: the least recently used goes first, never one in use."""

import gc
import os
import subprocess
import time

import pytest

from dashboard.errors import UserError
from dashboard.models import bounded


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Four folders of a megabyte each, `a` used longest ago."""
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "0.004")
    folders = [bounded.root() / name for name in "abcd"]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(bytes(10**6))
        long_ago = time.time() - 10_000 + number
        os.utime(folder, (long_ago, long_ago))
    return folders


def left():
    return sorted(path.name for path in bounded.root().iterdir() if not path.name.startswith("."))


def test_nothing_goes_while_there_is_room(made):
    bounded.free_space(0, made[0])
    assert left() == list("abcd") and bounded.taken() == 4 * 10**6


@pytest.mark.parametrize(("needed", "stay"), [(1, "bcd"), (10**6, "bcd"), (10**6 + 1, "cd"), (10**9, "")])
def test_the_least_recently_used_goes_first(made, needed, stay):
    bounded.free_space(needed, bounded.root() / "new")
    assert left() == list(stay)


def test_what_was_used_again_stays(made):
    bounded.touch(made[0])
    bounded.free_space(2 * 10**6, bounded.root() / "new")
    assert left() == ["a", "d"]


def test_what_is_made_again_and_what_is_being_made_stay(made):
    from filelock import FileLock

    with FileLock(bounded.root() / ".b.lock"):
        bounded.free_space(10**9, made[0])
    assert left() == ["a", "b"]


class Model:
    """Something that can be held."""


def test_a_model_that_is_open_stays_until_it_is_let_go(made):
    first, second = Model(), Model()
    bounded.hold(made[0], first)
    bounded.hold(made[0], second)
    bounded.hold(made[0].parent.parent, first)  # no folder that was made here
    bounded.free_space(10**9, bounded.root() / "new")
    assert left() == ["a"]
    del first
    gc.collect()
    bounded.free_space(10**9, bounded.root() / "new")
    assert left() == ["a"]
    del second
    gc.collect()
    bounded.free_space(10**9, bounded.root() / "new")
    assert not left() and not [path for path in bounded.root().iterdir() if ".by." in path.name]


def test_a_process_that_has_one_open_keeps_it_and_one_that_died_does_not(made):
    (bounded.root() / f".a.by.{os.getppid()}").touch()
    died = subprocess.Popen(["true"])
    died.wait()
    (bounded.root() / f".b.by.{died.pid}").touch()
    bounded.free_space(10**9, bounded.root() / "new")
    assert left() == ["a"] and not (bounded.root() / f".b.by.{died.pid}").exists()


def test_what_a_killed_process_left_half_removed_goes(made):
    for name in ("a", "elsewhere"):
        (bounded.root() / f".{name}-gone").mkdir()
        (bounded.root() / f".{name}-gone" / "model.safetensors").write_bytes(b"left")
    bounded.free_space(0, bounded.root() / "new")
    assert left() == list("abcd") and not list(bounded.root().glob(".*-gone"))
    bounded.free_space(10**9, bounded.root() / "new")
    assert not left() and not list(bounded.root().glob(".*-gone"))


def test_one_half_removed_at_the_same_time_does_not_keep_a_folder(made, monkeypatch):
    monkeypatch.setattr(bounded, "_sweep", lambda: None)  # it was left after the sweep
    (bounded.root() / ".a-gone").mkdir()
    (bounded.root() / ".a-gone" / "model.safetensors").write_bytes(b"left")
    bounded.free_space(1, bounded.root() / "new")
    assert left() == list("bcd")


@pytest.mark.parametrize("end", ["x", "", "-1", "²", "9" * 30, "12.lock", "12 "])
def test_a_mark_that_names_no_process_keeps_nothing(made, end):
    (bounded.root() / f".a.by.{end}").touch()
    bounded.free_space(10**9, bounded.root() / "new")
    assert not left()


def test_a_folder_is_held_while_something_runs_whatever_becomes_of_it(made):
    with pytest.raises(ZeroDivisionError), bounded.held(made[0]), bounded.held(made[0].parent.parent):
        bounded.free_space(10**9, bounded.root() / "new")
        assert left() == ["a"]
        raise ZeroDivisionError
    bounded.free_space(10**9, bounded.root() / "new")
    assert not left() and not [path for path in bounded.root().iterdir() if ".by." in path.name]


def test_a_bound_that_is_no_number_is_a_sentence(made, monkeypatch, refuses):
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "much")
    with refuses(UserError, "TWO_HEADS_CONVERTED_GB", "much"):
        bounded.free_space(0, made[0])
