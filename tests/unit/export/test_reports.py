"""A report on this machine: what is put into it comes out again, whatever happens to its files and its tabs."""

import io
import json
import threading
import zipfile
from dataclasses import replace

import pytest

from dashboard.errors import UserError
from dashboard.export import report_html, report_pdf, report_zip, reports
from dashboard.files import keep
from tests.helpers.damaged import damaged
from tests.helpers.reports import figure

TEXT, NOTE = "=1+1 </script> 汉字 مرحبا", "</script> \ud800 \0 \n=1+1"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    return tmp_path / "reports"


def read(key):
    found = [(entry, reports.figure(key, entry.name)) for entry in reports.entries(key)]
    return [replace(one, note=entry.note) for entry, one in found if one]


def test_what_was_kept_gives_the_same_files():
    given = [figure("one two three", "My note"), figure(TEXT, NOTE, "arcs")]
    key = reports.add("", given[0])
    assert reports.is_key(key) and reports.add(key, given[1]) == key
    found = read(key)
    assert [one.note for one in found] == ["My note", NOTE] and [one.heading for one in found] == [
        one.heading for one in given
    ]
    assert [one.finding for one in found] == [one.finding for one in given]
    assert report_html(found) == report_html(given) and report_pdf(found) and report_zip(found)
    ours, theirs = (zipfile.ZipFile(io.BytesIO(report_zip(these))) for these in (found, given))
    assert ours.namelist() == theirs.namelist()
    for name in ours.namelist():
        if not name.endswith((".pdf", ".parquet")):
            assert ours.read(name) == theirs.read(name), name


def test_order_notes_and_taking_out():
    key = ""
    for text in ("a b", "c d", "e f"):
        key = reports.add(key, figure(text))
    first, second, third = (entry.name for entry in reports.entries(key))
    reports.change(key, third, step=-1)
    reports.change(key, first, step=-1)  # already
    reports.change(key, second, note="x" * 5_000)
    assert [entry.name for entry in reports.entries(key)] == [first, third, second]
    reports.change(key, second, title="  Mine\n too ")
    assert reports.entries(key)[2] == reports.Entry(second, "x" * reports.LONGEST_NOTE, "Mine too")
    assert reports.add(key, figure("c d", "another")) == key  # again: at the end, with its note
    assert reports.entries(key)[2].note == "x" * reports.LONGEST_NOTE
    reports.change(key, third, out=True)
    reports.change(key, third, out=True)
    assert [entry.name for entry in reports.entries(key)] == [first, second]
    reports.change(key, first, out=True)
    reports.change(key, second, out=True)
    assert not reports.is_there(key) and reports.add(key, figure()) != key  # no key of a link's choosing


def test_every_file_of_a_report_cut_and_flipped(place):
    key = reports.add("", figure("one two", "first"))
    reports.add(key, figure("three four", "second"))
    right = report_html(read(key))
    for file in sorted((place / key).iterdir()):
        whole = file.read_bytes()
        for wrong in damaged(whole, times=15):
            file.write_bytes(wrong)
            found = read(key)
            assert len(found) < 2, file.name  # never half a figure
            assert all(one.note in ("first", "second") for one in found)
        file.write_bytes(whole)
    assert report_html(read(key)) == right
    (place / key / "order.json").write_bytes(b"[]")
    new = reports.add(key, figure())
    assert new != key and len(read(new)) == 1  # a broken report is not gone on with


NO_KEYS = ("", "../../etc", "a" * 24, "A" * 24, "0" * 23, "0" * 25, "/" * 24, "0" * 24 + "\n", "٣" * 24)


@pytest.mark.parametrize("key", NO_KEYS)
def test_no_key_leads_elsewhere(key, place):
    assert reports.entries(key) == [] and not reports.is_there(key)
    reports.clear(key)
    reports.change(key, "0" * 24, out=True)
    new = reports.add(key, figure())
    assert new != key and [folder.name for folder in place.iterdir() if folder.is_dir()] == [new]


def test_the_list_names_no_file_elsewhere(place):
    key = reports.add("", figure())
    keep(place / key / "order.json", json.dumps([["../../x", ""], [1, 2], ["0" * 24, "n"]]).encode())
    assert [entry.name for entry in reports.entries(key)] == ["0" * 24] and read(key) == []
    for wrong in (b"{}", b"[1]", b"null", b"[[]]", b"not json"):
        keep(place / key / "order.json", wrong)
        assert reports.entries(key) == []


def test_a_report_and_all_of_them_are_bounded(monkeypatch, refuses):
    monkeypatch.setattr(reports, "MOST_FIGURES", 3)
    key = ""
    for k in range(3):
        key = reports.add(key, figure(f"a{k} b"))
    with refuses(UserError, "3 figures"):
        reports.add(key, figure("one more"))
    assert reports.add(key, figure("a1 b")) == key and len(reports.entries(key)) == 3
    monkeypatch.setattr(reports, "MOST_REPORTS", 4)
    keys = [reports.add("", figure(f"x{k}")) for k in range(8)]
    assert [one for one in keys if reports.is_there(one)] == keys[-4:]
    monkeypatch.setattr(reports, "LARGEST", 30_000)
    keys += [reports.add("", figure(" ".join(f"w{i}" for i in range(20)))) for _ in range(4)]
    there = [one for one in keys if reports.is_there(one)]
    assert 1 <= len(there) < 4 and there[-1] == keys[-1]
    monkeypatch.setattr(reports, "LARGEST_FIGURE", 100)
    with pytest.raises(UserError, match="MB"):
        reports.add("", figure())


def test_many_tabs_lose_nothing():
    key = reports.add("", figure("first one"))
    wrong = []

    def tab(k):
        try:
            for i in range(3):
                reports.add(key, figure(f"t{k} i{i}"))
        except Exception as error:
            wrong.append(error)

    tabs = [threading.Thread(target=tab, args=(k,)) for k in range(5)]
    [one.start() for one in tabs]
    [one.join() for one in tabs]
    assert not wrong and len(read(key)) == 16


def test_without_a_cache_folder_it_is_told(tmp_path, monkeypatch, refuses):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path / "file"))
    with refuses(UserError):
        reports.add("", figure())
    assert reports.entries("0" * 24) == []
