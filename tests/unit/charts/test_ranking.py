"""The ranking of heads: what is drawn of the table, which row is shaded, what a click tells."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd
import pytest

from dashboard.analyses.find_heads.api import draw_found
from dashboard.analyses.find_heads.by_example import Examples
from dashboard.analyses.find_heads.by_pattern import HeldOut, Matches
from dashboard.analyses.find_heads.pattern import Pattern
from dashboard.charts.ranking import BEST, ROW
from dashboard.charts.theme import PALETTES
from dashboard.export import figure_bytes
from dashboard.heads.head_id import HeadId
from tests.helpers.charts import svg_of
from tests.helpers.sentences import heads_in, numbers, plain

WORDS = ("The", "chef", "says", "hi")


def table(n: int) -> pd.DataFrame:
    """n heads in a layer of 4 by falling lift, the last without a baseline."""
    score = np.linspace(0.8, 0.1, n)
    baseline = np.where(np.arange(n) == n - 1, np.nan, score / 2)
    layer, head = np.divmod(np.arange(n), 4)
    return pd.DataFrame(
        {
            "layer": layer,
            "head": head,
            "score": score,
            "baseline": baseline,
            "lift": score - baseline,
            "low": 0.0,
            "high": 0.5,
            "rank": 1.0,
            "n": 2,
            "others": 3,
            "q": np.where(np.arange(n) < 3, 0.012, 0.3),
        }
    )


def found(n: int = 20) -> Examples:
    return Examples(table(n), ((2, 1), (1, 0)), (), WORDS, "The chef says hi", "MiniLM", "minilm", "sha256:0")


def matches(n: int = 20) -> Matches:
    best = HeldOut((HeadId(0, 0), HeadId(0, min(n - 1, 1))), 0.7, 0.3, 0.4, 0.3, 0.5, 1.5)
    return Matches(
        table(n),
        best,
        Pattern(relation="nsubj"),
        "small.conllu",
        "MiniLM",
        "minilm",
        "sha256:0",
        40,
        30,
        60,
        0,
        1,
        0,
        True,
    )


def test_a_head_that_luck_can_explain_is_hollow_and_hover_says_its_q():
    chart = draw_found(found(6))
    rows = chart.to_dict()["layer"][0]["data"]["values"]
    assert [row["hollow"] for row in rows] == [False, False, False, True, True, True]
    assert rows[0]["q"].endswith("q = 0.012") and rows[5]["q"].endswith("q = 0.3")
    paper, ink = PALETTES["light"].paper, PALETTES["light"].ink
    dot = marks(chart)["dot"]["encoding"]
    assert dot["fill"] == {"condition": {"test": "datum.hollow", "value": paper}, "value": ink}
    without = draw_found(replace(found(6), table=table(6).assign(q=np.nan))).to_dict()["layer"][0]["data"]["values"]
    assert not any(row["hollow"] or row["q"] for row in without)


def marks(chart) -> dict[str, dict]:
    """The layers by kind: dot, tick, rule, and the two rects: the shade and what takes a click."""
    layers = chart.to_dict()["layer"][0]["layer"]
    kinds = [layer["mark"]["type"] for layer in layers]
    assert kinds == ["rect", "rule", "tick", "point", "rect"]
    return dict(zip(("shade", "rule", "tick", "dot", "click"), layers, strict=True))


@pytest.mark.parametrize("make", [found, matches])
@pytest.mark.parametrize("n", [1, 7, 20])
def test_the_best_heads_are_drawn_from_above_at_their_figures(make, n):
    one = make(n)
    chart = draw_found(one, width=400)
    spec = chart.to_dict()
    rows = spec["layer"][0]["data"]["values"]
    assert spec["height"] == ROW * len(rows) and len(rows) == min(n, BEST)
    for place, (row, told) in enumerate(zip(rows, one.table.itertuples(), strict=False)):
        assert (row["row"], row["layer"], row["head"]) == (place, told.layer, told.head)
        assert row["score"] == pytest.approx(told.score, abs=1e-4)
        assert (
            row["baseline"] is None
            if np.isnan(told.baseline)
            else row["baseline"] == pytest.approx(told.baseline, abs=1e-4)
        )
    high = marks(chart)["dot"]["encoding"]["x"]["scale"]["domain"][1]
    assert max(row["score"] for row in rows) <= high <= 1
    alt.Chart.from_dict(spec)
    assert ">L0H0<" in svg_of(chart) and "NaN" not in svg_of(chart)


def test_a_head_without_a_baseline_has_a_dot_alone():
    svg, p = svg_of(draw_found(found(3))), PALETTES["light"]
    assert svg.count(f'fill="{p.ink}"') == 3 and svg.count(f'stroke="{p.quiet}"') == 2


def test_the_chosen_head_is_shaded_and_a_click_tells_head_and_turn():
    chart = draw_found(found(), selected=HeadId(1, 2), epoch=7)
    parts = marks(chart)
    [only] = parts["shade"]["transform"]
    assert "datum.layer === 1 && datum.head === 2" in only["filter"] and "head.epoch[0] === 7" in only["filter"]
    [parameter] = parts["click"]["params"]
    assert parameter["name"] == "head" and parameter["select"]["fields"] == ["layer", "head", "epoch"]
    shade = f'fill="{PALETTES["light"].hair}"'
    assert svg_of(chart).count(shade) == 1 and svg_of(draw_found(found())).count(shade) == 0


def test_what_was_found_is_said_over_it_and_in_its_description(snapshot):
    one, many = draw_found(found()).to_dict(), draw_found(matches()).to_dict()
    assert one["title"]["text"] == ["2 marked pairs · MiniLM"]
    assert draw_found(replace(found(), pairs=((2, 1),))).to_dict()["title"]["text"] == ["says → chef · MiniLM"]
    assert "of 20 · one text" in " ".join(one["title"]["subtitle"])
    assert "40 pairs, 30 sentences" in " ".join(many["title"]["subtitle"])
    assert heads_in(one["description"])[0] == "L0H0" and 2 in numbers(one["description"])
    assert [plain(spec["description"]) for spec in (one, many)] == snapshot


@pytest.mark.parametrize("make", [found, matches])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_file_says_where_it_comes_from(make, theme):
    chart = draw_found(make(), theme=theme, width=500)
    assert chart.provenance.options["theme"] == theme and chart.provenance.options["width"] == 500
    assert "draw_found(" in chart.provenance.recipe
    assert PALETTES[theme].paper in figure_bytes(chart, "svg", chart.provenance).decode()


def test_a_row_has_its_heads_name_where_there_is_one():
    names = {HeadId(0, 0): "previous word\nPosition alone explains 3.9 bits."}
    svg = svg_of(draw_found(found(3), width=480, names=names))
    assert "L0H0 · previous word" in svg and ">L0H1<" in svg and "explains" not in svg
    assert "previous" not in svg_of(draw_found(found(3), width=480))
