"""Ablation as a notebook and the command line call it: tables, sentences of a file, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import dashboard.corpus.sample as sampling
from dashboard import UserError, ablate, ablate_in
from dashboard.analyses.ablation.api import provenance_of_effect
from dashboard.capture.ablate import mean_outputs
from dashboard.cli import main
from dashboard.corpus.builtin import builtin_corpus
from dashboard.corpus.sample import reference_means, sample
from dashboard.export import snippet
from tests.helpers.sentences import heads_in, numbers, wording

TEXT = "The chef who trained in Osaka says ramen is her favourite food."
LINES = ("The chef praises the ramen.", "A guest cooks at home.", "Nobody sells old pots.", "The baker remembers.")
CHANGED = ["layer", "head", "position", "token", "old", "new", "p_old", "p_old_ablated", "p_new", "p_new_ablated"]


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("\n\n".join(LINES) + "\n")
    return path


def refused(capsys, *arguments: str) -> str:
    assert main(["ablate", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.endswith(".\n")
    return said.strip()


def test_all_heads_of_a_text_as_a_file(minilm, tmp_path, capsys, snapshot):
    out = tmp_path / "effect.csv"
    assert main(["ablate", TEXT, "--all", "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert list(table.columns) == ["layer", "head", "shift", "shift_low", "shift_high", "sentences", "tokens"]
    assert len(table) == 72 and table["shift"].between(0, 2).all() and table["shift"].gt(1e-5).all()
    assert table[["shift_low", "shift_high"]].isna().all(axis=None)
    assert (table["tokens"] == 14).all() and (table["sentences"] == 1).all()
    best = table.loc[table["shift"].idxmax()]
    said = capsys.readouterr().out
    name = f"L{best.layer:.0f}H{best['head']:.0f}"
    assert heads_in(said) == [name] and numbers(said)[0] == pytest.approx(best["shift"], rel=0.01)
    assert wording(said).replace(name, "the head").replace(str(out), "the file") == snapshot
    few = ablate(minilm, TEXT, ["L5H11", "L0H3"])
    assert few.table[["layer", "head"]].values.tolist() == [[0, 3], [5, 11]]
    assert np.allclose(few.table["shift"], table["shift"].iloc[[3, 71]], atol=1e-7)
    assert (few.measure, few.loss, len(few.changed)) == ("shift", None, 0)
    assert list(few.tokens.columns) == ["layer", "head", "position", "token", "shift"]
    each = few.tokens.groupby(["layer", "head"])["shift"]
    assert np.allclose(each.mean(), few.table["shift"], atol=1e-12) and (each.size() == 14).all()


def test_a_language_model_on_a_text_and_the_predictions_that_change(smollm2, tmp_path):
    out, changed = tmp_path / "effect.parquet", tmp_path / "changed.csv"
    heads = ["--heads", "L29H0,L0H3"]
    assert main(["ablate", TEXT, "--model", "smollm2", *heads, "--changed", str(changed), "--out", str(out)]) == 0
    table, rows = pd.read_parquet(out), pd.read_csv(changed)
    assert list(table["layer"]) == [0, 29] and list(rows.columns) == CHANGED and len(rows)
    assert np.allclose(table["flips"] * table["tokens"], [(rows["layer"] == layer).sum() for layer in (0, 29)])
    assert (rows["old"] != rows["new"]).all()
    # the most probable piece of each, as whoever reads the probabilities expects
    assert (rows["p_old"] >= rows["p_new"]).all() and (rows["p_new_ablated"] >= rows["p_old_ablated"]).all()
    encoding = smollm2.encode(TEXT)
    assert all(encoding.labels[row.position] == row.token for row in rows.itertuples())


def test_heads_taken_out_together_are_one_row(smollm2, tmp_path, capsys, snapshot):
    """In whatever order; of one head it is the head's own row; another way to the same: what each token loses."""
    out, changed, text = tmp_path / "together.csv", tmp_path / "changed.csv", "Two birds sang in the garden."
    arguments = ["--heads", "L29H0,L28H3,L29H0", "--together", "--changed", str(changed), "--out", str(out)]
    assert main(["ablate", text, "--model", "smollm2", *arguments]) == 0
    told = capsys.readouterr().out
    assert heads_in(told)[:2] == ["L28H3", "L29H0"] and wording(told.strip()) == snapshot
    table = pd.read_csv(out)
    assert list(table.columns[:2]) == ["heads", "loss_change"] and table["heads"].tolist() == ["L28H3,L29H0"]
    effect = ablate(smollm2, text, ["L28H3", "L29H0"], together=True)
    assert effect.table["loss_change"].item() == pytest.approx(table["loss_change"].item(), abs=1e-6)
    assert effect.tokens["loss_change"].mean() == pytest.approx(table["loss_change"].item(), abs=1e-9)
    rows = pd.read_csv(changed)
    assert list(rows.columns) == ["heads", *CHANGED[2:]] and len(rows) == table["flips"].item() * table["tokens"].item()
    each = ablate(smollm2, text, ["L29H0", "L28H3"])
    assert abs(table["loss_change"].item() - each.table["loss_change"]).min() > 1e-4, "both are to matter"
    one, single = ablate(smollm2, text, ["L29H0"], together=True), ablate(smollm2, text, ["L29H0"])
    assert list(one.table["heads"]) == ["L29H0"]
    assert one.table.iloc[0, 1:].tolist() == pytest.approx(single.table.iloc[0, 2:].tolist(), abs=1e-6, nan_ok=True)


