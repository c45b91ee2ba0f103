"""Several heads as one next to a head, on two texts and in two models, against the views of their heads one by one."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dashboard import attention_together, compare_models, compare_texts, comparison_table, draw
from dashboard.analyses.compare.api import align_views_of_texts, draw_aligned
from dashboard.analyses.compare.divergence import compare
from dashboard.analyses.explore.api import attentions
from dashboard.cli import main
from dashboard.errors import UserError
from dashboard.export import figure_bytes, snippet, table_bytes
from dashboard.heads.alignment import align_models
from tests.helpers.snippets import run

FIRST = "The chef who trained in Osaka says ramen is her favourite food."
SECOND = FIRST.replace("chef", "pilot")
LAYER = [f"L2H{head}" for head in range(12)]


def mean_of_layer(model, text):
    """The mean of layer 2, from the views of its heads one by one."""
    each = attentions(model, text, LAYER, unit="words")
    return replace(each[0], weights=np.mean([view.weights for view in each], 0), measure="mean_weight")


@pytest.mark.parametrize("how", ["mean", "sum", "max"])
def test_a_head_is_compared_with_its_layer(minilm, how, tmp_path, refuses):
    head = attentions(minilm, FIRST, ["L2H8"], unit="words")[0]
    layer = attention_together(minilm, FIRST, "layer:2", how, unit="words")
    table = comparison_table([head, layer])
    if how != "max":
        expected = compare(head, mean_of_layer(minilm, FIRST))
        assert list(table.loc[0, ["js", "top1", "pearson"]]) == pytest.approx(
            [expected.js, expected.top1, expected.pearson], abs=1e-5
        )
    assert table.loc[0, "b"] == str(layer.head)
    chart = draw([head, layer], "compare")
    run(snippet(chart.provenance), tmp_path)
    [file] = tmp_path.glob("*.svg")
    assert file.read_bytes() == figure_bytes(chart, "svg", chart.provenance)
    if how == "sum":
        with refuses(UserError, "mean or the maximum"):
            draw([head, layer], "difference")
    else:
        gap = draw([head, layer], "difference").description
        assert gap.startswith("L2H8 ") and f" The {layer.head} " in gap


def test_several_heads_on_two_texts_and_in_two_models(minilm, smollm2, tmp_path, refuses):
    both = compare_texts(minilm, "layer:2", FIRST, SECOND, together="mean")
    own = align_views_of_texts(*(mean_of_layer(minilm, text) for text in (FIRST, SECOND)))
    assert np.allclose(both.a.weights, own.a.weights, atol=1e-6) and np.allclose(
        both.b.weights, own.b.weights, atol=1e-6
    )
    models = compare_models(minilm, LAYER[0] + "," + LAYER[1], smollm2, "layer:3", FIRST, together="max")
    views = (attention_together(minilm, models.a.text, "L2H0,L2H1", "max", unit="words"),)
    views += (attention_together(smollm2, models.b.text, "layer:3", "max", unit="words"),)
    again = align_models(*views)
    assert np.allclose(models.a.weights, again.a.weights, atol=1e-6)
    for name, aligned in (("texts", both), ("models", models)):
        chart = draw_aligned(aligned, "difference")
        (tmp_path / name).mkdir()
        run(snippet(chart.provenance), tmp_path / name)
        [file] = (tmp_path / name).glob("*.svg")
        assert file.read_bytes() == figure_bytes(chart, "svg", chart.provenance)
    with refuses(UserError, "contributions"):
        compare_texts(minilm, "layer:2", FIRST, SECOND, together="mean", measure="contribution")


def test_the_command_compares_with_several_heads_as_one(minilm, tmp_path):
    out = tmp_path / "a.csv"
    assert main(["compare", FIRST, "--heads", "L2H8", "--with", "layer:2", "--unit", "words", "--out", str(out)]) == 0
    views = [
        *attentions(minilm, FIRST, ["L2H8"], unit="words"),
        attention_together(minilm, FIRST, "layer:2", unit="words"),
    ]
    table = comparison_table(views)
    assert out.read_bytes() == table_bytes(table, "csv") and len(pd.read_csv(out)) == 1
    assert json.loads(json.dumps(table.attrs["provenance"]))["heads"] == ["L2H8", "mean of layer 2"]
