"""A link says nothing of this machine: what it names by a path is opened only by a person, and no address raises."""

import random
import re

import pytest
import spacy

from dashboard.models.catalogue import location
from dashboard.ui.frame.example_texts import EXAMPLES
from tests.helpers.addresses import any_address
from tests.helpers.pages import framed, lines, notices, opened, read, said

THERE = (
    "/etc",
    "/",
    "/etc/passwd",
    "~",
    ".",
    "..",
    "../..",
    "dashboard/ui",
    "tests/page",
    "tests/../README.md",
    "pages/explore.py",
    "./dashboard",
    "/dev/zero",
    "/proc/self",
    ".streamlit",
    ".venv",
)
NOT_THERE = (
    "/etcetera",
    "/etc/no-such-file",
    "~nobody-of-this-name",
    "../nowhere",
    "dashboard/nowhere",
    "tests/pages",
    "tests/../README.mb",
    "C:\\nowhere",
    ".\\x",
    "a/b/c",
    "x" * 1000,
    "owner/name@main/../../../etc",
    "owner/..@x",
    "a/b@" + "../" * 9,
    "/" + "y/" * 400,
)
ELSEWHERE = (
    r"\\host\share",
    "//host/share",
    r"\/host/share",
    "file:///etc",
    "file://host/x",
    "FILE:/etc",
    "smb://h/s",
    "http://127.0.0.1:9/model",
    r"\\?\C:\x",
    r"\\.\pipe\x",
)


def told(app, name):
    """All that the page says, without the name itself."""
    shown = (name if len(name) <= 80 else f"{name[:80]}…").replace("\\", "")
    page = read(app)
    for before, after in (("“", "”"), (" of ", ","), ("model ", " "), ("download ", ")"), (" of ", " look")):
        page = page.replace(f"{before}{shown}{after}", "…")
    return page


def refused(app) -> bool:
    """Whether it tells that no link opens what is named."""
    return any("Links do not open" in one for one in notices(app))


def no_parse(app) -> list[str]:
    """The lines that tell why there is no parse."""
    return [line for line in lines(app) if line.startswith("No parse")]


def buttons(app):
    """Those of the page itself, without the menu's."""
    menu = {"Read this text", *EXAMPLES}
    return [button.label for button in app.main.button if button.label not in menu]


def test_a_path_in_a_link_is_told_the_same_whether_it_is_there_or_not(monkeypatch):
    looked = []
    monkeypatch.setattr("dashboard.models.resolve.check_folder", lambda folder, name: looked.append(name))
    first, *others = [opened(model=name) for name in (*THERE, *NOT_THERE)]
    for app, name in zip(others, [*THERE, *NOT_THERE][1:], strict=True):
        assert not app.exception and told(app, name) == told(first, THERE[0]), name
        assert buttons(app) == buttons(first) == ["Open it"]
        assert app.selectbox(key="choose_model").value == name
    assert refused(first) and not looked


def test_a_word_in_a_link_is_no_folder(snapshot):
    first, *others = [opened(model=name) for name in ("dashboard", "dashboards", "README.md", "README.mb", "tests")]
    for app, name in zip(others, ("dashboards", "README.md", "README.mb", "tests"), strict=True):
        assert not app.exception and buttons(app) == buttons(first) == []
        assert read(app).replace("\u2060", "").replace(name, "…") == read(first).replace("“dashboard”", "“…”"), name
    assert notices(first) == snapshot


def test_a_model_of_the_hub_that_is_here_opens_by_a_link_and_leads_nowhere_else(monkeypatch, tmp_path):
    """A folder of that name in the place where the dashboard was started is not taken for it."""
    asked = []
    monkeypatch.setattr("dashboard.models.hub.cached", lambda name: asked.append(name) or location("minilm"))
    monkeypatch.chdir(tmp_path)
    app = opened(model="owner/name", layer="2", head="9")
    assert not app.exception and "L2H9" in said(app) and not refused(app)
    (tmp_path / "owner" / "name").mkdir(parents=True)
    assert refused(opened(model="owner/name"))
    asked.clear()
    for name in ("owner/other@main/../../../etc", "owner/other@../x"):
        assert refused(opened(model=name))
    assert asked == []


