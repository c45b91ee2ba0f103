"""Lines, arcs and the text itself: which links are drawn, and where words stand."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.analyses.explore.arcs_chart import arc_heights, arcs
from dashboard.analyses.explore.lines_chart import lines
from dashboard.analyses.explore.link_strokes import FAINTEST, links_of
from dashboard.analyses.explore.text_chart import reading
from dashboard.analyses.explore.views import VIEWS
from dashboard.charts.drawing import VEGALITE
from dashboard.charts.labels import lay_out, right_to_left, width_of
from dashboard.charts.look import Look
from dashboard.charts.text_lines import LINE, set_text
from dashboard.charts.titles import wrap
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import HeadView
from tests.helpers.charts import assert_valid, strings, svg_of
from tests.helpers.views import changed, head_view

SENTENCE = "The chef who trained in Osaka says ramen is her favourite food."


def view_of(text: str, weights=None, unit="words", **more) -> HeadView:
    spans = tuple((m.start(), m.end()) for m in re.finditer(r"\w+|[^\w\s]", text))
    n = len(spans)
    if weights is None:
        weights = np.random.default_rng(0).dirichlet(np.full(n, 0.2), n)
    fields = {"special": (False,) * n, "spans": spans, "hidden": "show", "causal": False}
    labels = tuple(text[a:b] for a, b in spans)
    weights = np.asarray(weights, np.float32)
    return head_view(HeadId(2, 9), weights, labels, unit=unit, text=text, model="MiniLM", **fields | more)


def curves(svg: str) -> list[tuple[float, float, float, float]]:
    """(x, y) of the start and the end of each line drawn."""
    paths = re.findall(r'<path d="(M[^"Z]*)" stroke="[^"]*" stroke-opacity', svg)
    ends = []
    for path in paths:
        numbers = [float(v) for v in re.findall(r"-?[\d.]+", path)]
        ends.append((numbers[0], numbers[1], numbers[-2], numbers[-1]))
    return ends


def test_links_are_the_weights_from_half_a_per_cent_on_weakest_first():
    view = view_of("a b c", [[0.9, 0.097, 0.003], [0, 0, 1], [0.2, 0.3, 0.5]])
    links = links_of(view)
    assert [(r["i"], r["j"]) for r in links.rows] == [(0, 1), (2, 0), (2, 1), (2, 2), (0, 0), (1, 2)]
    assert min(r["w"] for r in links.rows) >= FAINTEST
    assert not links.to_special and all(r["o"] == pytest.approx(r["w"], abs=1e-3) for r in links.rows)


def test_links_to_special_tokens_are_paler_and_said_to_be(snapshot):
    view = view_of("a b", [[0.8, 0.2], [0.7, 0.3]], special=(True, False))
    links = links_of(view)
    assert links.to_special and links.note == snapshot
    assert {r["j"]: round(r["o"] / r["w"], 1) for r in links.rows} == {0: 0.3, 1: 1.0}


@pytest.mark.parametrize("alpha", [0.01, 0.1, 1.0, 50.0])
def test_what_stands_without_pointing_is_no_hairball(alpha):
    n = 60
    weights = np.random.default_rng(1).dirichlet(np.full(n, alpha), n)
    links = links_of(view_of(" ".join(f"w{k}" for k in range(n)), weights))
    drawn = sum(r["w"] >= links.threshold for r in links.rows)
    assert drawn <= 2 * n
    assert f"links of {links.threshold * 100:.3g}" in links.note


def test_lines_run_from_the_word_that_looks_to_the_word_looked_at():
    weights = np.zeros((4, 4))
    weights[0, 3] = weights[1, 1] = weights[2, 0] = weights[3, 3] = 1
    chart = lines(view_of("a b c d", weights), Look("light"))
    spec = chart.to_dict()
    step = spec["height"] / 4
    drawn = {(round(y0 / step - 0.5), round(y1 / step - 0.5)) for _, y0, _, y1 in curves(svg_of(chart))}
    assert drawn == {(0, 3), (1, 1), (2, 0), (3, 3)}
    assert all(x1 - x0 == pytest.approx(spec["width"]) for x0, _, x1, _ in curves(svg_of(chart)))


def test_arcs_above_look_back_and_arcs_below_look_ahead():
    weights = np.zeros((3, 3))
    weights[0, 2] = weights[2, 1] = weights[1, 1] = 1
    chart = arcs(view_of("aaa bbb ccc", weights), Look("light"))
    spec = chart.to_dict()
    xs = next(p["value"] for p in spec["params"] if p["name"] == "xs")
    drawn = curves(svg_of(chart))
    assert len(drawn) == 2  # what a word gives itself is a disc
    back = next(c for c in drawn if c[0] == pytest.approx(xs[2], abs=0.1))
    ahead = next(c for c in drawn if c[0] == pytest.approx(xs[0], abs=0.1))
    assert back[2] == pytest.approx(xs[1], abs=0.1) and ahead[2] == pytest.approx(xs[2], abs=0.1)
    assert back[1] < ahead[1]  # above the words, and below them


def test_a_causal_head_has_no_room_below_for_arcs_it_cannot_have():
    n = 6
    weights = np.tril(np.random.default_rng(0).random((n, n)))
    weights /= weights.sum(1, keepdims=True)
    both = arcs(view_of("a b c d e f"), Look("light")).to_dict()
    back = arcs(view_of("a b c d e f", weights, causal=True), Look("light")).to_dict()
    assert back["height"] < both["height"]
    assert "ahead" not in " ".join(back["title"]["subtitle"])


def test_links_too_faint_to_be_drawn_at_rest_take_a_strip_and_no_more():
    def height(ahead):
        weights = np.full((6, 6), 0.0)
        weights[1:, 0], weights[0, 5] = 0.9, ahead
        return arcs(view_of("a b c d e f", weights), Look("light")).to_dict()["height"]

    assert height(0) < height(0.009) <= height(0) + 12
    assert height(0.9) > height(0.009) + 40


def test_a_sentence_that_fits_is_set_level_and_a_long_one_upright():
    def angles(text):
        return {a for a in re.findall(r"rotate\((-?\d+)", svg_of(arcs(view_of(text), Look("light")))) if a != "0"}

    assert angles(SENTENCE) == set()
    assert angles(" ".join(["something"] * 40)) == {"270"}


@pytest.mark.parametrize("draw", [lines, arcs, reading])
@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("x", "words"),
        (SENTENCE, "words"),
        (SENTENCE, "tokens"),
        ("中 文 字", "words"),
        ("يقول الطاهي", "words"),
        ("🍜 ❤️", "tokens"),
    ],
)
def test_every_picture_is_a_valid_drawing_in_both_themes(draw, text, unit):
    for theme in ("light", "dark"):
        chart = draw(view_of(text, unit=unit), Look(theme, 560))
        spec = chart.to_dict()
        assert_valid(spec)
        svg = svg_of(chart)
        assert float(re.search(r'width="([\d.]+)"', svg)[1]) <= 560 * 1.06
        assert spec["description"].split(". ")[0].endswith("L2H9, MiniLM")


@pytest.mark.parametrize("name", list(VIEWS))
def test_as_many_words_as_a_view_takes_are_drawn_and_small_on_the_wire(name):
    view = VIEWS[name]
    n = view.max_positions
    weights = np.random.default_rng(2).dirichlet(np.full(n, 0.05), n)
    spec = json.dumps(view.draw(view_of(" ".join(f"w{k}" for k in range(n)), weights), Look("light")).to_dict())
    assert len(spec) < 700_000
    vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE)


def test_nothing_is_drawn_for_a_row_that_has_nothing(snapshot):
    view = view_of("a b", [[0, 0], [1, 0]], hidden="hide")
    chart = lines(view, Look("light"))
    assert len(curves(svg_of(chart))) == 1
    assert sorted(one for one in strings(chart.to_dict()) if "hidden" in one) == snapshot


def test_lines_of_text_keep_what_stands_between_words():
    page = set_text(view_of("Hello, world.\nAgain", unit="words"), 400)
    x = {place.word: place for place in page.places}
    assert x["Hello"].x == 0
    assert x[","].x - (x["Hello"].x + x["Hello"].width) < x["world"].x - (x[","].x + x[","].width)
    assert x["Again"].x == 0 and x["Again"].y == x["world"].y + LINE
    assert page.height == pytest.approx(x["Again"].y + LINE)


def test_pieces_of_a_word_stay_on_one_line():
    text = "aaaa bbbb ccccdddd"
    labels, spans = ("aaaa", "bbbb", "cccc", "·dddd"), ((0, 4), (5, 9), (10, 14), (14, 18))
    view = changed(view_of(text), spans=spans, labels=labels, special=(False,) * 4)
    view = replace(view, weights=np.eye(4, dtype=np.float32))
    places = set_text(view, width_of("aaaa bbbb cccc", 17) + 34).places
    assert [place.word for place in places] == ["aaaa", "bbbb", "cccc", "dddd"]
    assert places[0].y == places[1].y < places[2].y == places[3].y


def test_text_that_reads_from_right_to_left_starts_on_the_right():
    page = set_text(view_of("يقول الطاهي"), 400)
    first, second = page.places
    assert first.x + first.width == pytest.approx(400, abs=0.2) and second.x < first.x
    assert right_to_left("  12 يقول") and not right_to_left("says يقول") and not right_to_left("123")


@settings(max_examples=60)
@given(st.text("ab c\nd,.中ش", min_size=1, max_size=80).filter(lambda t: re.search(r"\w", t)), st.integers(120, 700))
def test_no_box_leaves_its_line_or_lies_on_another(text, room):
    page = set_text(view_of(text), room)
    lines_: dict[float, list] = {}
    for place in page.places:
        assert place.x >= -0.2 and place.x + place.width <= room + 0.2
        assert place.y + LINE <= page.height + 1e-6
        lines_.setdefault(place.y, []).append(place)
    for line in lines_.values():
        line.sort(key=lambda place: place.x)
        assert all(a.x + a.width <= b.x + 0.2 for a, b in pairwise(line))


def test_labels_lean_only_where_they_must_and_thin_out_to_lines_of_type():
    assert lay_out(["a", "b"], 38, mono=False, across=True).angle == 0
    assert lay_out(["favourite"], 30, mono=False, across=True).angle == -45
    assert lay_out(["favourite"], 12, mono=False, across=True).angle == -90
    assert lay_out(["favourite"], 12, mono=False, across=False).angle == 0
    for step in (1.0, 2.5, 5.0, 11.5):
        assert lay_out(["x"], step, mono=False, across=False).every * step >= 12


def test_widths_are_those_of_source_sans():
    assert width_of("The chef", 100) == pytest.approx(54 + 54 + 50 + 20 + 46 + 54 + 50 + 29)
    assert width_of("chef", 100, mono=True) == 240
    assert width_of("👩‍🍳", 10) == width_of("🍳", 10)
    assert width_of("中文", 10) == 20 and width_of("e\u0301", 100) == 50


@given(st.text("ab ·", max_size=60), st.floats(40, 300))
def test_a_title_is_broken_at_spaces_and_loses_nothing(text, room):
    lines_ = wrap(text, room, 12)
    assert "".join("".join(lines_).split()).replace("·", "") == "".join(text.split()).replace("·", "")
    longest = max((width_of(word, 12) for word in text.split(" ")), default=0)
    assert all(width_of(line, 12) <= max(room, longest + width_of("· ", 12)) + 1e-6 for line in lines_)


PARSE = [
    (0, 1, "det"),
    (1, 6, "nsubj"),
    (2, 3, "nsubj"),
    (3, 1, "relcl"),
    (4, 3, "prep"),
    (5, 4, "pobj"),
    (7, 8, "nsubj"),
    (8, 6, "ccomp"),
    (9, 11, "poss"),
    (10, 11, "amod"),
    (11, 8, "attr"),
    (12, 6, "punct"),
]


def names_of(spec: dict) -> list[dict]:
    """The relations' names of a drawing with a parse."""
    return next(
        layer["data"]["values"] for layer in spec["layer"] if "fits" in str(layer.get("data", {}).get("values"))
    )


