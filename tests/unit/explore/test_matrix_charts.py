"""Heatmap, side by side, difference: what is drawn where, on which scale, at what size."""

import json
import re
import time

import altair as alt
import numpy as np
import pytest
import vl_convert

from dashboard.analyses.explore.heatmap_chart import LEAST, heatmap, top_of
from dashboard.analyses.explore.side_by_side_chart import difference, side_by_side
from dashboard.charts.drawing import VEGALITE
from dashboard.charts.ink import round_up
from dashboard.charts.look import Look
from dashboard.charts.matrix import RECTS, side_of
from dashboard.charts.stack import stack
from dashboard.charts.theme import PALETTES, ink, paint, signed
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import HeadView
from tests.helpers.charts import assert_valid, layers_of, strings, svg_of
from tests.helpers.clock import cpu_seconds
from tests.helpers.sentences import heads_in, numbers, plain
from tests.helpers.views import head_view

L2H9 = HeadId(2, 9)


def view_of(weights, head=L2H9, labels=None, **more) -> HeadView:
    weights = np.asarray(weights, np.float32)
    n = len(weights)
    labels = tuple(labels or (f"w{k}" for k in range(n)))
    fields = {"special": (False,) * n, "spans": (None,) * n, "unit": "words", "hidden": "show", "causal": False}
    return head_view(head, weights, labels, text="", model="MiniLM", **fields | more)


def random_view(n: int, head=L2H9, seed: int = 0, alpha: float = 0.1, **more) -> HeadView:
    return view_of(np.random.default_rng(seed).dirichlet(np.full(n, alpha), n), head, **more)


def colour_scales(spec: dict) -> list[dict]:
    colours = [layer.get("encoding", {}).get("color") for layer in layers_of(spec)]
    return [colour["scale"] for colour in colours if colour and "scale" in colour]


def rects(svg: str) -> list[tuple[float, float, float, tuple[int, int, int]]]:
    """(x, y, width, colour) of the coloured cells."""
    found = re.findall(r'd="M([\d.]+),([\d.]+)h([\d.]+)v[\d.]+h-[\d.]+Z" fill="rgb\((\d+), (\d+), (\d+)\)"', svg)
    return [(float(x), float(y), float(w), (int(r), int(g), int(b))) for x, y, w, r, g, b in found]


def test_a_cell_stands_at_its_row_and_column_in_its_ink():
    weights = [[1, 0, 0], [0.25, 0.75, 0], [0, 0.5, 0.5]]
    chart = heatmap(view_of(weights), Look("light"), top=1.0)
    step = chart.to_dict()["width"] / 3
    drawn = {(round(y / step), round(x / step)): colour for x, y, _, colour in rects(svg_of(chart))}
    assert set(drawn) == {(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)}  # what is not there is not drawn
    for (i, j), colour in drawn.items():
        assert np.abs(np.array(colour) - paint(np.array(weights[i][j]), ink("light"), 0, 1)).max() <= 1


def test_few_cells_are_rectangles_and_more_are_one_image():
    few, many = (heatmap(random_view(n), Look("light")).to_dict() for n in (RECTS, RECTS + 1))
    marks = [[layer["mark"]["type"] for layer in layers_of(spec) if "mark" in layer] for spec in (few, many)]
    assert "image" not in marks[0] and marks[1].count("image") == 1
    image = next(layer for layer in layers_of(many) if layer.get("mark", {}).get("type") == "image")
    assert image["mark"]["smooth"] is False and image["mark"]["aspect"] is False
    assert {k: v["datum"] for k, v in image["encoding"].items()} == {"x": 0, "x2": RECTS + 1, "y": 0, "y2": RECTS + 1}


@pytest.mark.parametrize(("n", "most"), [(64, 150_000), (96, 200_000), (256, 200_000), (512, 700_000)])
@pytest.mark.parametrize("alpha", [0.02, 1.0])
def test_what_is_sent_to_the_browser_is_small(n, most, alpha):
    spec = json.dumps(heatmap(random_view(n, alpha=alpha), Look("light")).to_dict())
    assert len(spec) < most
    assert all(ord(c) < 128 for c in spec)


def test_building_a_chart_takes_no_time_that_a_person_would_notice():
    view = random_view(512)
    assert cpu_seconds(lambda: heatmap(view, Look("light")).to_dict(), times=7) < 0.2  # 25 ms where nothing else runs


def test_a_512_heatmap_exports_small_and_fast():
    spec = json.dumps(heatmap(random_view(512, alpha=0.05), Look("light")).to_dict())
    start = time.process_time()
    svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE)
    pdf = vl_convert.vegalite_to_pdf(spec, vl_version=VEGALITE)
    assert len(svg) < 1_000_000 and len(pdf) < 1_000_000
    assert time.process_time() - start < 20  # under 2 s each
    assert svg.count("<image") == 1


