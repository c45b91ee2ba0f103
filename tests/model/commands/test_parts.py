"""The parts of an encoder–decoder from the command line, and the lines that make a file again."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dashboard import attention, open_model
from dashboard.cli import main
from tests.helpers.snippets import run
from tests.helpers.two_stacks import SOURCE, TARGET, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts") / "bart"
    write("bart", folder)
    return folder


def test_a_head_of_each_part(folder, tmp_path):
    for part, letter in (("encoder", "L"), ("decoder", "D"), ("cross", "X")):
        out = tmp_path / f"{part}.npz"
        asked = ["attention", SOURCE, "--model", str(folder), "--layer", "1", "--head", "2", "--out", str(out)]
        assert main([*asked, "--part", part, "--target", TARGET]) == 0
        with np.load(out) as found:
            view = attention(open_model(str(folder)), SOURCE, f"{letter}1H2", target=TARGET)
            assert np.allclose(found["weights"], view.weights, atol=1e-6)
            assert ("key_tokens" in found) == (part == "cross")


def test_scores_and_pictures_of_cross_attention(folder, tmp_path):
    table, picture, atlas = (str(tmp_path / name) for name in ("scores.csv", "a.svg", "atlas.svg"))
    given = ["--model", str(folder), "--target", TARGET]
    assert main(["scores", SOURCE, *given, "--part", "cross", "--out", table]) == 0
    assert set(pd.read_csv(table, comment="#")["part"]) == {"cross"}
    assert main(["chart", SOURCE, *given, "--heads", "X1H2", "--view", "lines", "--out", picture]) == 0
    drawn = (tmp_path / "a.svg").read_text()
    assert "favourite" in drawn and "boat" in drawn and "X1H2" in drawn
    assert (
        main(["chart", SOURCE, *given, "--part", "cross", "--view", "atlas", "--score", "entropy", "--out", atlas]) == 0
    )
    assert ">X0<" in (tmp_path / "atlas.svg").read_text()


def test_heads_of_two_parts_are_no_picture(folder, tmp_path, capsys):
    asked = ["chart", SOURCE, "--model", str(folder), "--target", TARGET, "--heads", "X1H2,D0H1"]
    assert main([*asked, "--out", str(tmp_path / "a.svg")]) == 2
    assert "one part" in capsys.readouterr().err


def test_the_lines_in_a_file_make_it_again(folder, tmp_path):
    from dashboard.analyses.explore import api
    from dashboard.export.snippet import snippet

    model = open_model(str(folder))
    for name in ("X1H2", "D1H2"):
        view = attention(model, SOURCE, name, target=TARGET, unit="words")
        lines = snippet(api.provenance(model, [view], "matrix"))
        assert "of_part(" in lines and json.dumps(SOURCE)[1:-1] in lines
        run(lines, tmp_path)
        [made] = tmp_path.glob(f"*{name}*.npz")
        with np.load(made) as found:
            assert np.allclose(found["weights"], view.weights, atol=1e-6)
