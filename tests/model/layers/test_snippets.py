"""The lines beside a figure of “Long range” and “Layer by layer”, and of arcs with all they can show, make the same
figure again."""

import pytest

from dashboard.analyses.explore import api
from dashboard.analyses.layers import api as layers
from dashboard.analyses.long_range.api import draw_long_range, long_range
from dashboard.export import figure_bytes, file_stem, snippet

TEXT = 'He said: "it\'s 5 \\ 2"\nand 🍜 = 拉麺.'


@pytest.fixture(scope="module")
def verbs(minilm):
    return long_range(minilm)


def made_again(chart, folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    exec(snippet(chart.provenance), {})
    again = (folder / f"{file_stem(chart.provenance)}.svg").read_bytes()
    assert again == figure_bytes(chart, "svg", chart.provenance)


@pytest.mark.parametrize("options", [{}, {"heads": ["L1H3", "L5H11"], "theme": "dark"}, {"all_heads": True}])
def test_a_picture_of_reach_is_made_again(verbs, options, tmp_path, monkeypatch):
    chart = draw_long_range(verbs, width=620, **options)
    made_again(chart, tmp_path, monkeypatch)
    named = "".join(f"-{head}" for head in options.get("heads", []))  # or the page's two pictures would share a name
    assert file_stem(chart.provenance) == f"minilm{named}-longrange{'-heads' if options.get('all_heads') else ''}"


@pytest.mark.parametrize("measure", ["turned", "journey"])
def test_a_picture_of_the_layers_is_made_again(minilm, measure, tmp_path, monkeypatch):
    found = layers.residual_stream(minilm, TEXT, unit="tokens", bos=False)
    made_again(layers.draw_residual_stream(found, measure, word=2, theme="dark", width=700), tmp_path, monkeypatch)


def test_a_long_text_is_drawn_from_the_same_place_again(minilm, tmp_path, monkeypatch):
    found = layers.residual_stream(minilm, "one two three four five " * 40, limit=120)
    chart = layers.draw_residual_stream(found, "moved", word=3, width=500, start=30)
    assert "31 to" in " ".join(chart.to_dict()["title"]["subtitle"])
    made_again(chart, tmp_path, monkeypatch)


def test_arcs_with_pairs_a_parse_and_a_role_are_drawn_again(minilm, tmp_path, monkeypatch, refuses):
    view = api.attention(minilm, TEXT, "L2H0", unit="words", special="hide")
    marks = {"lit": [(2, 1)], "parse": [(1, 0, "nsubj"), (4, 5, "det")], "role": "syntax", "heights": (80.0, 60.5)}
    made_again(api.draw(view, "arcs", start=1, most=6, width=440, **marks), tmp_path, monkeypatch)
    with refuses(api.UserError, "lit"):
        api.draw(view, "heatmap", lit=[(2, 1)])
