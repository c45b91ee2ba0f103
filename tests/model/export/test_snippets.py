"""The lines beside a figure make the same figure again, in a process of their own."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analyses.explore import api
from dashboard.analyses.inside.api import verify
from dashboard.analyses.scores.api import draw_atlas, overview, scores
from dashboard.export import Provenance, figure_bytes, file_stem, snippet, table_bytes
from dashboard.export.provenance import provenance_of_text
from tests.helpers.snippets import run, run_alone

TEXT = 'He said: "it\'s 5 \\ 2"\nand 🍜 = 拉麺.'

CASES = {
    "heatmap": (["L2H0"], {"width": 440}),
    "lines": (["L2H0"], {"theme": "dark"}),
    "reading": (["L2H0", "L3H1"], {}),
    "compare": (["L2H0", "L2H9"], {"start": 3, "most": 8}),
    "difference": (["L2H0", "L2H9"], {}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_picture_is_made_again(minilm, tmp_path, name):
    heads, options = CASES[name]
    special = "hide" if name in ("lines", "difference") else "show"
    views = api.attentions(minilm, TEXT, heads, unit="words", special=special)
    provenance = api.provenance(minilm, views, name, **({"theme": "light", "bos": True} | options))
    (run_alone if name == "heatmap" else run)(snippet(provenance), tmp_path)
    again = (tmp_path / f"{file_stem(provenance)}.svg").read_bytes()
    chart = api.draw(views, name, **options)
    here = figure_bytes(chart, "svg", chart.provenance)
    assert again == here


def test_heads_together_are_made_again_as_a_picture_and_as_a_matrix(minilm, tmp_path):
    of_layer = api.attention_together(minilm, TEXT, "layer:2", "sum", unit="words", special="hide")
    of_two = api.attention_together(minilm, TEXT, ["L2H0", "L3H1"], "max")
    pictures = [(view, api.provenance(minilm, view, "arcs", bos=True)) for view in ([of_layer], [of_two, of_two])]
    matrix = api.provenance(minilm, [of_two], "matrix", bos=True)
    run("\n".join(map(snippet, [*(provenance for _, provenance in pictures), matrix])), tmp_path)
    for views, provenance in pictures:
        chart = api.draw(views, "arcs")
        again = (tmp_path / f"{file_stem(provenance)}.svg").read_bytes()
        assert again == figure_bytes(chart, "svg", chart.provenance)
    with np.load(tmp_path / f"{file_stem(matrix)}.npz") as stored:
        assert np.allclose(stored["largest_weights"], of_two.weights, atol=1e-6) and "weights" not in stored


@pytest.mark.parametrize("score", ["entropy", None])
def test_an_atlas_is_made_again(minilm, tmp_path, score):
    encoding = minilm.encode(TEXT)
    provenance = provenance_of_text(minilm, encoding, "atlas", bos=True, score=score, theme="light", width=400)
    run(snippet(provenance), tmp_path)
    again = (tmp_path / f"{file_stem(provenance)}.svg").read_bytes()
    chart = draw_atlas(overview(minilm, encoding), score, model=minilm.title, theme="light", width=400)
    assert again == figure_bytes(chart, "svg")


def test_a_matrix_is_made_again(smollm2, tmp_path):
    [view] = api.attentions(smollm2, TEXT, ["L10H4"], bos=False)
    provenance = api.provenance(smollm2, [view], "matrix", bos=False)
    run(snippet(provenance), tmp_path)
    with np.load(tmp_path / f"{file_stem(provenance)}.npz") as again:
        assert np.allclose(again["weights"], view.weights, atol=1e-6)


@pytest.mark.parametrize(
    "table", [lambda m: scores(m, TEXT, as_words=True, limit=9), lambda m: verify(m, TEXT, limit=9)]
)
def test_a_table_is_made_again_of_the_same_tokens(minilm, tmp_path, monkeypatch, table):
    here = table(minilm)
    provenance = Provenance.from_dict(here.attrs["provenance"])
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(snippet(provenance), names)
    assert (tmp_path / f"{file_stem(provenance)}.csv").read_bytes() == table_bytes(names["thing"], "csv")
    assert names["thing"].equals(here)
