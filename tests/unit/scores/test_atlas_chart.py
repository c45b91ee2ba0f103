"""The atlas: a cell a head, its ink its score; a click chooses it."""

import json
import re

import numpy as np
import pytest

from dashboard.analyses.scores.atlas_chart import atlas, atlas_maps
from dashboard.analyses.scores.scores import SCORES
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import PALETTES
from dashboard.heads.head_id import HeadId
from tests.helpers.charts import assert_valid, layers_of, score_table, svg_of, texts
from tests.helpers.sentences import heads_in, numbers, plain


@pytest.mark.parametrize(("layers", "heads"), [(1, 1), (6, 12), (30, 9), (48, 64)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_size_of_model_is_a_valid_drawing_in_its_room(layers, heads, theme):
    chart = atlas(
        score_table(layers, heads, "entropy", np.linspace(0, 4.2, layers * heads)),
        "entropy",
        Look(theme),
        selection=Selection(HeadId(0, 0), (HeadId(0, heads - 1),)),
        model="Model",
    )
    spec = chart.to_dict()
    assert_valid(spec)
    width, height = (float(v) for v in re.search(r'width="([\d.]+)" height="([\d.]+)"', svg_of(chart)).groups())
    assert width <= 620 and height <= 640
    assert len(json.dumps(spec)) < 250_000


def test_a_click_chooses_by_layer_and_head():
    for chart in (
        atlas(score_table(2, 3, "self", 0.5), "self", Look("light")),
        atlas_maps(np.full((2, 3, 4, 4), 0.25), Look("light")),
    ):
        catch = list(layers_of(chart.to_dict()))[-1]  # on top of everything
        [param] = catch["params"]
        assert param["name"] == "head"
        assert param["select"] == {
            "type": "point",
            "on": "click",
            "fields": ["layer", "head", "epoch"],
            "toggle": False,
            "clear": False,
        }


def test_numbers_stand_in_their_cells():
    values = [0.0, 0.064, 0.5, 1.0, 0.29, np.nan]
    written = texts(svg_of(atlas(score_table(2, 3, "previous", values), "previous", Look("light"))))
    assert [t for t in written if re.fullmatch(r"\d+|–", t)] == ["0", "6", "50", "100", "29", "–"]
    assert {"L0", "L1", "H0", "H1", "H2"} <= set(written)


def test_the_scale_starts_at_paper_and_ends_at_a_round_figure():
    def domain(score, values):
        spec = atlas(score_table(1, len(values), score, values), score, Look("light")).to_dict()
        colours = [layer.get("encoding", {}).get("color", {}) for layer in layers_of(spec)]
        return next(colour["scale"] for colour in colours if "scale" in colour)

    assert domain("previous", [0.1, 0.83])["domain"][-1] == 1.0
    assert domain("previous", [0.01, 0.13])["domain"][-1] == 0.2
    assert domain("entropy", [1.0, 4.2])["domain"][-1] == 5.0
    assert domain("distance", [3.0, 140.0])["domain"][-1] == 200.0
    assert domain("entropy", [1.0, 4.2])["domain"][0] == 0.0
    assert domain("entropy", [1.0])["range"][0] == PALETTES["light"].paper
    assert domain("next", [np.nan, np.nan])["domain"][-1] > 0


def test_the_head_on_show_is_framed_and_the_tray_is_dashed():
    def frames(head=None, *pinned):
        spec = atlas(score_table(2, 3, "self", 0.5), "self", Look("light"), selection=Selection(head, pinned)).to_dict()
        marks = [(x["data"]["values"], x["mark"]) for x in layers_of(spec) if "stroke" in x.get("mark", {})]
        return [(places, "strokeDash" in mark) for places, mark in marks]

    assert frames() == []
    here = [{"layer": 1, "head": 2}]
    assert frames(HeadId(1, 2)) == [(here, False), (here, False)]
    assert frames(None, HeadId(1, 2), HeadId(0, 0)) == [([*here, {"layer": 0, "head": 0}], True)]
    assert frames(HeadId(7, 0), HeadId(0, 9)) == []  # of another model: not there


def test_the_alternative_text_names_the_highest(snapshot):
    scores = score_table(2, 3, "previous", [0.1, 0.2, 0.9, 0.05, 0.1, 0.64])
    chart = atlas(scores, "previous", Look("light"), model="MiniLM")
    assert heads_in(chart.description) == ["L0H2", "L1H2", "L0H1"]
    assert numbers(chart.description) == [2, 3, 90, 64, 20, 15]
    none = atlas(score_table(1, 2, "next", np.nan), "next", Look("dark")).description
    assert heads_in(none) == [] and [plain(chart.description), plain(none)] == snapshot


@pytest.mark.parametrize("score", list(SCORES))
def test_every_score_draws(score):
    values = [0.1, 0.2, 0.3, 0.4]
    written = texts(svg_of(atlas(score_table(2, 2, score, values), score, Look("dark"))))
    share = SCORES[score].unit == "share"
    assert [text for text in written if re.fullmatch(r"\d+" if share else r"\d\.\d", text)][:4] == [
        f"{100 * value:.0f}" if share else f"{value:.1f}" for value in values
    ]
    assert SCORES[score].title in " ".join(written)


def test_maps_stand_where_the_scores_stand():
    scores = atlas(score_table(6, 12, "self", 0.5), "self", Look("light")).to_dict()
    maps = atlas_maps(np.full((6, 12, 8, 8), 1 / 8), Look("light")).to_dict()
    assert maps["width"] == scores["width"]
    assert_valid(maps)
    image = next(layer for layer in layers_of(maps) if layer.get("mark", {}).get("type") == "image")
    assert image["encoding"]["x2"]["value"] == maps["width"] and image["encoding"]["y2"]["value"] == maps["height"]


@pytest.mark.parametrize(("layers", "heads", "most"), [(6, 12, 200_000), (30, 9, 600_000), (48, 64, 4_000_000)])
def test_maps_are_one_image_of_bearable_size(layers, heads, most):
    maps = np.random.default_rng(0).dirichlet(np.full(32, 0.2), (layers, heads, 32))
    spec = json.dumps(atlas_maps(maps, Look("light")).to_dict())
    assert len(spec) < most and spec.count("data:image/png") == 1