def test_an_address_of_another_machine_is_opened_by_no_button():
    for name in ELSEWHERE:
        app = opened(model=name)
        assert not app.exception and refused(app) and not buttons(app), name


@pytest.mark.parametrize(
    ("page", "field", "more"), [("compare", "other_model", {"mode": "models"}), ("similarity", "other_model", {})]
)
def test_the_second_model_is_told_the_same_too(page, field, more):
    first, *others = [opened(page, **more | {field: name}) for name in ("/etc", "/nowhere", "dashboard/ui", "a/b")]
    for app, name in zip(others, ("/nowhere", "dashboard/ui", "a/b"), strict=True):
        assert not app.exception and told(app, name) == told(first, "/etc") and buttons(app) == buttons(first)
    assert refused(first)


def test_a_parser_is_told_the_same_too(tmp_path):
    spacy.blank("de").to_disk(tmp_path / "model")
    names = (str(tmp_path / "model"), str(tmp_path / "no-model"), str(tmp_path), "/etc", "../x", "./dashboard")
    first, *others = [opened("profile", parser=name) for name in names]
    for app, name in zip(others, names[1:], strict=True):
        assert not app.exception and told(app, name) == told(first, names[0]), name
        assert buttons(app) == buttons(first)
    assert "Open it" in buttons(first)
    # A bare name may be a package's; whether a folder here is called so is not told either.
    here, not_here = opened("profile", parser="dashboard"), opened("profile", parser="dashboards")
    assert told(here, "dashboard") == told(not_here, "dashboards")
    assert not here.exception and "Open it" not in buttons(here)
    app = opened("profile", parser=r"\\host\share")
    assert not app.exception and refused(app) and "Open it" not in buttons(app)


def test_a_parsers_name_of_300_letters_is_told(snapshot):
    app = opened("profile")
    for name in ("a" * 300, "/" + "b" * 300, "c" * 1000, "d\u0000e", "é" * 300):
        app.text_input(key="choose_parser").set_value(name).run()
        [line] = no_parse(app)
        assert not app.exception and name[:40].replace("\0", "") in line, name
    app = opened("profile", parser="a" * 300)
    [line] = no_parse(app)
    assert not app.exception and line == snapshot


def test_a_person_opens_it_with_all_that_the_link_says(monkeypatch, tmp_path):
    """By the button, or on the page Models: in this session only."""
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))  # the folder is noted there
    folder = str(location("minilm"))
    app = opened(model=folder, layer="3", head="7", text="Birds sing at dawn.")
    assert "L3H7" not in said(app)
    next(button for button in app.main.button if button.label == "Open it").click().run()
    assert not app.exception and "L3H7" in said(app) and app.query_params["model"] in (folder, [folder])
    app.switch_page("../pages/compare.py").run()
    assert not app.exception and not refused(app)
    assert refused(opened(model=folder))
    own = opened("models")
    next(one for one in own.main.text_input if one.label == "Folder, file or hub id").set_value(folder)
    next(button for button in own.main.button if button.label == "Open this model").click().run()
    assert not own.exception and own.query_params["model"] in (folder, [folder])


def test_no_address_brings_a_page_down():
    chance = random.Random(12)
    pages = [
        "compare",
        "inside",
        "query_key",
        "profile",
        "find_heads",
        "ablation",
        "similarity",
        "toy",
        "long_range",
        "layers",
        "corpus",
        "models",
        None,
    ]
    for k in range(52):
        asked = any_address(chance)
        address = {name: value.encode("utf-8", "replace").decode() for name, value in asked.items() if name}
        app = opened(pages[k % len(pages)], **address)
        assert not app.exception, (pages[k % len(pages)], address)
        assert framed(app), address
        assert not re.search(r"Traceback|Error:", said(app))
