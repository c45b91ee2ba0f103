"""A profile of the embedded model over a small treebank: stopped, resumed, refused."""

from __future__ import annotations

import json
import sys

import numpy as np
import openpyxl
import pandas as pd
import pytest
import spacy

from dashboard import UserError, profile
from dashboard.analyses.profile.budget import CHANNELS
from dashboard.analyses.profile.chunk import Chunk
from dashboard.analyses.profile.library import compare_profiles, read_profile
from dashboard.analyses.profile.roles import FIGURES
from dashboard.cli import main
from dashboard.export.table import table_bytes
from dashboard.text import read_treebank
from dashboard.text.parse import PARSER

TABLES = ("heads.parquet", "dependencies.parquet", "relations.parquet", "moments.parquet", "sentences.parquet")


def test_what_is_written(whole):
    out, result = whole
    heads = pd.read_parquet(out / "heads.parquet")
    channels = [*(f"budget_{name}" for name in CHANNELS), *(f"twin_{name}" for name in CHANNELS)]
    bits = [f"bits_{name}{end}" for name in FIGURES for end in ("", "_low", "_high")]
    assert list(heads.columns) == ["layer", "head", *channels, "queries", "active", *bits, "lean", "role"]
    assert (
        len(heads) == 72 and np.allclose(heads[channels[:7]].sum(1), 1) and np.allclose(heads[channels[7:]].sum(1), 1)
    )
    table = pd.read_parquet(out / "dependencies.parquet")
    assert list(table.columns) == [
        "relation",
        "direction",
        "layer",
        "head",
        "n",
        "correct",
        "accuracy",
        "baseline",
        "offset",
        "lift",
        "low",
        "high",
        "q",
    ]
    assert table["q"].between(0, 1, inclusive="right").all() and table["q"].nunique() > 3
    assert set(table.direction) == {"dependent->head", "head->dependent"} and "punct" not in set(table.relation)
    assert table.relation[0] == result.best.relation[0] == "all" and (table.relation == "all").sum() == 2 * 72
    about = json.loads((out / "profile.json").read_text())
    assert about["sentences"]["used"] >= 140 and about["sentences"]["left_out"] == 2
    assert [one["line"] for one in about["sentences"]["reasons"]] == [1, 3]
    assert about["file"] == "small.conllu" and about["model"] == "minilm" and len(about["sha256"]) == 64
    assert not (out / "chunks").exists() and result.about == about


@pytest.mark.parametrize("format", ["parquet", "csv", "xlsx"])
def test_what_was_written_is_read_again(whole, format, tmp_path):
    out, result = whole
    if format != "parquet":
        for name in TABLES:
            made = table_bytes(pd.read_parquet(out / name), format)
            (tmp_path / name.replace("parquet", format)).write_bytes(made)
        (tmp_path / "profile.json").write_text(json.dumps({**result.about, "format": format}))
        out = tmp_path
    found = read_profile(out)
    for one in ("heads", "dependencies", "best", "moments", "sentences"):
        # Scores are of single precision, and their shortest form in a text is another float64. Excel has 16 digits.
        exact = format != "xlsx" and one != "moments"
        kwargs = {"check_exact": exact, "rtol": 1e-6 if one == "moments" else 1e-14, "check_dtype": False}
        pd.testing.assert_frame_equal(getattr(found, one), getattr(result, one), **kwargs)
    assert compare_profiles(found, result).filter(like="difference").fillna(0).abs().lt(1e-12).all(axis=None)


def test_moments_name_sentences_of_the_file(whole, treebank):
    out, result = whole
    moments, kept = pd.read_parquet(out / "moments.parquet"), pd.read_parquet(out / "sentences.parquet")
    assert list(moments.columns) == [
        "layer",
        "head",
        "figure",
        "kind",
        "decile",
        "sentence",
        "line",
        "score",
        "queries",
    ]
    assert (moments.groupby(["layer", "head", "figure"]).size() == 25).all() and len(moments) == 72 * 3 * 25
    assert list(kept["index"]) == sorted(set(moments.sentence)) and (moments.queries >= 5).all()
    found = {one.index: one for one in read_treebank(treebank)}
    for row in kept.itertuples():
        assert row.text == " ".join(found[row[1]].words) and row.line == found[row[1]].line
    lines = dict(zip(kept["index"], kept.line, strict=True))
    assert (moments.line == moments.sentence.map(lines)).all()
    # The mean of a sample by decile is near the mean of all, that of the strongest far from it.
    bits = result.heads.set_index(["layer", "head"]).bits_position
    means = moments[moments.figure == "position"].groupby(["layer", "head", "kind"]).score.mean().unstack()
    assert (means.strongest > means.decile).all() and abs(means.decile - bits).median() < 0.1


def test_a_profile_to_give_away_has_references_only(minilm, treebank, tmp_path):
    source = {"name": "small", "licence": "Apache-2.0"}
    given = profile(minilm, treebank, tmp_path, limit=40, texts=False, source=source)
    assert given.sentences is None and not (tmp_path / "sentences.parquet").exists()
    assert len(given.moments) and json.loads((tmp_path / "profile.json").read_text())["source"] == source


