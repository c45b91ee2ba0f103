"""A model's own weights in a file: read from there, everything that needs weights alone comes out the same."""

from __future__ import annotations

import gc
import os

import numpy as np
import pandas as pd
import pytest

from dashboard import (
    Pattern,
    UserError,
    ablate_on_text,
    attention,
    builtin_corpus,
    compare_texts,
    contributions,
    find_heads,
    look_inside,
    open_model,
    overview,
    rollout,
    scores,
    verify,
)
from dashboard.analyses.find_heads.api import find_heads_in
from dashboard.cli import main
from dashboard.models import bounded
from dashboard.text.own_tokens import encoding_of_tokens
from tests.helpers.eager import by_the_library

TEXT = "The chef who trained in Osaka says ramen is her favourite food."


@pytest.fixture(scope="module", params=["minilm", "smollm2"])
def both(request, tmp_path_factory):
    """A model, and its weights by the library's own eager attention as a file."""
    model = request.getfixturevalue(request.param)
    encoding = model.encode(TEXT)
    weights = np.array(by_the_library(model.source.folder, list(encoding.ids)))
    path = tmp_path_factory.mktemp("own") / f"{request.param}.npz"
    np.savez(path, weights=weights, tokens=encoding.pieces, special=encoding.special)
    return model, open_model(str(path))


