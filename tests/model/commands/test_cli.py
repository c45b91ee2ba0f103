"""The command line as a script uses it: files that open, or one sentence and exit status 2."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dashboard import attention, contributions
from dashboard.analyses.scores.scores import SCORES
from dashboard.cli import main
from dashboard.export.typography import runs
from dashboard.heads.links import links
from tests.helpers.sentences import numbers
from tools.server import ROOT

TEXT = "The chef who trained in Osaka says ramen is her favourite food."


def refused(capsys, *arguments: str) -> str:
    """The one sentence on standard error of a command that must be refused."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1 and said.err.strip().endswith((".", "…"))
    return said.err.strip()


def test_attention_as_npz_is_the_model_s_own(minilm, tmp_path):
    out = tmp_path / "a.npz"
    assert main(["attention", TEXT, "--layer", "2", "--head", "9", "--out", str(out)]) == 0
    with np.load(out, allow_pickle=False) as file:
        view = attention(minilm, TEXT, "L2H9")
        assert np.array_equal(file["weights"], view.weights)
        assert list(file["tokens"]) == list(view.labels)
        assert list(file["special"]) == list(view.special)
        assert file["weights"].shape == (16, 16)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_attention_as_a_table_has_a_row_a_link(minilm, tmp_path, ending):
    out = tmp_path / f"a.{ending}"
    assert main(["attention", TEXT, "--layer", "2", "--head", "9", "--unit", "words", "--out", str(out)]) == 0
    table = pd.read_csv(out) if ending == "csv" else pd.read_parquet(out)
    assert len(table) == 15 * 15
    assert np.allclose(table.groupby("from_position")["weight"].sum(), 1, atol=1e-5)


def test_contributions_as_a_matrix_a_table_and_a_picture(minilm, capsys, tmp_path, snapshot):
    [view] = contributions(minilm, TEXT, ["L2H9"], unit="words")
    asked = [TEXT, "--unit", "words", "--measure", "contribution"]
    one = ["attention", *asked, "--layer", "2", "--head", "9", "--out"]
    assert main([*one, str(tmp_path / "a.npz")]) == 0 and main([*one, str(tmp_path / "a.csv")]) == 0
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert np.allclose(file["contributions"], view.weights)
    table = pd.read_csv(tmp_path / "a.csv")
    assert np.allclose(table["contribution"], view.weights.ravel(), atol=1e-6)
    chart = ["chart", *asked, "--heads", "L2H9", "--out", str(tmp_path / "a.svg")]
    assert main(chart) == 0 and "contribution" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    capsys.readouterr()
    assert "atlas" in (told := refused(capsys, *chart, "--view", "atlas")) and told == snapshot


def test_scores_have_a_row_a_head(tmp_path):
    out = tmp_path / "scores.csv"
    assert main(["scores", TEXT, "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert list(table.columns) == ["layer", "head", *SCORES]
    assert len(table) == 72
    shares = [name for name, score in SCORES.items() if score.unit == "share"]
    assert table[shares].max().max() <= 1 and table[shares].min().min() >= 0


@pytest.mark.parametrize("view", ["heatmap", "lines", "arcs", "reading", "atlas"])
@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "html", "json"])
def test_every_view_in_every_format(tmp_path, view, ending):
    out = tmp_path / f"picture.{ending}"
    assert main(["chart", TEXT, "--heads", "L2H0", "--view", view, "--out", str(out)]) == 0
    if ending == "png":
        assert min(Image.open(out).size) > 100
    elif ending == "json":
        assert "minilm" in json.dumps(json.loads(out.read_text())["usermeta"])
    else:
        start = {"svg": b"<svg", "pdf": b"%PDF-", "html": b"<!doctype html"}[ending]
        assert out.read_bytes()[:20].lower().startswith(start.lower())


@pytest.mark.parametrize("view", ["compare", "difference", "heatmap", "lines", "arcs"])
def test_two_heads_in_one_picture(tmp_path, view):
    out = tmp_path / "pair.svg"
    assert main(["chart", TEXT, "--heads", "L2H0,L2H9", "--view", view, "--out", str(out)]) == 0
    assert "L2H0" in out.read_text() and "L2H9" in out.read_text()


def test_the_atlas_outlines_the_heads_that_are_named(tmp_path):
    def drawn(*heads):
        out = tmp_path / "atlas.svg"
        assert main(["chart", TEXT, "--view", "atlas", *heads, "--out", str(out)]) == 0
        return out.read_text()

    assert drawn().count('stroke-dasharray="3,2"') == 0
    named = drawn("--heads", "L2H0,L3H1")
    assert named.count('stroke-dasharray="3,2"') == 2 and "L2H0" in named and "L3H1" in named


def test_scores_of_the_causal_model_have_no_next(smollm2, tmp_path):
    out = tmp_path / "scores.parquet"
    assert main(["scores", TEXT, "--model", "smollm2", "--out", str(out)]) == 0
    table = pd.read_parquet(out)
    assert len(table) == 270
    assert table["next"].isna().all() and table["previous"].notna().all()