@pytest.mark.parametrize("width", [320, 474, 980])
def test_a_relation_is_named_on_its_arc_where_it_fits_and_none_is_over_another(width):
    spec = arcs(view_of(SENTENCE), Look("light", width), parse=PARSE).to_dict()
    xs = next(p["value"] for p in spec["params"] if p["name"] == "xs")
    names = names_of(spec)
    assert [(name["i"], name["j"], name["name"]) for name in names] == PARSE
    fits = [name for name in names if name["fits"]]
    assert len(fits) >= (0 if width == 320 else 10)
    for name in fits:
        assert name["x"] == pytest.approx((xs[name["i"]] + xs[name["j"]]) / 2, abs=0.2) and name["y"] >= 6
        assert width_of(name["name"], 11) < abs(xs[name["i"]] - xs[name["j"]])
    for k, one in enumerate(fits):
        for other in fits[:k]:
            wide = (width_of(one["name"], 11) + width_of(other["name"], 11)) / 2
            assert abs(one["x"] - other["x"]) > wide or abs(one["y"] - other["y"]) >= 11
    svg = svg_of(arcs(view_of(SENTENCE), Look("light", width), parse=PARSE))
    drawn = re.findall(r'fill="#0072B2"[^>]*>([^<]*)<', svg)
    assert sorted(drawn) == sorted(name["name"] for name in fits)
    assert svg.count('stroke-dasharray="5,3"') == len(PARSE)
    assert_valid(spec)