def test_stopped_anywhere_it_goes_on_to_the_same_bytes(minilm, treebank, whole, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    module = sys.modules["dashboard.analyses.profile.workers.task"]
    original, calls = module.gather, []

    def counted(*arguments, **how):
        calls.append(1)
        return original(*arguments, **how)

    monkeypatch.setattr(module, "gather", counted)
    seen = []
    for stop_at in (1, 2, 3):

        def progress(fraction, sentence, stop_at=stop_at):
            seen.append(fraction)
            if (" of " in sentence and len(calls) == stop_at) or (stop_at == 3 and "Fitting" in sentence):
                raise Killed

        with pytest.raises(Killed):
            profile(minilm, treebank, tmp_path, progress=progress)
        assert not (tmp_path / "heads.parquet").exists()
    assert len(calls) == 2
    corrupt = tmp_path / "chunks" / "000001.npz"
    corrupt.write_bytes(corrupt.read_bytes()[:-7])
    profile(minilm, treebank, tmp_path)
    assert len(calls) == 3 and all(0 <= fraction <= 1 for fraction in seen)
    for name in TABLES:
        assert (tmp_path / name).read_bytes() == (whole[0] / name).read_bytes()


def test_a_chunk_says_whether_it_is_whole():
    data = Chunk((), ()).to_bytes()
    assert Chunk.from_bytes(data).used == ()
    for broken in (b"", data[:-1], data[:10], b"x" + data[1:], data + b"\0"):
        assert Chunk.from_bytes(broken) is None


def test_chunks_of_another_profile_are_not_taken(minilm, treebank, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        profile(minilm, treebank, tmp_path, limit=40, progress=_stop)
    assert (tmp_path / "chunks" / "000000.npz").exists()
    result = profile(minilm, treebank, tmp_path, limit=30, format="csv")
    assert result.about["sentences"]["used"] == 28
    assert len(pd.read_csv(tmp_path / "heads.csv")) == 72


def _stop(fraction, sentence):
    if "Budgets" in sentence:
        raise KeyboardInterrupt


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_plain_text_by_the_command_line(format, tmp_path, capsys):
    text = tmp_path / "text.txt"
    text.write_text(
        "The chef cooks ramen at home. The waiter knows it well. Nobody tastes the fish. He sells two pots."
    )
    out = tmp_path / "out"
    assert main(["profile", str(text), "--out", str(out), "--format", format]) == 0
    tables = ("heads", "dependencies", "relations", "moments", "sentences")
    assert {one.name for one in out.iterdir()} == {*(f"{name}.{format}" for name in tables), "profile.json"}
    if format == "xlsx":
        head, *rows = openpyxl.load_workbook(out / "dependencies.xlsx")["Table"].iter_rows(values_only=True)
        found = read_profile(out)
        assert list(head) == list(found.dependencies.columns)
        accuracy = [row[head.index("accuracy")] for row in rows]
        assert np.allclose(accuracy, found.dependencies["accuracy"], rtol=1e-15, atol=0)


def test_a_text_by_a_parser_of_ones_own(tmp_path, capsys, snapshot):
    text = tmp_path / "text.txt"
    text.write_text("Der Koch kocht Suppe. Der Kellner kennt sie gut. Niemand mag den Fisch. Er verkauft zwei Töpfe.")
    nlp = spacy.load(PARSER)
    nlp.get_pipe("parser").cfg["min_action_freq"] = 1
    nlp.to_disk(tmp_path / "own")
    main(["profile", str(text), "--out", str(tmp_path / "told"), "--parser", "os"])
    told = capsys.readouterr().err
    assert told.splitlines()[-1] == snapshot(name="no such model") and "English" not in told
    assert main(["profile", str(text), "--out", str(tmp_path / "out"), "--parser", str(tmp_path / "own")]) == 0
    assert json.loads((tmp_path / "out" / "profile.json").read_text())["parser"] == str(tmp_path / "own")
    assert "English" not in capsys.readouterr().err
    assert main(["profile", str(text), "--out", str(tmp_path / "english")]) == 0
    assert [line for line in capsys.readouterr().err.splitlines() if "English" in line] == snapshot(name="not English")


def test_the_corpus_that_comes_with_the_dashboard(minilm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "builtin").write_text("no corpus")
    assert main(["profile", "builtin", "--out", str(tmp_path / "out"), "--limit", "12"]) == 0
    about = json.loads((tmp_path / "out" / "profile.json").read_text())
    assert about["file"] == "builtin.conllu" and about["sentences"] == {"used": 12, "left_out": 0, "reasons": []}


def test_what_is_refused(minilm, treebank, tmp_path, refuses):
    (tmp_path / "none.conllu").write_text("1\ta\t_\tX\t_\t_\t_\t_\t_\t_\n")
    (tmp_path / "lost.conllu").write_text("1\t\x01\t_\tX\t_\t_\t0\troot\t_\t_\n")
    (tmp_path / "file").write_text("")
    for path, out, limit in (
        (tmp_path / "x.pdf", tmp_path, None),
        (tmp_path / "gone.conllu", tmp_path, None),
        (tmp_path / "none.conllu", tmp_path / "o", None),
        (tmp_path / "lost.conllu", tmp_path / "o", None),
        (treebank, tmp_path / "file" / "under", None),
        (treebank, tmp_path / "o", 0),
    ):
        with pytest.raises(UserError):
            profile(minilm, path, out, limit=limit)
    with refuses(UserError):
        profile(minilm, treebank, tmp_path / "o", parser=PARSER)
