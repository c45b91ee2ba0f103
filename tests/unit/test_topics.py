"""One word for a topic: of its page, its address, its folder and its tests."""

import ast
from graphlib import TopologicalSorter

from dashboard.installed import HOME
from dashboard.ui.page_list import LEADS_TO, PAGES
from tools.server import ROOT

ANALYSES = {folder.parent.name for folder in (ROOT / "dashboard" / "analyses").glob("*/api.py")}
KITS = {"corpus": "corpus", "models": "models", "report": "export"}  # pages of what all analyses share
NO_PAGE = {"card", "contribution", "logit_attribution", "scores"}  # on other topics' pages, or on none
TOUR = {"card", "course", "gallery", "glossary"}  # what leads through the others, and so knows them


def imports_between(sources):
    """Of (topic, source of a module) pairs: each import of another topic, as (topic, that topic)."""
    found = []
    for topic, source in sources:
        for node in ast.walk(ast.parse(source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{name}" for name in names]
            topics = {name.split(".")[2] for name in names if name.startswith("dashboard.analyses.")}
            found += [(topic, other) for other in topics - {topic}]
    return found


def test_every_page_has_a_file_an_address_a_folder_and_tests_of_one_name():
    names = [page.name for page in PAGES]
    assert sorted(names) == sorted(file.stem for file in (HOME / "pages").glob("*.py"))
    for name in names:
        assert (ROOT / "dashboard" / KITS.get(name, f"analyses/{name}") / "__init__.py").is_file(), name
        assert [folder for folder in (ROOT / "tests").glob(f"*/{name}") if any(folder.glob("test_*.py"))], name


def test_every_analysis_has_a_door_and_a_page_or_says_that_it_has_none():
    folders = {file.parent.name for file in (ROOT / "dashboard" / "analyses").glob("*/__init__.py")} - {"analyses"}
    assert folders == ANALYSES
    assert {page.name for page in PAGES} - KITS.keys() | NO_PAGE == ANALYSES


def test_no_address_is_taken_twice():
    names = [page.name for page in PAGES]
    assert not set(names[1:]) & set(LEADS_TO) and len(set(names)) == len(names)


def test_no_folder_is_a_heap_and_no_module_long():
    for folder in {file.parent for file in (ROOT / "dashboard").rglob("*.py")}:
        assert len([file for file in folder.glob("*.py") if file.name != "__init__.py"]) <= 25, folder
    for file in [*(ROOT / "dashboard").rglob("*.py"), *(HOME / "pages").glob("*.py")]:
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 300, file


def test_analyses_hardly_know_one_another_and_never_in_a_circle():
    top = ROOT / "dashboard" / "analyses"
    files = [file for topic in ANALYSES for file in (top / topic).rglob("*.py")]
    found = imports_between((file.relative_to(top).parts[0], file.read_text(encoding="utf-8")) for file in files)
    assert 0 < len([one for one, _ in found if one not in TOUR]) <= 10
    below = {topic: {other for one, other in found if one == topic} for topic in ANALYSES}
    assert len([*TopologicalSorter(below).static_order()]) == len(ANALYSES)  # raises CycleError at a circle


def test_every_way_to_import_another_analysis_is_seen():
    ways = (
        "from dashboard.analyses.scores.api import scores, overview",
        "from dashboard.analyses.scores import api, text",
        "from dashboard.analyses import scores, toy",
        "import dashboard.analyses.scores.api",
        "def inner():\n    from dashboard.analyses.scores import api",
    )
    assert imports_between(("toy", way) for way in ways) == [("toy", "scores")] * len(ways)
