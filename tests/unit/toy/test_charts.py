"""The toy's pictures: every number drawn is worked out here a second way, by hand and with numpy."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from dashboard.analyses.toy.example import TABLES, example
from dashboard.analyses.toy.presets import PRESETS
from dashboard.analyses.toy.steps_chart import MADE_OF, worked
from dashboard.analyses.toy.vectors_chart import plane
from dashboard.analyses.toy.worked_steps import STEPS, arithmetic, number, saying, table, work_through
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.theme import contrast
from tests.helpers.charts import assert_valid, svg_of
from tests.helpers.sentences import numbers, plain

# Two words, d = 2, worked out by hand: X = ((1, 0), (0, 1)), W_Q = 2·I, W_K = I, W_V = ((4, 8), (12, 16)).
# Q = ((2, 0), (0, 2)), scores = ((2, 0), (0, 2)), scaled = √2 on the diagonal, e^√2 = 4.1133,
# softmax = 4.1133 / 5.1133 = 0.8044 and 0.1956, mixed = 0.8044·4 + 0.1956·12 = 5.565 …
HAND = example("identity", "one two", x=[[1, 0], [0, 1]], w_q=[[2, 0], [0, 2]], w_v=[[4, 8], [12, 16]])


def tips(chart) -> list[tuple[str, str, str]]:
    """(matrix, cell, number) of every cell, in the order of drawing, as the pointer is told them."""
    boxes = next(
        layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == "rect" and "fill" in layer["encoding"]
    )
    return [re.fullmatch(r"(.+?), (.+): (.+)", box["tip"], re.DOTALL).groups() for box in boxes["data"]["values"]]


def numbers_of(chart) -> dict[str, list[str]]:
    """Matrix → the numbers that stand in its cells."""
    found: dict[str, list[str]] = {}
    for matrix, _, says in tips(chart):
        found.setdefault(matrix, []).append(says)
    return found


def test_the_calculation_by_hand_stands_in_the_cells():
    says = numbers_of(worked(work_through(HAND), "all", 0, Look("light")))
    assert says["X"] == ["1.00", "0.00", "0.00", "1.00"]
    assert says["Q"] == ["2.00", "0.00", "0.00", "2.00"]
    assert says["Scores"] == ["2.00", "0.00", "0.00", "2.00"]
    assert says["Scaled"] == says["Masked"] == ["1.41", "0.00", "0.00", "1.41"]
    assert says["Softmax"] == ["80 %", "20 %", "20 %", "80 %"]
    assert says["Mixed values"] == ["5.56", "9.56", "10.44", "14.44"]
    assert list(says) == ["X", "Q", "K", "V", "Scores", "Scaled", "Masked", "Softmax", "Mixed values"]


def test_the_sentences_of_the_calculation_by_hand(snapshot):
    toy = work_through(HAND)
    assert numbers(saying(toy, 0)) == [80, 20] and re.findall("“(.*?)”", saying(toy, 0)) == ["one", "one", "two"]
    said = {step: arithmetic(toy, step, 0) for step in toy.available_steps}
    sums = {step: sentence.rpartition(": ")[2].replace("\u00a0", " ") for step, sentence in said.items()}
    assert sums["q"] == "1.00·2.00 + 0.00·0.00 = 2.00."
    assert sums["scores"] == "2.00·1.00 + 0.00·0.00 = 2.00."
    assert sums["scaled"] == "2.00 ÷ √2 = 1.41."
    assert sums["weights"] == "e^1.41 ÷ (e^1.41 + e^0.00) = 80 %."
    assert sums["mixed"] == "0.80·4.00 + 0.20·12.00 = 5.56."
    assert {"saying": plain(saying(toy, 0))} | {step: plain(sentence) for step, sentence in said.items()} == snapshot
    assert all(sentence.endswith(".") for sentence in said.values())


@pytest.mark.parametrize("preset", PRESETS)
def test_the_table_holds_what_numpy_computes(preset):
    made = example(preset)
    for head in range(made.heads):
        rows = table(work_through(made, head))
        d = made.columns // made.heads
        own = slice(head * d, (head + 1) * d)
        x, w_q, w_k, w_v = (np.array(getattr(made, name)) for name in TABLES)
        q, k, v = x @ w_q[:, own], x @ w_k[:, own], x @ w_v[:, own]
        scaled = q @ k.T / (d**0.5 if made.scaled else 1)
        if made.causal:
            scaled = np.where(np.tril(np.ones_like(scaled)) > 0, scaled, -np.inf)
        weights = np.exp(scaled - scaled.max(1, keepdims=True))
        weights /= weights.sum(1, keepdims=True)
        for step, wanted in (("q", q), ("k", k), ("v", v), ("weights", weights), ("mixed", weights @ v)):
            assert np.allclose(rows[rows["step"] == step]["value"], wanted.ravel()), (step, head)
        masked = rows[rows["step"] == "masked"]["value"].to_numpy()
        assert np.array_equal(np.isnan(masked), ~np.isfinite(scaled).ravel())
        assert set(rows["step"]) == set(STEPS) - ({"joined"} if made.heads == 1 else set())


@pytest.mark.parametrize("step", ["all", *STEPS])
def test_every_step_is_a_valid_drawing_in_its_room(step):
    toy = work_through(example("heads"), 1)
    chart = worked(toy, step, 1, Look("light", 980))
    assert_valid(chart.to_dict())
    assert float(re.search(r'width="([\d.]+)"', svg_of(chart))[1]) <= 1020
    assert chart.description.endswith(".")
    narrow = worked(toy, step, 1, Look("dark", 320)).to_dict()
    assert narrow["height"] >= chart.to_dict()["height"]
    assert "NaN" not in json.dumps(narrow)


def test_a_change_of_the_toy_changes_only_the_data_of_its_drawing():
    made = example()
    (before, first), (after, then) = (
        worked(work_through(one), "all", 4, Look("light", 980)).refillable()
        for one in (made, replace(made, causal=True))
    )
    assert before == after
    assert first != then
    whole = worked(work_through(made), "all", 4, Look("light", 980)).to_dict()
    assert [layer["data"]["values"] for layer in whole["layer"]] == list(first.values())
    assert "description" in whole


@pytest.mark.parametrize("words", ["one", "a b c d e f g h", "東京 \ud800 \x00 <b> مرحبا 🍜 " + "x" * 60])
@pytest.mark.parametrize("size", [0.0, 1e-300, 1e6])
def test_corners_draw_no_nan(words, size):
    made = example("causal", words)
    for name in TABLES:
        made = made.with_table(name, [[size] * len(row) for row in getattr(made, name)])
    for changed in (made, made.with_heads(2)):
        toy = work_through(changed, changed.heads - 1)
        for chart in (worked(toy, "all", 0, Look("light")), plane(toy, 0, Look("dark"))):
            written = json.dumps(chart.to_dict())
            assert "NaN" not in written and "Infinity" not in written
        assert "NaN" not in svg_of(chart)


def drawn(chart, kind: str, field: str) -> list[dict]:
    """The data of the layers of this mark that have this channel."""
    layers = chart.to_dict()["layer"]
    return [
        row
        for one in layers
        if one["mark"]["type"] == kind and field in one["encoding"]
        for row in one["data"]["values"]
    ]


def test_words_on_cells_can_be_read_and_stand_in_their_middle():
    for theme in ("light", "dark"):
        chart = worked(work_through(example("previous")), "all", 0, Look(theme))
        cells, words = drawn(chart, "rect", "fill"), drawn(chart, "text", "tooltip")
        assert [cell["tip"] for cell in cells] == [word["tip"] for word in words]
        for cell, word in zip(cells, words, strict=True):
            a, b = (
                np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) for colour in (cell["fill"], word["colour"])
            )
            assert contrast(a, b) >= 4.5
            assert word["x"] == pytest.approx((cell["x"] + cell["x2"]) / 2, abs=0.11)
            assert word["y"] == pytest.approx((cell["y"] + cell["y2"]) / 2, abs=0.11)


def test_the_row_that_is_followed_is_framed():
    chart = worked(work_through(example()), "all", 3, Look("light"))
    cells = drawn(chart, "rect", "fill")
    frames = drawn(chart, "rect", "strokeWidth")
    assert len(frames) == 9  # a matrix each
    for frame in frames:
        inside = [
            cell["tip"]
            for cell in cells
            if frame["x"] - 1 < cell["x"] < frame["x2"] and frame["y"] - 1 < cell["y"] < frame["y2"] - 1
        ]
        assert inside and all(", favourite" in tip for tip in inside)


def test_a_product_shows_its_two_factors_and_the_result():
    for step, names in MADE_OF.items():
        made = example("heads" if step == "joined" else "identity")
        found = numbers_of(worked(work_through(made), step, 0, Look("light")))
        assert len(found) == sum(len(name) > 1 or name in "xqkv" for name in names) - ("beside" in names)


def arrows(chart) -> list[dict[str, tuple]]:
    """For each panel, name of an arrow → where it points."""
    return [
        {row["name"]: (row["x"], row["y"]) for row in panel["layer"][1]["data"]["values"]}
        for panel in chart.to_dict()["concat"]
    ]


def test_arrows_point_where_the_vectors_do():
    made = example("heads")
    toy = work_through(made, 1)
    words, keys, values = arrows(plane(toy, 4, Look("light"), axes=(2, 3)))
    assert words == {word: (row[2], row[3]) for word, row in zip(made.words, made.x, strict=True)}
    steps = made.steps()
    assert keys["query"] == pytest.approx(steps.q[1, 4].tolist())
    assert keys["my"] == pytest.approx(steps.k[1, 2].tolist())
    assert values["mixture"] == pytest.approx(steps.mixed[1, 4].tolist())
    assert values["is"] == pytest.approx(steps.v[1, 1].tolist())


def test_names_in_the_plane_do_not_cover_each_other():
    rows = plane(work_through(example("previous", "a b c d e f g h")), 2, Look("light"), axes=(2, 3)).to_dict()[
        "concat"
    ][0]
    places = sorted(row["ly"] for row in rows["layer"][1]["data"]["values"])
    assert all(0 <= place <= 320 for place in places)
    same = example("identity", "same same same").with_table("x", [[1, 1]] * 3)
    panel = plane(work_through(same), 0, Look("light")).to_dict()["concat"][0]
    places = sorted(row["ly"] for row in panel["layer"][1]["data"]["values"])
    assert min(b - a for a, b in pairwise(places)) >= 14


@pytest.mark.parametrize("row", range(5))
def test_a_name_in_the_plane_covers_no_arrows_head_and_no_other_name(row):
    for panel in plane(work_through(example()), row, Look("light")).to_dict()["concat"]:
        side, rows = panel["width"], panel["layer"][1]["data"]["values"]
        reach = panel["layer"][0]["encoding"]["x"]["scale"]["domain"][1]
        heads = [((1 + one["x"] / reach) * side / 2, (1 - one["y"] / reach) * side / 2) for one in rows]
        names = [(one["lx"], one["ly"], width_of(one["name"], 12) / 2) for one in rows]
        for k, (x, y, wide) in enumerate(names):
            assert not any(abs(x - a) < wide + 3 and abs(y - b) < 11 for a, b in heads)
            assert not any(abs(x - a) < wide + other and abs(y - b) < 14 for a, b, other in names[:k])
            assert wide <= x <= side - wide


def test_vectors_of_one_number_stand_on_the_line():
    _, keys, _ = arrows(plane(work_through(example("identity").with_heads(2), 0), 0, Look("light")))
    assert all(y == 0 for _, y in keys.values())


def test_numbers_in_cells():
    assert [number(v) for v in (0, -0.001, 1.005, -2.5, 123456, 1.2e12, -np.inf)] == [
        "0.00",
        "0.00",
        "1.00",
        "−2.50",
        "1.23e5",
        "1.2e12",
        "−∞",
    ]
