"""A new kind of file, score, view or choice is one entry: everything else takes it from there."""

import gzip
import io
import subprocess
import sys
import zipfile
from importlib import import_module

import pandas as pd
import pytest

from dashboard import formats
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.scores.scores import OF_MODEL, OF_TEXT, SCORES
from dashboard.commands.shared import dotted
from dashboard.errors import UserError
from dashboard.export import Provenance, ReportFigure, bundle, figure_bytes, report_bytes
from dashboard.export.save import save
from dashboard.formats import FORMATS, REPORTS, Format, content, either, endings
from dashboard.ui.url_state import DEFAULTS, KINDS, to_address
from tools.server import ROOT

PROVENANCE = Provenance(
    model="minilm",
    revision="",
    text="a",
    heads=(),
    unit="tokens",
    special="show",
    view="heatmap",
    options={},
    title="M",
)
CHART = {"mark": "point", "data": {"values": [{"a": 1}]}, "encoding": {"x": {"field": "a", "type": "quantitative"}}}


def test_every_function_that_is_imported_later_is_there():
    functions = [entry.write for entry in (*FORMATS.values(), *REPORTS.values()) if entry.write]
    functions += [entry.read for entry in FORMATS.values() if entry.read]
    functions += [view.draw for view in VIEWS.values()] + [*OF_MODEL.values()]
    assert len(functions) > 15
    for function in functions:
        assert callable(getattr(import_module(function.__module__), function.__name__)), function


def test_a_new_format_is_one_entry(monkeypatch, tmp_path, refuses):
    def squeezed(chart, provenance):
        return gzip.compress(figure_bytes(chart, "svg", provenance), mtime=0)

    monkeypatch.setitem(
        FORMATS, "svgz", Format("SVGZ", "image/svg+xml", "figure", "", squeezed, contents="the picture")
    )
    assert dotted("figure").endswith(".svgz") and "svgz" in endings("figure")
    assert gzip.decompress(save(CHART, tmp_path / "a.svgz", PROVENANCE).read_bytes()).startswith(b"<svg")
    with zipfile.ZipFile(io.BytesIO(bundle(CHART, pd.DataFrame({"a": [1]}), [], PROVENANCE))) as archive:
        [packed] = [name for name in archive.namelist() if name.endswith(".svgz")]
        [listed] = [name for name in archive.namelist() if name.endswith("README.txt")]
        assert gzip.decompress(archive.read(packed)).startswith(b"<svg")
        assert ".png, .svg, .pdf, .svgz   the picture" in archive.read(listed).decode()
    with refuses(UserError, ".json", ".svgz", ".csv"):
        save(CHART, tmp_path / "a.csv", PROVENANCE)


def test_a_new_report_format_is_one_entry(monkeypatch):
    def listed(figures, title):
        return "\n".join([title, *(figure.heading for figure in figures)]).encode()

    monkeypatch.setitem(REPORTS, "txt", Format("Text", "text/plain", "report", "", listed))
    figures = [ReportFigure(CHART, pd.DataFrame({"a": [1]}), (), PROVENANCE)]
    text = report_bytes(figures, "txt", "Two heads")
    assert text.decode().splitlines() == ["Two heads", figures[0].heading]
    with zipfile.ZipFile(io.BytesIO(report_bytes(figures, "zip", "Two heads"))) as archive:
        assert archive.read("report/report.txt") == text
        assert {"report/report.html", "report/report.pdf"} <= set(archive.namelist())
    with pytest.raises(ValueError, match="gif"):
        report_bytes(figures, "gif")


def test_a_format_holds_what_it_says(refuses):
    for ending in FORMATS:
        for holds in ("figure", "table", "matrix", "bundle"):
            if holds != FORMATS[ending].holds:
                with pytest.raises(ValueError, match=ending):
                    content(holds, ending, CHART)
    with pytest.raises(ValueError, match="gif"):
        content("figure", "gif", CHART)
    assert either(["csv"]) == ".csv" and either(["csv", "xlsx", "parquet"]) == ".csv, .xlsx or .parquet"
    assert set(formats.readable()) <= set(endings("table"))


def test_a_score_is_of_the_text_or_of_the_model():
    assert sorted([*OF_TEXT, *OF_MODEL]) == sorted(SCORES)
    for name, score in SCORES.items():
        assert score.title and score.source and score.help.endswith("."), name


def test_every_choice_reads_and_writes_its_default():
    assert list(KINDS) == list(DEFAULTS.__dataclass_fields__)
    assert to_address(DEFAULTS) == {}


def test_help_and_the_names_of_scores_and_views_import_nothing_heavy():
    asked = (
        "import sys, dashboard.analyses.scores.scores, dashboard.analyses.explore.views, dashboard.cli;"
        "dashboard.cli.build_parser();"
        "print([name for name in ('torch', 'pandas', 'altair', 'numpy', 'streamlit') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