def test_one_that_was_brought_stays_while_it_is_open(tmp_path, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    monkeypatch.setattr(bounded, "JUST_NOW", -1e9)
    folder = bounded.root() / "brought-0"
    folder.mkdir(parents=True)
    np.savez(folder / "own.npz", weights=np.eye(2), tokens=["a", "b"])
    os.utime(folder, (0, 0))
    opened = open_model(str(folder / "own.npz"))
    assert folder.stat().st_mtime > 0
    bounded.free_space(10**15, bounded.root() / "new")
    assert folder.exists() and opened.own_text is not None
    del opened
    gc.collect()
    bounded.free_space(10**15, bounded.root() / "new")
    assert not folder.exists()


def test_its_tokens_make_the_words_and_labels_of_the_model(both):
    model, file = both
    encoding, own = model.encode(TEXT), file.own_text
    assert own.labels == encoding.labels
    assert [word.form.lower() for word in own.words] == [word.form.lower() for word in encoding.words]
    assert file.causal == model.causal


def test_scores_thumbnails_and_views_are_the_model_s(both):
    model, file = both
    of_model, of_file = overview(model, TEXT), overview(file, file.own_text)
    pd.testing.assert_frame_equal(
        of_model.scores.drop(columns="induction"), of_file.scores.drop(columns="induction"), atol=1e-5, rtol=1e-4
    )
    assert of_file.scores["induction"].isna().all()
    assert np.allclose(of_model.thumbnails, of_file.thumbnails, atol=1e-5)
    for unit, special in (("words", "hide"), ("tokens", "show")):
        how = {"unit": unit, "special": special}
        a, b = attention(model, TEXT, "L2H3", **how), attention(file, file.own_text, "L2H3", **how)
        assert np.allclose(a.weights, b.weights, atol=1e-5)
    assert np.allclose(rollout(model, TEXT, (0, 2)).weights, rollout(file, file.own_text, (0, 2)).weights, atol=1e-5)
    a, b = (find_heads(m, t, "says > chef").table for m, t in ((model, TEXT), (file, file.own_text)))
    assert a["layer"].tolist()[:3] == b["layer"].tolist()[:3] and a["head"].tolist()[:3] == b["head"].tolist()[:3]


NEEDS_MODEL = {
    "contributions": lambda file: contributions(file, file.own_text, ["L0H0"]),
    "ablate_on_text": lambda file: ablate_on_text(file, file.own_text, ["L0H0"]),
    "look_inside": lambda file: look_inside(file, file.own_text, "L0H0"),
    "verify": lambda file: verify(file, file.own_text),
    "find_heads_in": lambda file: find_heads_in(file, builtin_corpus(), Pattern(relation="nsubj"), limit=2),
}


@pytest.mark.parametrize("name", NEEDS_MODEL)
def test_what_needs_a_model_that_runs_says_so(both, name, refuses_alike):
    _, file = both
    with refuses_alike(UserError, file.title):
        NEEDS_MODEL[name](file)


COMMANDS = {
    "ablate": ["ablate", TEXT, "--out", "x.csv"],
    "edit": ["edit", TEXT, "--cut", "L0H0:says>chef", "--out", "x.csv"],
    "patch": ["patch", TEXT, TEXT, "--out", "x.csv"],
    "write": ["write", "Birds sing."],
    "verify": ["verify", "Birds sing.", "--out", "x.csv"],
    "long text": ["chart", "--view", "long-text", "--heads", "L0H0", "--out", "x.png"],
    "card": ["card", "--out", "x"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_needs_a_model_that_runs_says_so_and_leaves_nothing(both, name, tmp_path, monkeypatch, capsys):
    _, file = both
    monkeypatch.chdir(tmp_path)
    [command, *asked] = COMMANDS[name]
    path = str(file.source.folder)
    assert main([command, *([path] if command == "card" else ["--model", path]), *asked]) == 2
    assert "needs a model that runs" in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("special", [False, True])
def test_a_file_without_text_is_refused(tmp_path, special):
    tokens = ["[CLS]", "[SEP]"] if special else ["", ""]
    np.savez(tmp_path / "own.npz", weights=np.eye(2), tokens=tokens, special=[special] * 2)
    with pytest.raises(UserError, match=r"own\.npz” are empty or special"):
        open_model(str(tmp_path / "own.npz"))


OTHERS = {
    "text": lambda file: attention(file, "Birds sing.", "L0H0"),
    "tokens": lambda file: attention(file, encoding_of_tokens(["Birds"]), "L0H0"),
    "two texts": lambda file: compare_texts(file, "L0H0", file.own_text.text, "Birds sing."),
    "pair": lambda file: attention(file, file.own_text.text, "L0H0", pair="Birds sing."),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_text_is_refused(both, name, refuses_alike):
    _, file = both
    with refuses_alike(UserError, file.title, file.own_text.text[:40]):
        OTHERS[name](file)


def test_the_commands_need_no_text(both, tmp_path, capsys, snapshot):
    model, file = both
    path = str(file.source.folder)
    out = {name: str(tmp_path / name) for name in ("a.npz", "s.csv", "c.svg", "m.svg")}
    assert main(["attention", "--model", path, "--layer", "2", "--head", "3", "--out", out["a.npz"]]) == 0
    with np.load(out["a.npz"]) as stored:
        assert np.allclose(stored["weights"], attention(model, TEXT, "L2H3").weights, atol=1e-5)
    assert main(["scores", "--model", path, "--out", out["s.csv"]]) == 0
    table = pd.read_csv(out["s.csv"], comment="#")
    assert np.allclose(table["previous"], scores(model, TEXT)["previous"], atol=1e-4)
    assert main(["chart", "--model", path, "--heads", "L2H3", "--view", "arcs", "--out", out["c.svg"]]) == 0
    assert main(["chart", "--model", path, "--view", "atlas", "--out", out["m.svg"]]) == 0
    capsys.readouterr()
    refused = []
    for asked in (
        ["scores", "Birds sing.", "--model", path],
        ["scores", "--model", "minilm"],
        ["chart", "--model", path, "--view", "atlas", "--score", "induction"],
        ["chart", "--model", path, "--heads", "L2H3", "--measure", "contribution"],
    ):
        ending = "csv" if asked[0] == "scores" else "svg"
        assert main([*asked, "--out", str(tmp_path / f"x.{ending}")]) == 2
        refused.append(capsys.readouterr().err.strip().splitlines()[-1].replace(file.title, "FILE"))
    assert [line.replace(file.own_text.text[:40], "TEXT") for line in refused] == snapshot
