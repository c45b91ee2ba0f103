"""The rules of a server for others: read from a file, handed on to processes, and what they refuse."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard import serving
from dashboard.errors import UserError
from dashboard.models import memory
from dashboard.serving import VARIABLE, Rules, environment, read_rules
from dashboard.serving.rules import Jobs, Kept


def rules_in(folder: Path, text: str | bytes) -> Rules:
    file = folder / "two-heads.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_rules(file)


def test_a_file_says_models_and_limits(tmp_path):
    found = rules_in(
        tmp_path,
        'models = ["smollm2", "owner/name@main"]\n[limits]\ncharacters = 500\nupload_megabytes = 2\n',
    )
    assert found == Rules(("minilm", "smollm2", "owner/name@main"), 500, 2)
    assert rules_in(tmp_path, "") == Rules() and Rules().models == ("minilm",)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("models = 3", "models"),
        ('models = ["/etc"]', "models"),
        ('models = ["../x"]', "models"),
        ('models = ["C:\\\\x"]', "models"),
        ("model = []", "model is not known"),
        ("limits = 3", "[limits]"),
        ("[limits]\ncharacters = 0", "characters"),
        ("[limits]\ncharacters = true", "characters"),
        ('[limits]\nupload_megabytes = "5"', "upload_megabytes"),
        ("[limits]\nseconds = 5", "seconds is not known"),
        ("[", "no TOML file"),
        (b"\xff", "no TOML file"),
    ],
)
def test_what_a_file_cannot_say_is_told(text, fact, tmp_path):
    with pytest.raises(UserError) as told:
        rules_in(tmp_path, text)
    assert fact in str(told.value) and "two-heads.toml" in str(told.value) and str(told.value).endswith((".", "]"))


def test_a_file_that_is_not_there_is_told_with_its_first_line(tmp_path, refuses):
    with refuses(UserError, "none.toml", 'models = ["minilm"]'):
        read_rules(tmp_path / "none.toml")


def test_other_models_are_refused_alike_whatever_they_are():
    rules = Rules(("minilm", "smollm2"))
    for name in ("minilm", "untrained:minilm", "smollm2"):
        rules.check_model(name)
    said = set()
    for name in ("/etc/passwd", ".", "", "Minilm", "untrained:/etc", "untrained:untrained:minilm", "owner/name"):
        with pytest.raises(UserError) as told:
            rules.check_model(name)
        said.add(str(told.value))
    assert len(said) == 1 and "minilm, smollm2" in said.pop()


def test_texts_are_counted_together(refuses):
    rules = Rules(characters=100)
    rules.check_text("a" * 60, "b" * 40)
    with refuses(UserError, "100"):
        rules.check_text("a" * 60, "b" * 41)


def test_without_rules_everything_is_ones_own(monkeypatch):
    monkeypatch.delenv(serving.VARIABLE, raising=False)
    serving.own_machine_only("Models are fetched")
    serving.check_model("/etc/passwd")
    serving.check_text("a" * 1_000_000)
    assert serving.rules() is None and not serving.for_others()


def test_a_process_that_the_server_starts_has_its_rules():
    rules = Rules(("minilm", "owner/name"), 300, 2)
    code = "from dashboard import serving; print(serving.rules())"
    asked = [sys.executable, "-c", code]
    said = subprocess.run(asked, env=dict(os.environ) | environment(rules), capture_output=True, text=True, timeout=60)
    assert said.stdout.strip() == repr(rules), said.stderr


WHOLE = """
models = ["smollm2"]
names = ["heads.example.org", "*.example.org", "10.0.0.7", "[::1]"]
path = "/heads/two/"
processes = 3
[limits]
memory_gigabytes = 4
[jobs]
at_once = 2
each = 3
minutes = 10
memory_gigabytes = 5
scheduler = "tcp://node1:8786"
[kept]
megabytes = 20
gigabytes = 2
days = 30
"""


def test_a_file_says_all_that_a_server_needs(tmp_path):
    found = rules_in(tmp_path, WHOLE)
    assert found.names == ("heads.example.org", "*.example.org", "10.0.0.7", "[::1]") and found.path == "heads/two"
    assert found.processes == 3 and found.memory_gigabytes == 4
    assert found.jobs == Jobs(2, 3, 10, 5, "tcp://node1:8786") and found.kept == Kept(20, 2, 30)


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ('names = "heads"', "names is a list"),
        ('names = ["a b"]', "names"),
        ('names = ["a/b"]', "names"),
        ('path = "../x"', "path"),
        ('path = "a b"', "path"),
        ('path = "?x"', "path"),
        ("processes = 0", "processes"),
        ("jobs = 3", "[jobs] is a table"),
        ("[jobs]\nat_once = 9", "[jobs] at_once"),
        ('[jobs]\nscheduler = "http://x"', "scheduler"),
        ('[jobs]\nscheduler = "tcp://x"', "scheduler"),
        ("[kept]\ndays = 0", "[kept] days"),
        ("[kept]\nweeks = 2", "[kept] weeks is not known"),
    ],
)
def test_what_a_server_cannot_be_is_told(line, fact, tmp_path):
    with pytest.raises(UserError) as told:
        rules_in(tmp_path, line)
    assert fact in str(told.value) and "two-heads.toml" in str(told.value)


def test_memory_is_shared_by_the_processes_that_show_pages(monkeypatch):
    monkeypatch.setenv(VARIABLE, environment(Rules(memory_gigabytes=4, processes=2))[VARIABLE])
    monkeypatch.setattr(memory, "used_bytes", lambda: 500_000_000)
    assert memory.free_bytes() <= 1_500_000_000
    monkeypatch.setattr(memory, "used_bytes", lambda: 2_500_000_000)
    assert memory.free_bytes() == 0