def test_a_file_has_intervals_over_its_sentences(minilm, lines):
    effect = ablate_in(minilm, lines, ["L2H9", "L5H0"])
    assert (effect.table["sentences"] == 4).all()
    for head, row in zip(("L2H9", "L5H0"), effect.table.itertuples(), strict=True):
        each = [ablate(minilm, line, [head]).table.iloc[0] for line in LINES]
        tokens = np.array([one.tokens for one in each])
        sums = np.array([one["shift"] for one in each]) * tokens
        assert row.shift == pytest.approx(sums.sum() / tokens.sum(), abs=1e-6)
        drawn = np.random.default_rng(0).integers(0, 4, (1000, 4))
        ends = np.percentile(sums[drawn].sum(1) / tokens[drawn].sum(1), [2.5, 97.5])
        assert (row.shift_low, row.shift_high) == pytest.approx(ends, abs=1e-6)


def test_sentences_are_spread_over_the_file_and_those_left_out_are_told(minilm, treebank):
    every, left_out = sample(minilm, treebank)
    assert len(every) == 140 and [one.index for one in left_out] == [0, 1]
    some, _ = sample(minilm, treebank, 7)
    assert [one.text for one in some] == [every[k * 140 // 7].text for k in range(7)]
    assert len(sample(minilm, treebank, 1000)[0]) == 140


def test_what_made_it_makes_it_again(minilm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for effect in (
        ablate(minilm, TEXT, ["L2H9"], by="mean"),
        ablate_in(minilm, builtin_corpus(), ["L5H0"], sentences=2),
        ablate_in(minilm, builtin_corpus(), ["L5H0", "L2H9"], together=True, sentences=2),
    ):
        names = {}
        exec(snippet(provenance_of_effect(effect)), names)
        pd.testing.assert_frame_equal(names["thing"], effect.table, atol=1e-7)
        [file] = tmp_path.glob("*.csv")
        assert "effect" in file.name
        file.unlink()


def test_a_causal_models_mean_is_that_of_our_own_corpus(small, treebank, monkeypatch):
    model = small("llama")
    monkeypatch.setattr(sampling, "builtin_corpus", lambda: treebank)
    means = reference_means(model)
    expected = mean_outputs(model, sample(model, treebank)[0])
    assert all(np.allclose(means[layer], expected[layer]) for layer in range(3))
    monkeypatch.setattr(sampling, "mean_outputs", None)
    assert reference_means(model) is means  # made once
    zero, mean = (ablate(model, TEXT, ["L0H1"], by=by).table["loss_change"].item() for by in ("zero", "mean"))
    assert abs(zero - mean) > 1e-4


def test_what_cannot_be_done_is_said_in_a_sentence(capsys, tmp_path, minilm, refuses, snapshot):
    out = ["--out", str(tmp_path / "a.csv")]
    changed = ["--changed", str(tmp_path / "b.csv")]
    for named, asked in (
        ("no-such-file.conllu", ["no-such-file.conllu"]),
        ("L9H0", [TEXT, "--heads", "L9H0"]),
        ("“cat”", [TEXT, "--heads", "cat"]),
        ("--heads", [TEXT, "--together"]),
        ("1 or more", ["builtin", "--sentences", "0"]),
        ("--sentences", [TEXT, "--sentences", "3"]),
        ("--changed", ["builtin", *changed]),
        ("MiniLM", [TEXT, "--heads", "L0H0", *changed]),
        ("two files", [TEXT, "--model", "smollm2", "--heads", "L0H0", "--changed", str(tmp_path / "a.csv")]),
        ("text", [""]),
    ):
        said = refused(capsys, *asked, *out)
        assert named in said and said == snapshot
    for flag, asked in (("--all", ["--heads", "L0H0", "--all"]), ("--by", ["--by", "noise"])):  # in argparse's words
        assert flag in refused(capsys, TEXT, *asked, *out)
    assert not list(tmp_path.iterdir())
    with refuses(UserError):
        ablate(minilm, TEXT, [])


def test_words_that_end_like_a_file_are_a_text(tmp_path):
    out = tmp_path / "a.csv"
    assert main(["ablate", "I wrote it down in notes.txt", "--heads", "L0H0", "--out", str(out)]) == 0
    assert pd.read_csv(out)["sentences"].item() == 1