@pytest.mark.parametrize("n", [1, 2, 3, 13, 40, 97, 200, 512])
@pytest.mark.parametrize("unit", ["words", "tokens"])
def test_every_size_is_a_valid_drawing_within_its_room(n, unit):
    labels = [f"{'longish' * (k % 3)}{k}" for k in range(n)]
    chart = heatmap(random_view(n, labels=labels, unit=unit), Look("dark", 600))
    spec = chart.to_dict()
    assert_valid(spec)
    assert spec["width"] == spec["height"]
    width = float(re.search(r'width="([\d.]+)"', svg_of(chart))[1])
    assert width <= max(600, n + 170) * 1.06  # the faces here may be wider than Source Sans
    axis = next(layer["encoding"]["x"]["axis"] for layer in layers_of(spec) if "x" in layer.get("encoding", {}))
    apart = np.diff(axis["values"]) * spec["width"] / n
    assert n == 1 or apart.min() >= 11  # a line of type


def test_a_cell_is_never_less_than_a_pixel():
    assert side_of(13, 500) == 13 * 38
    assert side_of(64, 500) == 64 * 7.5
    assert side_of(256, 480) == 480
    assert side_of(512, 480) == 512
    assert all(n <= side_of(n, 480) <= max(n, 480) for n in range(13, 700))


def test_the_scale_is_round_and_covers_nearly_all_weights():
    assert [round_up(v) for v in (0.0004, 0.013, 0.05, 0.21, 0.51, 1.0)] == [0.001, 0.02, 0.05, 0.5, 1.0, 1.0]
    assert top_of([view_of(np.full((10, 10), 0.1))]) == 0.1  # a float32 is a little more than 0.1
    view = random_view(100, alpha=0.05)
    top = top_of([view])
    seen = view.weights[view.weights > 0]
    assert (seen <= top).mean() >= 0.995 and top <= 1
    assert top_of([view_of(np.zeros((2, 2)))]) == 1.0


def test_in_a_long_text_a_sharp_head_looks_sharper_than_a_flat_one():
    """500 words: full ink is what the sharp head gives in each row, and never so little as an even spread gives."""
    n = 500
    flat = np.random.default_rng(0).dirichlet(np.full(n, 20.0), n)
    sharp = 0.1 * flat + 0.9 * np.eye(n, k=-1)
    sharp[0] = flat[0]
    views = [view_of(sharp, HeadId(0, 0)), view_of(flat, HeadId(0, 1))]
    assert [top_of([view]) for view in views] == [1.0, LEAST] and top_of(views) == 1.0
    parked = 0.001 * flat
    parked[:, 0] = 0.999
    assert top_of([view_of(parked)]) == 1.0
    special = view_of(parked, special=(True, *[False] * (n - 1)))
    assert top_of([special]) == LEAST  # what is left beside a special token is seen
    shades = [np.clip(view.weights / top_of([view]), 0, 1).mean() for view in views]
    assert shades[1] == pytest.approx(0.1, abs=0.01) and shades[0] < 0.01
    domains = [
        colour_scales(difference(*pair, Look("light")).to_dict())[0]["domain"][-1] for pair in (views, views[::-1])
    ]
    assert domains == [1.0, 1.0]


def test_heads_side_by_side_share_one_scale_and_one_pointer():
    sharp, flat = random_view(12, HeadId(0, 1), alpha=0.01), random_view(12, HeadId(3, 4), seed=1, alpha=50)
    spec = side_by_side([sharp, flat, flat], Look("light")).to_dict()
    assert_valid(spec)
    scales = colour_scales(spec)
    assert len(scales) == 3 and scales[0] == scales[1] == scales[2]
    assert scales[0]["domain"][-1] == top_of([sharp, flat, flat])
    assert [panel["title"]["text"] for panel in spec["concat"]] == ["L0H1", "L3H4", "L3H4"]
    [pointed] = [param for param in spec["params"] if "select" in param]
    assert pointed["views"] == ["bars0", "bars1", "bars2"]
    assert len({(panel["width"], panel["height"]) for panel in spec["concat"]}) == 1


def test_maps_that_would_be_too_small_stand_under_each_other():
    two = [random_view(450), random_view(450, HeadId(0, 0))]
    assert side_by_side(two, Look("light", 940)).to_dict()["columns"] == 1
    few = [random_view(20), random_view(20, HeadId(0, 0))]
    assert side_by_side(few, Look("light", 940)).to_dict()["columns"] == 2
    assert side_by_side(few, Look("light", 480)).to_dict()["columns"] == 1


