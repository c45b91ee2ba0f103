"""Several figures in one file."""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile

import pypdf
import pytest

from dashboard.charts.labels import width_of
from dashboard.charts.titles import wrap
from dashboard.export import report_html, report_pdf, report_zip
from tests.helpers.reports import figure

HOSTILE = "</script><script>alert(1)</script> <b>bold</b> \x00 مرحبا"


@pytest.fixture(scope="module")
def figures():
    return [figure(note="My note"), figure(HOSTILE, note=HOSTILE + " \ud800", view="arcs")]


def test_the_page_holds_every_figure_and_nothing_a_person_typed_runs(figures):
    page = report_html(figures).decode()
    specs = json.loads(re.search(r"^const specs = (.*);$", page, re.MULTILINE)[1])
    assert [spec["title"]["text"][0] for spec in specs.values()] == ["L2H8 · MiniLM", "L2H8 · MiniLM"]
    assert page.count("<script") == page.count("</script>") == 2
    assert "<b>" not in page
    assert '<p class="note">My note</p>' in page
    assert page.count("from dashboard import") == 2  # the lines that make each again
    assert "default-src" in page


def test_the_pdf_has_a_title_page_and_a_page_for_each_figure(figures):
    read = pypdf.PdfReader(io.BytesIO(report_pdf(figures)))
    assert len(read.pages) == 3
    first = read.pages[0].extract_text()
    assert "1. L2H8 · MiniLM · heatmap" in first
    assert "My note" in first
    assert [entry.title for entry in read.outline] == [f"{k}. {one.heading}" for k, one in enumerate(figures, 1)]
    said = [page.extract_text() for page in read.pages[1:]]
    assert "Figure 1. My note" in said[0] and "L2H8" in said[0] and "Figure 2. </script>" in said[1]


def test_many_findings_take_more_than_one_title_page():
    many = [figure("a b", note="word " * 150)] * 8
    read = pypdf.PdfReader(io.BytesIO(report_pdf(many)))
    assert len(read.pages) > 9
    assert "8. L2H8" in "".join(page.extract_text() for page in read.pages[:-8])


@pytest.mark.parametrize("word", ["x" * 300, "漢字仮名交じり文" * 20, "https://example.org/" + "a/b" * 60])
def test_a_note_without_a_space_stays_on_its_page(word):
    rows = wrap(f"one {word} two · three", 200, 11)
    assert all(width_of(row, 11) <= 200 for row in rows)
    assert re.sub(r"[\s·]", "", "".join(rows)) == f"one{word}twothree"
    assert wrap("one two", 200, 11) == ["one two"]


def test_the_zip_has_all_files_and_a_script_that_can_be_read(figures):
    packed = report_zip(figures)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = archive.namelist()
        script = archive.read("report/make_again.py").decode()
    ast.parse(script)
    assert script.count("save(thing") == 2
    assert {"report/report.html", "report/report.pdf", "report/01-minilm-L2H8-heatmap/note.txt"} <= set(names)
    assert "report/02-minilm-L2H8-arcs/minilm-L2H8-arcs.csv" in names
    assert packed == report_zip(figures)
