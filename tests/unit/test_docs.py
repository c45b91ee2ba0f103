"""The documents: links lead somewhere, files and names that they mention exist, and the site builds."""

import ast
import os
import re
import subprocess
import sys

import pytest

import dashboard
from dashboard.analyses.scores.scores import SCORES
from dashboard.ui.page_list import PAGES
from tools.docstrings import as_markdown
from tools.documentation import PLACES, TITLES, public_names, reference
from tools.server import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(file.relative_to(ROOT)) for file in DOCUMENTS]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
HOLDS_FILES = {".ci", ".streamlit", "bench", "dashboard", "docs", "pages", "tests", "tools"}
MADE_LATER = ("site/", "build/")


def anchors(text):
    """The anchors of a document's headings, as GitHub and MkDocs both make them."""
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def paths_in(text):
    """Files and folders of the repository that a document names in `code`."""
    for span in SPAN.findall(FENCE.sub("", text)):
        first = span.split("/")[0]
        is_path = re.fullmatch(r"[\w.\-]+(/[\w.\-]+)*/?", span) and (
            ("/" in span and first in HOLDS_FILES) or (span.endswith((".md", ".toml", ".txt")) and "/" not in span)
        )
        if is_path and not span.startswith(MADE_LATER):
            yield span


def test_every_document_is_read():
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/metrics.md"} <= set(NAMES)
    assert set(PLACES) == {name for name in NAMES if "/" not in name}


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_link_leads_somewhere(file):
    text = file.read_text(encoding="utf-8")
    for link in LINK.findall(FENCE.sub("", text)):
        if re.match(r"\w+:", link):
            continue
        target, _, anchor = link.partition("#")
        place = (file.parent / target).resolve() if target else file
        assert place.is_file() and place.is_relative_to(ROOT), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(place.read_text(encoding="utf-8")), f"{link}: there is no such heading"


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_path_that_is_named_exists(file):
    missing = [path for path in paths_in(file.read_text(encoding="utf-8")) if not (ROOT / path).exists()]
    assert missing == []


def test_a_path_that_is_gone_is_noticed():
    text = (
        "See `dashboard/heads/gone.py`, `gone.md`, `site/x.html`, `path/to/folder`, `a/b`.\n\n```\n`docs/no.md`\n```\n"
    )
    assert list(paths_in(text)) == ["dashboard/heads/gone.py", "gone.md"]


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_name_in_python_examples_exists(file):
    for code in re.findall(r"^```python\n(.*?)^```$", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module == "dashboard":
                assert {name.name for name in node.names} <= set(dashboard.__all__)


def test_every_command_in_the_documents_is_one():
    """What follows `two-heads` or `python -m dashboard` is parsed by the command line itself."""
    import shlex

    from dashboard.cli import build_parser

    parser = build_parser()
    seen = set()
    for file in DOCUMENTS:
        for line in re.findall(r"^    (?:two-heads|python -m dashboard) (.+)$", file.read_text("utf-8"), re.MULTILINE):
            asked = parser.parse_args(shlex.split(line))
            seen.add(asked.run)
    assert len(seen) >= 10


def test_the_earlier_names_are_in_the_changelog():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` | `{now}` |" in text for name, now in dashboard._EARLIER.items())
    assert f"## {dashboard.__version__}" in text


def test_metrics_define_the_scores_that_are_computed():
    rows = re.findall(r"^\| (`.+?`) \|", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == list(SCORES)


def test_every_page_has_its_question_in_the_documents():
    text = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \*\*(.+?)\*\* \|", text, re.MULTILINE) == [page.title for page in PAGES]


def test_the_reference_has_every_public_name_once():
    found = [name for names in public_names().values() for name, _ in names]
    assert sorted(found) == sorted(dashboard.__all__)
    assert set(TITLES) <= set(public_names())
    assert all(
        f"::: {place}" in "".join(reference().values()) for names in public_names().values() for _, place in names
    )


def test_docstrings_become_lists():
    docstring = "One.\n\nAttributes\n----------\nrows, keys: which\n    ones\nlow: the least; high: the most\n\nRaises."
    wanted = (
        "One.\n\n**Attributes**\n\n- `rows`, `keys`: which\n    ones\n- `low`: the least\n- `high`: the most\n\nRaises."
    )
    assert as_markdown(docstring) == wanted


def test_the_site_builds_without_a_warning_or_another_server(tmp_path):
    """Strictly: a broken link, anchor or cross reference ends the build. 3 s of one processor core."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path)]
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    made = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "ablate_on_text" in (tmp_path / "reference" / "ablation.html").read_text(encoding="utf-8")
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(r"<(?:script|link|img)\b[^>]*?(?:src|href)=\"([^\"]+)\"", page.read_text(encoding="utf-8"))
        assert not [address for address in loaded if re.match(r"(\w+:)?//", address)], page.name
