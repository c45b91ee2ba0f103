"""The wheel: what is in it, and that the program it installs works in any folder, away from the repository.

The fresh environment borrows the packages of this one, so that nothing is fetched; only the wheel itself is installed.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from bench.visitor import Visitor
from dashboard import UserError, __version__, open_model
from dashboard.cli import main
from tests.helpers.processes import living
from tools.server import ROOT, running

TEXT = "The chef says ramen is her favourite food."
OURS = ("dashboard", "pages")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of the working tree, built as pip builds it, with the backend that is here."""
    out = tmp_path_factory.mktemp("wheel")
    pip(sys.executable, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", str(out), str(ROOT))
    [made] = out.iterdir()
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel: its python, its program, its folder of packages, and an `environment`."""
    place = tmp_path_factory.mktemp("fresh") / "env"
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    programs = place / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(place), "platbase": str(place)}))
    borrowed = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (packages / "borrowed.pth").write_text("\n".join(borrowed))
    pip(str(python), "install", "--no-deps", "--no-index", "--ignore-installed", str(wheel))
    [program] = programs.glob("two-heads*")
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return SimpleNamespace(python=str(python), program=str(program), packages=packages, environment=environment)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A person's folder: with modules and Streamlit settings of other work, none of which is ours to read."""
    folder = tmp_path / "elsewhere"
    (folder / ".streamlit").mkdir(parents=True)
    (folder / ".streamlit" / "config.toml").write_text(
        '[server]\nbaseUrlPath = "other"\n[theme.light]\nprimaryColor = "#fe0102"\n'
    )
    (folder / ".streamlit" / "secrets.toml").write_text('OTHER_WORK = "a secret"\n')
    for name in ("dashboard", "queue", "numpy", "streamlit"):
        (folder / f"{name}.py").write_text("raise SystemExit('a module of other work was imported')\n")
    monkeypatch.chdir(folder)
    return folder


def pip(python: str, *asked: str) -> None:
    command = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "-q", *asked]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def run(installed, *asked: str, **more: str) -> subprocess.CompletedProcess:
    """What a command of the environment says."""
    return subprocess.run(asked, capture_output=True, text=True, env=installed.environment | more)


