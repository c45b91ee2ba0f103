"""One word for a topic: of its page, its address, its folder and its tests."""

from dashboard.installed import HOME
from dashboard.ui.page_list import LEADS_TO, PAGES
from tools.server import ROOT

ANALYSES = {folder.parent.name for folder in (ROOT / "dashboard" / "analyses").glob("*/api.py")}
KITS = {"corpus", "models"}  # pages of what all analyses share
NO_PAGE = {"contribution", "logit_attribution", "scores"}  # analyses that stand on other topics' pages


def test_every_page_has_a_file_an_address_a_folder_and_tests_of_one_name():
    names = [page.name for page in PAGES]
    assert sorted(names) == sorted(file.stem for file in (HOME / "pages").glob("*.py"))
    for name in names:
        assert (ROOT / "dashboard" / ("" if name in KITS else "analyses") / name / "__init__.py").is_file(), name
        assert [folder for folder in (ROOT / "tests").glob(f"*/{name}") if any(folder.glob("test_*.py"))], name


def test_every_analysis_has_a_door_and_a_page_or_says_that_it_has_none():
    folders = {file.parent.name for file in (ROOT / "dashboard" / "analyses").glob("*/__init__.py")} - {"analyses"}
    assert folders == ANALYSES
    assert {page.name for page in PAGES} - KITS | NO_PAGE == ANALYSES


def test_no_address_is_taken_twice():
    names = [page.name for page in PAGES]
    assert not set(names[1:]) & set(LEADS_TO) and len(set(names)) == len(names)


def test_no_folder_is_a_heap_and_no_module_long():
    for folder in {file.parent for file in (ROOT / "dashboard").rglob("*.py")}:
        assert len([file for file in folder.glob("*.py") if file.name != "__init__.py"]) <= 25, folder
    for file in [*(ROOT / "dashboard").rglob("*.py"), *(HOME / "pages").glob("*.py")]:
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 300, file