@pytest.mark.parametrize(("role", "colour"), [("syntax", "#0072B2"), ("context", "#D55E00"), ("position", "#7F7F7F")])
def test_a_head_has_the_colour_of_its_role(role, colour):
    chart = arcs(view_of(SENTENCE), Look("light"), role=role)
    svg = svg_of(chart)
    drawn = set(re.findall(r'stroke="([^"]*)" stroke-opacity', svg))
    assert drawn == {colour} and f"a {role} head" in " ".join(chart.to_dict()["title"]["subtitle"])


def test_marked_pairs_are_those_of_the_whole_text_in_a_window_of_it_too():
    weights = np.full((8, 8), 0.01)
    weights[5, 3] = weights[7, 1] = 0.004  # too little to be drawn
    weights[6, 2] = 0.006
    view = view_of("a b c d e f g h", weights)

    def lit(view):
        chart = arcs(view, Look("light"), lit=[(5, 3), (6, 2), (7, 1)], parse=[(6, 2, "obj"), (7, 1, "det")])
        drawn = [layer for part in chart.to_dict()["layer"] for layer in part.get("layer", [])]
        return " ".join(json.dumps(layer.get("transform")) for layer in drawn), names_of(chart.to_dict())

    subtitle = str(arcs(view, Look("dark"), lit=[(5, 3)]).to_dict()["title"]["subtitle"])
    assert "ink" in subtitle and "dark" not in subtitle  # light arcs on dark paper
    said, _ = lit(view)
    assert "5-3" in said and "6-2" in said and "7-1" in said
    said, names = lit(view.window(2, 8))
    assert "3-1" in said and "4-0" in said and "7-1" not in said and "5-" not in said
    assert [(name["i"], name["j"]) for name in names] == [(4, 0)]


def test_two_heads_side_by_side_stand_level():
    one, other = view_of(SENTENCE), view_of(SENTENCE, np.eye(13)[::-1])
    heights = arc_heights([one, other], width=400, parse=PARSE)
    assert [type(pixels) for pixels in heights] == [float, float]  # the lines that draw it again write them
    first, second = (arcs(view, Look("light", 400), parse=PARSE, heights=heights).to_dict() for view in (one, other))
    assert first["height"] == second["height"]
    for view in (one, other):
        alone = arcs(view, Look("light", 400), parse=PARSE).to_dict()["height"]
        assert alone <= first["height"]
