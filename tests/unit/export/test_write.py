"""Bytes to disk, whole or not at all."""

import errno
import os

import pytest

from dashboard import files as room
from dashboard.errors import UserError
from dashboard.export import check_target, write_file


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "figure.svg"
    assert write_file(path, b"one") == path
    assert write_file(str(path), b"two") == path
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["figure.svg"]


def test_a_new_file_has_the_usual_rights_and_an_old_one_keeps_its_own(tmp_path):
    plain = tmp_path / "plain.svg"
    plain.write_bytes(b"")
    made = write_file(tmp_path / "made.svg", b"x")
    assert made.stat().st_mode == plain.stat().st_mode
    plain.chmod(0o640)
    write_file(plain, b"x")
    assert plain.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path):
    target = tmp_path / "real.svg"
    target.write_bytes(b"old")
    link = tmp_path / "link.svg"
    link.symlink_to(target)
    write_file(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("nowhere/figure.svg", "nowhere"),
        ("folder.svg", "folder.svg"),
        ("file.svg/figure.svg", "file.svg"),
        ("figure.gif", ".png"),
        ("figure", ".png"),
        ("a\0b.svg", ""),
        ("a\ud800.svg", ""),
    ],
    ids=["no folder", "a folder", "in a file", "another ending", "no ending", "nul", "half a letter"],
)
def test_places_that_cannot_be_written(tmp_path, place, named, refuses):
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "file.svg").write_bytes(b"")
    with refuses(UserError, named):
        write_file(f"{tmp_path}/{place}", b"x")
    assert sorted(os.listdir(tmp_path)) == ["file.svg", "folder.svg"]


def test_a_folder_or_file_that_is_read_only(tmp_path, monkeypatch, refuses):
    (tmp_path / "old.svg").write_bytes(b"old")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: False if str(path) == str(tmp_path) else allowed(path, mode))
    with refuses(UserError):
        check_target(tmp_path / "new.svg")
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("old.svg"))
    with refuses(UserError):
        check_target(tmp_path / "old.svg")


def test_the_command_line_can_ask_before_it_computes(tmp_path, refuses):
    assert check_target(tmp_path / "a.csv", ("csv",)) == tmp_path / "a.csv"
    with refuses(UserError, ".csv"):
        check_target(tmp_path / "a.png", ("csv",))


def test_a_name_that_is_too_long_is_cut_in_what_is_said(tmp_path):
    with pytest.raises(UserError, match=r"x{60}…") as said:
        write_file(f"{tmp_path}/{'x' * 300}.svg", b"x")
    assert len(str(said.value)) < 300


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO], ids=errno.errorcode.get)
def test_a_disk_that_fails_half_way_leaves_the_old_file(tmp_path, monkeypatch, number, refuses):
    path = tmp_path / "figure.svg"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(room.os, "fsync", fail)
    with refuses(UserError):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["figure.svg"]


def test_being_interrupted_leaves_nothing_behind(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(room.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_file(tmp_path / "figure.svg", b"new")
    assert os.listdir(tmp_path) == []