def tracked(*folders: str) -> set[str]:
    """The files of the repository in these folders, as git lists them, or all that are there where it is no clone."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *folders], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode == 0:
        return {name for name in done.stdout.splitlines() if (ROOT / name).is_file()}
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts}


def test_it_holds_the_package_the_pages_and_the_settings_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    about = f"two_heads-{__version__}.dist-info"
    ours = {name for name in names if not name.startswith(f"{about}/")}
    expected = {f"dashboard/_project/{name}" if name.startswith("pages/") else name for name in tracked(*OURS)}
    assert ours == expected | {"dashboard/_project/.streamlit/config.toml"}
    assert len([name for name in ours if name.startswith("dashboard/_project/pages/")]) >= 14
    assert "dashboard/py.typed" in ours and f"{about}/licenses/LICENSE" in names


def test_it_asks_for_what_requirements_txt_pins_and_all_of_it_is_here(wheel, installed):
    with zipfile.ZipFile(wheel) as file:
        about = message_from_bytes(file.read(f"two_heads-{__version__}.dist-info/METADATA"))
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = {pin(line) for line in lines if line.strip() and not line.startswith("#")}
    asked = about.get_all("Requires-Dist")
    assert {pin(line) for line in asked if "extra ==" not in line} == pinned
    assert about["Requires-Python"] == ">=3.11" and about["Version"] == __version__
    code = (
        "import json, importlib.metadata as m; from packaging.requirements import Requirement as R; "
        "asked = [r for r in map(R, m.requires('two-heads')) if not r.marker]; "
        "print(json.dumps([str(r) for r in asked if not r.specifier.contains(m.version(r.name))]), len(asked))"
    )
    assert run(installed, installed.python, "-c", code).stdout.split() == ["[]", str(len(pinned))]


def test_the_notebook_is_an_extra_whose_pin_the_tests_have_too(wheel):
    with zipfile.ZipFile(wheel) as file:
        about = message_from_bytes(file.read(f"two_heads-{__version__}.dist-info/METADATA"))
    [(wanted, marker)] = [line.split("; ") for line in about.get_all("Requires-Dist") if "extra ==" in line]
    assert about.get_all("Provides-Extra") == ["notebook"] and "notebook" in marker
    here = (ROOT / "requirements-dev.txt").read_text().splitlines()
    assert pin(wanted) in {pin(line) for line in here if "==" in line}


def pin(line: str) -> tuple[str, str]:
    asked = Requirement(line)
    [version] = asked.specifier
    assert version.operator == "==" and asked.marker is None, line
    return asked.name.lower().replace("_", "-"), version.version


def test_the_suite_builds_with_the_backend_that_pip_would_fetch():
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    here = (ROOT / "requirements-dev.txt").read_text().splitlines()
    assert asked and set(asked) <= set(here)


def test_it_draws_the_same_chart_as_here(installed, elsewhere, minilm, tmp_path):
    asked = ["chart", TEXT, "--heads", "L2H0", "--out"]
    done = run(installed, installed.program, *asked, "x.svg")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert main([*asked, str(tmp_path / "here.svg")]) == 0
    assert (elsewhere / "x.svg").read_bytes() == (tmp_path / "here.svg").read_bytes()


def test_it_is_imported_from_its_own_place_and_so_are_its_workers(installed, elsewhere):
    """The workers read paths from the person's folder, and no modules."""
    (elsewhere / "mine.txt").write_text(f"{TEXT}\nShe cooks it at home.\n")
    code = (
        "import dashboard, importlib.metadata as m; from dashboard import attention, open_model, profile; "
        f"model = open_model('minilm'); print(attention(model, {TEXT!r}, 'L2H0', unit='words').weights.shape); "
        "print(dashboard.__file__); print(m.version('two-heads') == dashboard.__version__); "
        "print(profile(model, 'mine.txt', 'mine', workers=2).about['sentences']['used']); open_model('smollm2')"
    )
    nothing = {"TWO_HEADS_CACHE": str(elsewhere / "none")}
    done = run(installed, installed.python, "-P", "-c", code, **nothing)
    shape, file, same, used = done.stdout.splitlines()
    assert (shape, same, used) == ("(11, 11)", "True", "2")
    assert Path(file) == installed.packages / "dashboard" / "__init__.py"
    assert "“two-heads models --get smollm2”" in done.stderr


def test_help_and_messages_name_the_command_that_was_called(installed, elsewhere, capsys):
    assert run(installed, installed.program, "chart", "--help").stdout.startswith("usage: two-heads chart ")
    assert "`two-heads chart --help`" in run(installed, installed.program, "chart").stderr
    (elsewhere / "dashboard.py").unlink()
    for name in ("numpy", "queue", "streamlit"):
        (elsewhere / f"{name}.py").unlink()
    module = run(installed, installed.python, "-m", "dashboard", "--help")
    assert module.stdout.startswith("usage: python -m dashboard ")
    assert main(["chart"]) == 2 and "`python -m dashboard chart --help`" in capsys.readouterr().err
    with pytest.raises(UserError, match="“python -m dashboard models --get no-one/no-model”"):
        open_model("no-one/no-model")


def test_the_dashboard_runs_in_any_folder_with_our_settings(installed, elsewhere, tmp_path):
    ours = installed.packages / "dashboard"
    before, there = files(ours), files(elsewhere)
    with running(tmp_path / "log.txt", program=[installed.program], folder=elsewhere, env=installed.environment) as url:
        with ThreadPoolExecutor(1) as pool:  # a browser of other tests may hold this thread's event loop
            pages = visited(url, "", "explore", "profile", "similarity", "toy")
            first, *others = pool.submit(asyncio.run, pages).result()
        [server] = living(command=installed.program)
        assert Path(server.cwd()) == elsewhere
    for page in (first, *others):
        assert not page.errors and page.seconds
    assert b"weights = softmax(masked)" in first.text and all(page.pictures for page in others)
    assert b"#45479b" in first.text and b"#fe0102" not in first.text
    assert files(ours) == before and files(elsewhere) == there


async def visited(url, *pages):
    """What came of each of these pages, opened one after another in one tab."""
    async with Visitor(url) as tab:
        return [await tab.go(page) for page in pages]


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}
