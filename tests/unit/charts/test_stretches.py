"""How pictures tell the stretches of a text apart: where the rules stand, and what a text of one stretch is spared."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard.analyses.explore.api import draw
from dashboard.analyses.explore.arc_geometry import Row
from dashboard.analyses.explore.views import VIEWS
from dashboard.charts.stretches import Stretch, placed, stretches_of
from dashboard.heads.links import links
from tests.helpers.charts import assert_valid, layers_of, strings, svg_of, texts
from tests.helpers.views import attention, changed, words_view

TEXT = "The keys to the cabinet are on the table"
NAMES = ("prompt",) * 5 + ("written by a model",) * 4
VIEW = words_view(TEXT, attention(9, 3, causal=True), causal=True)
PARTED = changed(VIEW, stretches=NAMES)


def rules(chart) -> list[dict]:
    """The encodings of all rules that stand at fixed places, in pixels."""
    found = [one["encoding"] for one in layers_of(chart.spec) if one.get("mark", {}).get("type") == "rule"]
    return [{side: at["value"] for side, at in one.items()} for one in found if "value" in one.get("x", {})]


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("width", [340.0, 620.0])
def test_every_view_names_the_stretches_in_its_file(name, width):
    plain, parted = (draw(view, name, width=width) for view in (VIEW, PARTED))
    assert_valid(parted.spec)
    written = texts(svg_of(parted))
    assert {"prompt", "written by a model"} <= {line.strip() for line in written}
    assert "prompt, 5 words" in parted.description and "written by a model, 4 words" in parted.description
    assert not strings(plain.spec) & {"prompt", "written by a model"} and not rules(plain)


def test_a_map_has_its_rules_between_the_cells_of_two_stretches():
    chart = draw(PARTED, "heatmap")
    side = chart.spec["width"]
    border = pytest.approx(side * 5 / 9, abs=0.1)
    down = [one for one in rules(chart) if one["x"] == one.get("x2")]
    across = [one for one in rules(chart) if one["y"] == one.get("y2")]
    assert any(one["x"] == border and one["y"] == 0 and one["y2"] > side for one in down)
    assert any(one["y"] == border and one["x"] == 0 and one["x2"] > side for one in across)


@pytest.mark.parametrize("words", [TEXT, "المفاتيح إلى الخزانة على الطاولة في غرفة الأب الكبير"])
def test_arcs_part_between_the_words_of_two_stretches(words):
    """Also where the text reads from right to left."""
    view = changed(words_view(words, attention(9, 3)), stretches=NAMES)
    row = Row.of(view, list(view.labels), 588.0)
    low, high = sorted(row.x[[4, 5]])
    [rule] = [one for one in rules(draw(view, "arcs")) if one["x"] == one.get("x2")]
    assert low < rule["x"] < high


def test_a_part_of_a_text_has_the_stretches_of_its_own_words():
    assert (
        PARTED.window(3, 8).stretches == NAMES[3:8] and PARTED.part([0, 4, 6]).stretches == ("prompt",) * 2 + NAMES[-1:]
    )
    assert not rules(draw(PARTED.window(5, 9))) and rules(draw(PARTED.window(4, 9)))


def test_stretches_are_runs_of_one_name():
    assert stretches_of("aabba") == [Stretch("a", 0, 2), Stretch("b", 2, 4), Stretch("a", 4, 5)]
    assert stretches_of("aaa") == stretches_of("") == []
    assert placed(stretches_of("ab"), lambda words: 10 - 5 * words) == [Stretch("b", 0, 5), Stretch("a", 5, 10)]


def test_the_table_of_links_says_in_which_stretch_each_end_stands():
    table = links(PARTED)
    for side in ("from", "to"):
        assert table[f"{side}_stretch"].tolist() == np.array(NAMES)[table[f"{side}_position"]].tolist()
    assert "from_stretch" not in links(VIEW) and "stretch" not in json.dumps(draw(VIEW).spec)
