"""Several heads of a model as one view, against the views of its heads one by one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard import attention_together, draw, of_part, open_model
from dashboard.analyses.explore import api
from dashboard.cli import main
from dashboard.export import figure_bytes
from tests.helpers.two_stacks import SOURCE, TARGET, write

TEXT = "The chef uncharacteristically says ramen is her favourite food."


def one_by_one(model, text, heads, **how):
    return np.array([view.weights for view in api.attentions(model, text, heads, **how)])


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_the_mean_and_the_maximum_of_a_model_s_heads(request, name):
    model = request.getfixturevalue(name)
    for heads, how, unit, special in (("all", "mean", "tokens", "show"), ("layer:3", "max", "words", "hide")):
        view = attention_together(model, TEXT, heads, how, unit=unit, special=special)
        each = one_by_one(model, TEXT, view.head.heads, unit=unit, special=special)
        assert np.allclose(view.weights, each.mean(0) if how == "mean" else each.max(0), atol=1e-5)


def test_links_between_two_texts(minilm):
    how = {"pair": "It is good.", "between": "AB", "unit": "words"}
    view = attention_together(minilm, TEXT, ["L2H0", "L4H7"], **how)
    assert np.allclose(view.weights, one_by_one(minilm, TEXT, ["L2H0", "L4H7"], **how).mean(0), atol=1e-6)
    assert view.crosses and str(view.head) == "mean of L2H0, L4H7"


def test_parts_of_an_encoder_decoder(tmp_path):
    write("bart", tmp_path / "bart")
    model = open_model(str(tmp_path / "bart"))
    view = attention_together(model, SOURCE, ["X0H1", "X1H0"], "sum", unit="words", target=TARGET)
    each = one_by_one(model, SOURCE, ["X0H1", "X1H0"], unit="words", target=TARGET)
    assert np.allclose(view.weights, each.sum(0), atol=1e-6) and not view.one_axis
    decoder = of_part(model, "decoder", SOURCE)
    layer = attention_together(decoder, TARGET, "layer:1")
    assert np.allclose(layer.weights, one_by_one(decoder, TARGET, layer.head.heads).mean(0), atol=1e-6)
    assert str(layer.head) == "mean of layer 1 of the decoder"


def test_the_command_draws_what_the_function_does(minilm, tmp_path, capsys, snapshot):
    out = tmp_path / "a.json"
    asked = ["chart", TEXT, "--heads", "layer:2", "--together", "sum", "--view", "lines", "--out", str(out)]
    assert main(asked) == 0
    chart = draw(attention_together(minilm, TEXT, "layer:2", "sum", unit="words"), "lines")
    drawn, own = (json.loads(content) for content in (out.read_bytes(), figure_bytes(chart, "json")))
    about = drawn.pop("usermeta")
    assert drawn == own and "summed_weight" in str(about) and "layer:2" in str(about)
    said, refused = capsys.readouterr().err.splitlines()[0], []
    for other in (
        ["--heads", "layer:2"],
        ["--heads", "all", "--together", "mean", "--view", "compare"],
        ["--heads", "all", "--together", "mean", "--measure", "contribution"],
        ["--heads", "L0H0", "--together", "mean"],
    ):
        assert main(["chart", TEXT, *other, "--out", str(out)]) == 2
        refused.append(capsys.readouterr().err.strip())
    assert [said, *refused] == snapshot


def test_the_command_writes_what_the_function_gives(minilm, tmp_path, capsys, snapshot):
    out = tmp_path / "a.npz"
    assert main(["attention", TEXT, "--heads", "layer:2", "--together", "max", "--out", str(out)]) == 0
    with np.load(out) as stored:
        assert np.array_equal(stored["largest_weights"], attention_together(minilm, TEXT, "layer:2", "max").weights)
    said, refused = capsys.readouterr().err.splitlines()[0], []
    for other in (
        ["--heads", "L2H0,L2H9"],
        ["--layer", "2"],
        ["--layer", "2", "--heads", "all", "--together", "max"],
        ["--heads", "all", "--together", "max", "--measure", "contribution"],
    ):
        assert main(["attention", TEXT, *other, "--out", str(out)]) == 2
        refused.append(capsys.readouterr().err.strip())
    assert [said, *refused] == snapshot