def test_the_difference_is_symmetric_about_paper(snapshot):
    a = view_of([[1, 0], [0.5, 0.5]], HeadId(0, 0))
    b = view_of([[0.6, 0.4], [0.5, 0.5]], HeadId(1, 1))
    chart = difference(a, b, Look("light"))
    spec = chart.to_dict()
    assert_valid(spec)
    [scale] = colour_scales(spec)
    domain, colours = scale["domain"], scale["range"]
    assert domain == [-d for d in reversed(domain)] and domain[-1] == 0.5
    assert colours == signed("light") and colours[len(colours) // 2] == PALETTES["light"].paper
    step = spec["width"] / 2
    drawn = {(round(y / step), round(x / step)): colour for x, y, _, colour in rects(svg_of(chart))}
    assert set(drawn) == {(0, 0), (0, 1)}  # the second row is equal: nothing is drawn
    green, purple = drawn[0, 0], drawn[0, 1]
    assert green[1] > green[0] and purple[0] > purple[1]
    said = plain(chart.description)
    assert numbers(said) == [100, 60, 40, 0] and re.findall("“(.*?)”", said) == ["w0", "w0", "w0", "w1"]
    assert heads_in(said) == ["L0H0", "L1H1", "L1H1", "L0H0"] and said == snapshot


def test_heads_that_are_nearly_equal_do_not_look_far_apart():
    """They differ by 0.01 % in two cells: that is no full colour."""
    one = np.eye(6) * 0.5 + 0.5 / 6
    other = one.copy()
    other[0, :2] += (-1e-4, 1e-4)
    [colours] = colour_scales(difference(view_of(one), view_of(other), Look("light")).to_dict())
    assert colours["domain"][-1] == LEAST


def test_the_difference_of_a_head_and_itself_is_blank():
    a = random_view(5)
    chart = difference(a, a, Look("dark"))
    assert rects(svg_of(chart)) == []
    assert "equal" in chart.description


def test_heads_over_different_words_have_no_difference(refuses):
    with refuses(UserError):
        difference(random_view(4), random_view(5), Look("light"))
    with refuses(UserError):
        side_by_side([], Look("light"))


def test_an_empty_row_says_why(snapshot):
    hidden = view_of([[0, 0], [0.5, 0.5]], hidden="hide")
    spec = json.dumps(heatmap(hidden, Look("light")).to_dict())
    assert sorted(one for one in strings(json.loads(spec)) if "hidden" in one) == snapshot
    data = [layer["data"]["values"] for layer in layers_of(json.loads(spec)) if "data" in layer]
    rows = next(rows for rows in data if "v" in rows[0])
    assert [row["v"] == "" for row in rows] == [True, False]


def test_a_window_says_what_part_it_is():
    part = random_view(40).window(10, 20)
    subtitle = " ".join(heatmap(part, Look("light")).to_dict()["title"]["subtitle"])
    assert "11 to 20 of 40" in subtitle and "elsewhere" in subtitle


def test_title_and_alternative_text_stand_alone(snapshot):
    previous = np.eye(8, k=-1) + np.pad([[1.0]], ((0, 7), (0, 7)))
    chart = heatmap(view_of(previous), Look("light"))
    spec = chart.to_dict()
    assert spec["title"]["text"] == ["L2H9 · MiniLM"]
    assert [plain(line) for line in spec["title"]["subtitle"]] == snapshot
    assert "0 to 100\u00a0%" in " ".join(spec["title"]["subtitle"])
    assert spec["description"] == chart.description
    assert "previous word" in chart.description and "L2H9" in chart.description


def test_words_that_read_from_right_to_left_do_not_turn_the_sentence_round():
    plain, turned = (
        json.dumps(heatmap(random_view(2, labels=labels), Look("light")).to_dict())
        for labels in (["says", "chef"], ["يقول", "الطاهي"])
    )
    assert "\\u2068" not in plain and "\\u2068" in turned and "\\u2069" in turned


@pytest.mark.parametrize("n", [5, 40, 100])
def test_heatmaps_under_each_other_draw_and_hear_only_their_own_pointer(n):
    chart = stack([heatmap(random_view(n), Look("light")), heatmap(random_view(n, seed=1), Look("light"))])
    spec = chart.to_dict()
    assert_valid(spec)
    assert [p["views"] for p in spec["params"] if p["name"].startswith("pointed")] == [["bars0_0"], ["bars0_1"]]
    text = json.dumps(spec)
    assert "entered_x" not in text and "@bars0_0_marks" in text and "@bars0_1_marks" in text
    assert svg_of(chart).count("MiniLM") >= 2  # compiles: every signal is there


def test_a_chart_is_not_changed_by_who_takes_it():
    chart = heatmap(random_view(3), Look("light"))
    first = chart.to_dict()
    first["layer"].clear()
    assert chart.to_dict()["layer"]
    assert json.loads(chart.to_json())["description"] == chart.description
    assert isinstance(chart, alt.TopLevelMixin)
