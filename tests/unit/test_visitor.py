"""Whose work is whose: keys, folders, their sizes and their age."""

import os
import time

import pytest

from dashboard.errors import UserError
from dashboard.serving import VARIABLE, Rules, environment, visitor
from dashboard.serving.rules import Kept

ONE, OTHER = "a" * 32, "b" * 32


@pytest.fixture(autouse=True)
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    monkeypatch.setenv(VARIABLE, environment(Rules(kept=Kept(megabytes=2, gigabytes=1, days=3)))[VARIABLE])
    come(monkeypatch, ONE)


def come(monkeypatch, key):
    monkeypatch.setattr(visitor, "_asked", [lambda: key])


def test_a_key_is_random_and_its_name_does_not_tell_it():
    keys = {visitor.new_key() for _ in range(1000)}
    assert len(keys) == 1000 and all(map(visitor.is_key, keys))
    key = keys.pop()
    assert visitor.name_of(key) == visitor.name_of(key) != visitor.name_of(keys.pop())
    assert key not in visitor.name_of(key) and len(visitor.name_of(key)) == 32


@pytest.mark.parametrize("key", ["", "a" * 31, "a" * 33, "../" + "a" * 29, "a" * 31 + "\n", "ä" * 32, "a" * 31 + "/"])
def test_what_is_no_key_is_nobody(key, monkeypatch):
    come(monkeypatch, key)
    assert not visitor.is_key(key) and visitor.name() == ""
    with pytest.raises(UserError, match="cookie"):
        visitor.own_folder()


def test_each_has_a_folder_and_ones_own_machine_has_none(tmp_path, monkeypatch):
    mine = visitor.own_folder()
    come(monkeypatch, OTHER)
    assert mine.parent == visitor.own_folder().parent == tmp_path / "visitors" and mine != visitor.own_folder()
    monkeypatch.delenv(VARIABLE)
    assert visitor.own_folder() == tmp_path and visitor.name() == visitor.owner() == ""
    visitor.check_space(10**12)


def fill(folder, size, days=0.0):
    file = folder / "in" / "file"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    os.truncate(file, size)
    when = time.time() - days * visitor.DAY
    for one in (file, file.parent, folder):
        os.utime(one, (when, when))


def test_one_may_keep_so_much_and_all_so_much(monkeypatch):
    visitor.check_space(2_000_000)
    fill(visitor.own_folder(), 1_500_000)
    visitor.check_space(500_000)
    with pytest.raises(UserError, match="2 MB for each visitor"):
        visitor.check_space(500_001)
    come(monkeypatch, OTHER)
    visitor.check_space(500_001)
    fill(visitor.folder_of("c" * 32), 999_000_000)  # a hole: it takes no space
    with pytest.raises(UserError, match="is full"):
        visitor.check_space()


def test_what_nobody_changes_for_long_is_deleted_and_nothing_else(tmp_path):
    rules = Rules(kept=Kept(days=3))
    assert visitor.forget_old(rules) == []
    fill(visitor.folder_of("1" * 32), 9, days=2.9)
    fill(visitor.folder_of("2" * 32), 9, days=3.1)
    fill(visitor.place() / "notes", 9, days=99)
    assert visitor.forget_old(rules) == ["2" * 32]
    assert sorted(one.name for one in visitor.place().iterdir()) == ["1" * 32, "notes"]
