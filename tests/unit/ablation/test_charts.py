"""The pictures of an ablation: what is drawn, at which place, in which colour, and what a click tells."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from dashboard.analyses.ablation.rank_chart import effect_ranking, ticks
from dashboard.charts.changed_text import changed_text
from dashboard.charts.head_grid_values import head_grid
from dashboard.charts.ink import round_figure
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import PALETTES, ink, paint, signed
from dashboard.heads.head_id import HeadId
from dashboard.heads.text_effect import TextEffect
from tests.helpers.charts import valid_svg_of
from tests.helpers.sentences import numbers, plain

SAID = {"title": "T", "subtitle": ["S"], "description": "D"}


def of_text(values, measure="loss_change") -> TextEffect:
    words = ("[CLS]", "ramen", "is", "good")
    loss = None if measure == "shift" else np.array([np.nan, 1.0, 1.0, 1.0])
    return TextEffect(
        measure,
        "M",
        "words",
        "ramen is good",
        words,
        (True, False, False, False),
        (None, (0, 5), (6, 8), (9, 13)),
        np.array(values),
        loss,
        np.array([0, 1, 2, 1]),
    )


def boxes(chart) -> list[dict]:
    layers = chart.to_dict()["layer"]
    return [row for layer in layers for row in layer["data"]["values"] if "fill" in row]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_are_shaded_alike_on_either_side_of_0(theme, snapshot):
    chart = changed_text(of_text([np.nan, 0.3, -0.3, 0.0]), Look(theme), **SAID)
    worse, better = (row["fill"] for row in boxes(chart))  # what does not change has no shade, nor what is not read
    expected = paint(np.array([0.3, -0.3]), signed(theme), -0.5, 0.5)
    assert [worse, better] == ["#" + bytes(shade.tolist()).hex() for shade in expected]
    tips = [row["tip"] for layer in chart.to_dict()["layer"] for row in layer["data"]["values"] if "tip" in row]
    assert [numbers(tip) for tip in tips[:3]] == [[], [0.3, 37, 27], [-0.3, 2, 0.5, 0.35]]  # of 2 tokens a mean loss
    assert [plain(tip) for tip in tips[:3]] == snapshot
    svg = valid_svg_of(chart)
    assert ">ramen<" in svg and "NaN" not in svg and "+0.5 nats" in svg


def test_a_shift_goes_from_paper_to_ink():
    chart = changed_text(of_text([np.nan, 0.01, 0.002, 0.0], "shift"), Look("light"), **SAID)
    shade = paint(np.array([0.01]), ink("light"), 0, 0.01)[0]
    assert boxes(chart)[0]["fill"] == "#" + bytes(shade.tolist()).hex() == PALETTES["light"].ink
    assert "0.005" in valid_svg_of(chart)
    assert "NaN" not in valid_svg_of(changed_text(of_text([np.nan] * 4, "shift"), Look("light"), **SAID))


def test_round_figures():
    assert [round_figure(value) for value in (0, 0.3, 0.02, 1.1, 7e-5)] == [1e-6, 0.5, 0.02, 2, 1e-4]


def table(n: int, name: str = "loss_change") -> pd.DataFrame:
    layer, head = np.divmod(np.arange(n), 4)
    value = np.linspace(-0.1, 0.4, n)[np.random.default_rng(1).permutation(n)]
    return pd.DataFrame(
        {"layer": layer, "head": head, name: value, f"{name}_low": value - 0.05, f"{name}_high": value + 0.05}
    )


def test_heads_are_ranked_with_their_intervals_and_a_click_tells_head_and_turn():
    heads = table(12)
    chart = effect_ranking(heads, Look("light", 600), selection=Selection(HeadId(1, 2), epoch=7), **SAID)
    [whole] = chart.to_dict()["layer"]
    rows = whole["data"]["values"]
    order = heads.sort_values("loss_change", ascending=False)
    assert [row["value"] for row in rows] == pytest.approx(order["loss_change"].tolist(), abs=1e-6)
    assert [row["low"] for row in rows] == pytest.approx(order["loss_change_low"].tolist(), abs=1e-6)
    assert [row["sure"] for row in rows] == (abs(order["loss_change"]) > 0.05).tolist()
    assert [row["name"] for row in rows if row["mine"]] == ["L1H2"]
    click = whole["layer"][-1]
    assert click["params"][0]["select"]["fields"] == ["layer", "head", "epoch"] and click["params"][0]["name"] == "head"
    assert click["transform"] == [{"calculate": "7", "as": "epoch"}]
    svg = valid_svg_of(chart)
    assert ">L1H2<" in svg and "NaN" not in svg and ">nats per token, square-root scale<" in svg
    assert "L1H2" not in valid_svg_of(effect_ranking(heads, Look("dark"), **SAID)).replace("L1H2, number", "")


def test_a_head_without_an_interval_has_no_whisker():
    heads = table(4).assign(loss_change_low=np.nan, loss_change_high=np.nan)
    assert "NaN" not in valid_svg_of(effect_ranking(heads, Look("light"), selection=Selection(HeadId(0, 0)), **SAID))


@pytest.mark.parametrize(("low", "high"), [(-0.2, 3.0), (0.0, 0.02), (-1e-7, 1e-5), (0, 40.0), (-5, 1e-6)])
def test_ticks_are_round_in_range_and_apart(low, high):
    found = ticks(low, high, 240)
    assert 0 in found and found == sorted(found) and all(low <= tick <= high for tick in found)
    whole = high**0.5 + (-low) ** 0.5
    at = [np.sign(tick) * abs(tick) ** 0.5 / whole * 240 for tick in found]
    assert all(b - a >= 26 - 1e-9 for a, b in pairwise(at)) and len(found) >= 2


def test_all_heads_are_coloured_by_the_square_root_with_numbers_in_thousandths():
    heads = table(12).assign(loss_change=[0.2, 0.05, -0.05, np.nan, *[0.0] * 8])
    chart = head_grid(
        heads, "loss_change", Look("light", 400), unit="nats", selection=Selection(HeadId(0, 0), epoch=3), **SAID
    )
    spec = chart.to_dict()
    rows = spec["layer"][0]["data"]["values"]
    assert [row["number"] for row in rows[:5]] == ["200", "50", "−50", "–", "0"]
    assert "numbers in thousandths" in spec["title"]["subtitle"][-1]
    scale = spec["layer"][0]["layer"][0]["encoding"]["color"]["scale"]
    assert (
        scale["domain"] == sorted(scale["domain"]) and scale["domain"][0] == -0.2 and scale["range"] == signed("light")
    )
    assert scale["domain"][len(scale["domain"]) // 2] == 0
    half = scale["range"][scale["domain"].index(pytest.approx(0.05))]  # a quarter of the figure is half of the ink
    rgb = ", ".join(str(int(half[k : k + 2], 16)) for k in (1, 3, 5))
    svg = valid_svg_of(chart)
    assert f'fill="rgb({rgb})"' in svg and ">200<" in svg and ">−50<" in svg and "NaN" not in svg
    assert "L0H1, 0.05 nats (95 % interval" in f"L0H1, {rows[1]['tip']}"


def test_figures_above_0_go_from_paper_to_ink_and_none_is_no_error():
    heads = table(8, "shift").assign(shift=np.linspace(0.0001, 0.0004, 8))
    spec = head_grid(heads, "shift", Look("dark"), unit="u", **SAID).to_dict()
    assert spec["layer"][0]["layer"][0]["encoding"]["color"]["scale"]["range"] == ink("dark")
    assert "millionths" in spec["title"]["subtitle"][-1]
    assert "NaN" not in valid_svg_of(head_grid(heads.assign(shift=np.nan), "shift", Look("light"), unit="u", **SAID))