def test_bad_input_is_one_sentence_and_no_file(capsys, tmp_path, snapshot):
    out = str(tmp_path / "a.csv")
    chart = str(tmp_path / "a.svg")
    head = ["--layer", "2", "--head", "9"]
    said = [
        refused(capsys, "attention", "", *head, "--out", out),
        refused(capsys, "scores", " \n ", "--out", out),
        refused(capsys, "attention", TEXT, "--layer", "-1", "--head", "9", "--out", out),
        refused(capsys, "scores", TEXT, "--out", str(tmp_path / "no" / "such" / "a.csv")),
        refused(capsys, "chart", TEXT, "--heads", "L2H0", "--view", "difference", "--out", chart),
    ]
    assert [one.replace(str(tmp_path), "…") for one in said] == snapshot
    assert "nothing-like-it" in refused(capsys, "scores", TEXT, "--model", "nothing-like-it", "--out", out)
    assert "L99H9" in refused(capsys, "attention", TEXT, "--layer", "99", "--head", "9", "--out", out)
    assert "two" in refused(capsys, "attention", TEXT, "--layer", "two", "--head", "9", "--out", out)
    assert ".parquet" in refused(capsys, "attention", TEXT, *head, "--out", str(tmp_path / "a.ods"))
    assert ".csv" in refused(capsys, "scores", TEXT, "--out", str(tmp_path / "scores"))
    (tmp_path / "folder.csv").mkdir()
    assert "folder.csv" in refused(capsys, "scores", TEXT, "--out", str(tmp_path / "folder.csv"))
    assert "cat" in refused(capsys, "chart", TEXT, "--heads", "L2H0,cat", "--out", chart)
    assert "L2H99" in refused(capsys, "chart", TEXT, "--heads", "L2H0,L2H99", "--out", chart)
    assert "--heads" in refused(capsys, "chart", TEXT, "--out", chart)
    assert "beauty" in refused(capsys, "chart", TEXT, "--view", "atlas", "--score", "beauty", "--out", chart)
    assert "3d" in refused(capsys, "chart", TEXT, "--heads", "L2H0", "--view", "3d", "--out", chart)
    assert "--out" in refused(capsys, "scores", TEXT)
    assert "dance" in refused(capsys, "dance")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


def test_folders_that_are_no_model(capsys, tmp_path):
    out = str(tmp_path / "a.csv")
    empty, pickled, strange = (tmp_path / name for name in ("empty", "pickled", "strange"))
    for folder in (empty, pickled, strange):
        folder.mkdir()
    (pickled / "config.json").write_text('{"model_type": "bert"}')
    (pickled / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    (strange / "config.json").write_text('{"model_type": "no-such-architecture"}')
    (strange / "model.safetensors").write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")
    assert "config.json" in refused(capsys, "scores", TEXT, "--model", str(empty), "--out", out)
    assert "safetensors" in refused(capsys, "scores", TEXT, "--model", str(pickled), "--out", out)
    refused(capsys, "scores", TEXT, "--model", str(strange), "--out", out)
    assert not (tmp_path / "a.csv").exists()


def test_a_text_over_the_limit_is_cut_aloud(capsys, tmp_path):
    out = tmp_path / "a.csv"
    assert main(["scores", "word " * 2000, "--out", str(out)]) == 0
    assert "1,490" in capsys.readouterr().err


def test_it_runs_as_a_program_and_lists_the_models():
    done = subprocess.run([sys.executable, "-m", "dashboard", "models"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert "minilm" in done.stdout and "smollm2" in done.stdout
    done = subprocess.run([sys.executable, "-m", "dashboard", "scores", ""], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1


def test_a_picture_says_what_the_page_says_of_it(capsys, tmp_path, monkeypatch, snapshot):
    """Signs that no font here draws, where that matters, and the part of a long text that is drawn."""
    monkeypatch.setattr("dashboard.export.typography.runs.families", dict)
    for cached in (runs.runs, runs._face_for, runs._ranked):
        cached.cache_clear()
    asked = ["chart", "The chef says ไท.", "--heads", "L2H0", "--out"]
    for ending, told in (("png", True), ("pdf", True), ("svg", False), ("html", False)):
        assert main([*asked, str(tmp_path / f"a.{ending}")]) == 0
        assert ("Thai" in capsys.readouterr().err) == told, ending
    for cached in (runs.runs, runs._face_for, runs._ranked):
        cached.cache_clear()
    long = " ".join(f"word{k}" for k in range(90))
    assert main(["chart", long, "--heads", "L2H0", "--view", "arcs", "--out", str(tmp_path / "a.svg")]) == 0
    [told] = [line for line in capsys.readouterr().err.splitlines() if "50" in line]
    assert numbers(told) == [50, 92] and told == snapshot
    assert main(["chart", long, "--view", "atlas", "--out", str(tmp_path / "a.svg")]) == 0
    assert told not in capsys.readouterr().err


def test_a_table_for_excel_by_its_ending(minilm, tmp_path):
    import openpyxl

    out = tmp_path / "a.xlsx"
    text = "=1+1 is what the chef says"
    assert main(["attention", text, "--layer", "2", "--head", "9", "--unit", "words", "--out", str(out)]) == 0
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(out)["Table"]]
    expected = links(attention(minilm, text, "L2H9", unit="words"))
    assert rows[0] == list(expected.columns) and len(rows) == len(expected) + 1
    weight = rows[0].index("weight")
    assert np.allclose([row[weight] for row in rows[1:]], expected["weight"], rtol=1e-7)
    assert main(["scores", text, "--out", str(tmp_path / "s.xlsx")]) == 0
    assert openpyxl.load_workbook(tmp_path / "s.xlsx")["Table"].max_row == 73
