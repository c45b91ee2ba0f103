"""Several figures in one file."""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from dataclasses import replace

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


def pages(figures):
    read = pypdf.PdfReader(io.BytesIO(report_pdf(figures)))
    return read, [" ".join(page.extract_text().split()) for page in read.pages]


def test_the_pdf_has_a_title_page_and_a_page_for_each_figure(figures):
    read, said = pages(figures)
    assert len(said) == 3
    for number, (one, page) in enumerate(zip(figures, said[1:], strict=True), 1):
        for text in (f"{number}. {one.heading}", one.finding):
            assert " ".join(text.split()) in said[0] and " ".join(text.split()) in page
    assert "My note" in said[1] and "MiniLM (minilm)" in said[1]
    assert [entry.title for entry in read.outline] == [f"{k}. {one.heading}" for k, one in enumerate(figures, 1)]
    assert [read.get_destination_page_number(entry) for entry in read.outline] == [1, 2]
    assert report_pdf(figures) == report_pdf(figures)


def test_the_pdf_has_one_page_size_and_a_long_note_goes_on():
    long = "\n".join(f"Line {k} of a long note." for k in range(120))
    wide = figure(" ".join(f"word{k}" for k in range(60)), note=long)
    read, said = pages([wide, figure()])
    assert {tuple(map(round, page.mediabox[2:])) for page in read.pages} == {(595, 842)}
    assert len(said) > 3 and "rows: queries" in said[1]
    assert [line for line in long.split("\n") if not any(line in page for page in said)] == []
    assert read.get_destination_page_number(read.outline[1]) == len(said) - 1


def test_many_findings_take_more_than_one_title_page():
    read, said = pages([replace(figure("a b"), title="A title of several words " * 8)] * 12)
    assert len(said) > 13 and read.get_destination_page_number(read.outline[0]) == len(said) - 12
    assert "12. A title" in "".join(said[:-12])


def test_heads_of_two_models_are_named_with_their_models():
    one = figure(note="Two")
    options = {"other_model": "smollm2", "other_revision": "sha256:12", "other_title": "SmolLM2 135M"}
    origin = replace(one.provenance, heads=("L2H8", "L2H8"), view="compare", options=options)
    both = replace(one, provenance=origin)
    named = "L2H8 of MiniLM and L2H8 of SmolLM2 135M"
    sources = "MiniLM (minilm) and SmolLM2 135M (smollm2, sha256:12)"
    page = report_html([both]).decode()
    assert f"1. {named}" in page and sources in page
    _, said = pages([both])
    assert named in said[0] and named in said[1] and sources in said[1]
    with zipfile.ZipFile(io.BytesIO(report_zip([both]))) as archive:
        assert named in archive.read("report/make_again.py").decode()
        assert "report/01-minilm-L2H8-smollm2-L2H8-compare/provenance.json" in archive.namelist()


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
