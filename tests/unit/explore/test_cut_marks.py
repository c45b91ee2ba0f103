"""The crosses over links that are cut, and the dashes around rows that are replaced."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard.analyses.explore.api import draw
from dashboard.analyses.explore.arcs_chart import arcs
from dashboard.analyses.explore.heatmap_chart import heatmap
from dashboard.charts.crosses import CROSS
from dashboard.charts.look import Look
from tests.helpers.charts import layers_of, valid_svg_of
from tests.helpers.views import words_view as view_of

CUT, REPLACED = [(5, 3), (5, 4), (6, 2), (7, 7)], [4]


def marked(chart, kind: str) -> list[dict]:
    """The data of the layers whose mark has this in it."""
    found = [layer for layer in layers_of(chart.to_dict()) if kind in json.dumps(layer.get("mark", {}))]
    return [row for layer in found for row in layer["data"]["values"]]


def test_each_cut_cell_has_its_cross_over_paper_and_a_replaced_row_its_dashes():
    chart = heatmap(view_of("a b c d e f g h", causal=True), Look("light"), cut=[*CUT, CUT[0]], replaced=REPLACED)
    assert sorted((one["i"], one["j"]) for one in marked(chart, "M-1,-1")) == CUT
    paper = [(one["i"], one["j"], one["end"]) for one in marked(chart, '"fill": "#')]
    assert paper == [(5, 3, 5), (6, 2, 3), (7, 7, 8)]  # neighbours are one
    assert [(one["i"], one["end"]) for one in marked(chart, "strokeDash")] == [(4, 5)]  # as far as it sees
    assert "4 links cut" in str(chart.to_dict()["title"]) and "1 row replaced" in str(chart.to_dict()["title"])
    assert valid_svg_of(chart)


def test_places_are_those_of_the_whole_text_in_a_window_too():
    view = view_of("a b c d e f g h").window(3, 8)
    for chart in (heatmap(view, Look("dark"), cut=CUT, replaced=REPLACED), arcs(view, Look("dark"), cut=CUT)):
        assert "3 links cut" in str(chart.to_dict()["title"])
    chart = heatmap(view, Look("dark"), cut=CUT, replaced=REPLACED)
    assert sorted((one["i"], one["j"]) for one in marked(chart, "M-1,-1")) == [(2, 0), (2, 1), (4, 4)]
    assert [one["i"] for one in marked(chart, "strokeDash")] == [1]


def test_cells_without_room_for_a_cross_are_filled():
    words = " ".join(f"w{k}" for k in range(300))
    chart = heatmap(view_of(words, np.eye(300)), Look("light"), cut=[(9, k) for k in range(5)])
    assert not marked(chart, "M-1,-1") and [one["end"] for one in marked(chart, '"fill": "#')] == [5]


def test_a_cut_link_is_a_dashed_arc_with_a_cross_in_place_of_its_own():
    view = view_of("a b c d e f g h")
    chart = arcs(view, Look("light"), cut=CUT, replaced=REPLACED)
    svg = valid_svg_of(chart)
    assert svg.count('stroke-dasharray="5,4"') == 3 and svg.count('stroke-dasharray="4,3"') == 1
    crosses = [layer for layer in layers_of(chart.to_dict()) if CROSS in json.dumps(layer.get("mark", {}))]
    assert len(crosses) == 2  # over arcs, and over the word that looks at itself
    plain = [json.dumps(layer.get("transform", "")) for layer in layers_of(chart.to_dict())]
    assert any("datum.w >=" in one and "5-3" in one for one in plain)
    assert valid_svg_of(arcs(view, Look("light"))).count("stroke-dasharray") == 0


@pytest.mark.parametrize("name", ["heatmap", "arcs"])
def test_a_picture_with_crosses_knows_them(name):
    drawn = draw(view_of("a b c d e f g h"), name, cut=CUT, replaced=REPLACED)
    assert drawn.provenance.options["cut"] == CUT and drawn.provenance.options["replaced"] == REPLACED
