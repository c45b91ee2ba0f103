"""Pictures of what a run measured: the points, the intervals and the sentences are the run's own numbers."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise

import altair as alt
import pytest
import vl_convert

from bench.recall import missed
from bench.recall import table as bench_table
from dashboard.analyses.recall import charts
from dashboard.analyses.recall.api import recall_table
from dashboard.analyses.recall.experiment import RecallRun
from dashboard.analyses.recall.gradient_reach import Gradient, Timing
from dashboard.analyses.recall.seeds import T_975
from dashboard.analyses.recall.task import DEFAULT, NAMES, Recall
from dashboard.analyses.recall.task_chart import letters, task
from dashboard.analyses.recall.text import accuracy_finding, gradient_finding, path_finding, time_finding
from dashboard.analyses.recall.training import Point, Result
from dashboard.analyses.toy.sharpness import sharpness
from dashboard.analyses.toy.sharpness_chart import entropy
from dashboard.analyses.toy.text import entropy_finding
from dashboard.charts.drawing import VEGALITE
from dashboard.charts.look import Look
from dashboard.charts.series import HUES
from dashboard.charts.theme import PALETTES, contrast
from tests.helpers.charts import layers_of
from tests.helpers.sentences import numbers, plain

CONFIG = Recall(distances=(1, 4, 16), seeds=3)
RIGHT = {"rnn": (1.0, 0.7, 0.12), "gru": (1.0, 1.0, 0.5), "lstm": (1.0, 0.9, 0.4), "attention": (1.0, 1.0, 0.995)}
POINTS = tuple(
    Point(model, distance, share, max(0, share - 0.05), min(1, share + 0.05), (share,) * 3, 100, 0.5)
    for model in NAMES
    for distance, share in zip(CONFIG.distances, RIGHT[model], strict=True)
)
GRADIENTS = tuple(
    Gradient(model, when, back, norm := base**back, norm / 2, norm * 2)
    for model, base in zip(NAMES, (0.1, 0.5, 0.7, 1.0), strict=True)
    for when in ("before", "after")
    for back in range(18)
)
TIMINGS = tuple(Timing(model, n, 0.01 * n * k, 10.0 * k) for k, model in enumerate(NAMES, 1) for n in (16, 256))
WEIGHTS = dict.fromkeys(NAMES, 2700)
WHOLE = RecallRun(1.0, "", Result(CONFIG, WEIGHTS, POINTS, GRADIENTS, 12.0), TIMINGS)
NOTHING = RecallRun(0.0, "", Result(CONFIG, WEIGHTS))


def lines(chart) -> list[list[dict]]:
    return [child["data"]["values"] for child in layers_of(chart.to_dict()) if "layer" in child and "data" in child]


def names(chart) -> list[str]:
    return [
        child["data"]["values"][0]["name"]
        for child in layers_of(chart.to_dict())
        if isinstance(child.get("mark"), dict) and child["mark"].get("dx") == 10
    ]


DRAWN = {
    "accuracy": lambda study, theme, width: charts.accuracy(study.result, Look(theme, width)),
    "gradients": lambda study, theme, width: charts.gradients(study.result, Look(theme, width)),
    "paths": lambda study, theme, width: charts.paths(study.result.config, Look(theme, width)),
    "times": lambda study, theme, width: charts.times(study.timings, Look(theme, width)),
}


@pytest.mark.parametrize("picture", DRAWN)
@pytest.mark.parametrize("study", [WHOLE, NOTHING], ids=["whole", "nothing"])
def test_every_picture_is_a_valid_drawing_whole_or_empty(picture, study):
    for theme, width in (("light", 980), ("dark", 320)):
        chart = DRAWN[picture](study, theme, width)
        spec = chart.to_dict()
        assert chart.description.endswith(".") and "NaN" not in json.dumps(spec)
        assert "<svg" in vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=VEGALITE)
    alt.Chart.from_dict(DRAWN[picture](study, "light", 600).to_dict())


def test_accuracy_draws_each_point_with_its_interval_and_the_level_of_guessing():
    chart = charts.accuracy(WHOLE.result, Look("light"))
    drawn = {tuple((row["x"], row["y"], row["low"], row["high"]) for row in rows) for rows in lines(chart)}
    assert drawn == {
        tuple((p.distance, p.accuracy, p.low, p.high) for p in POINTS if p.model == model) for model in NAMES
    }
    level = [c for c in layers_of(chart.to_dict()) if c.get("data", {}).get("values", [{}])[0].get("x1")]
    assert {row["y"] for child in level for row in child["data"]["values"]} == {1 / 8}
    assert "guessing: 12.5\u00a0%" in json.dumps(chart.to_dict(), ensure_ascii=False)


def test_the_findings_are_made_of_the_numbers(snapshot):
    wild = [replace(row, low=row.norm / 1e6, high=row.norm * 1e6) for row in WHOLE.result.gradients]
    stopped = Result(CONFIG, WEIGHTS, tuple(p for p in POINTS if p.distance < 16 or p.model == "rnn"))
    said = {
        "accuracy": accuracy_finding(WHOLE.result),
        "gradients": gradient_finding(WHOLE.result),
        "wild gradients": gradient_finding(replace(WHOLE.result, gradients=tuple(wild))),
        "paths": path_finding(CONFIG),
        "times": time_finding(TIMINGS),
        "stopped": accuracy_finding(stopped),
        "nothing": accuracy_finding(NOTHING.result),
    }
    found = {case: numbers(sentence) for case, sentence in said.items()}
    assert found["accuracy"] == [16, 100, 50, 40, 12, 12.5]
    assert {1e-17, 8e-6} <= set(found["gradients"]) and 7.63 not in found["gradients"]
    assert {8e-6, 8e-12, 7.63} <= set(found["wild gradients"])
    assert found["paths"].count(17) == 2 and found["paths"].count(1) >= 1
    assert found["times"][:2] == [256, 2.6]
    assert found["stopped"][:2] == [4, 100] and found["nothing"] == []
    assert {case: plain(sentence) for case, sentence in said.items()} == snapshot


def test_gradients_stand_before_and_after_on_one_scale():
    spec = charts.gradients(WHOLE.result, Look("light")).to_dict()
    assert [panel["title"]["text"] for panel in spec["concat"]] == ["Before training", "After training"]
    domains = {
        json.dumps(c["encoding"]["y"]["scale"]["domain"])
        for c in layers_of(spec)
        if "scale" in c.get("encoding", {}).get("y", {})
    }
    assert len(domains) == 1
    low, high = json.loads(domains.pop())
    assert low <= min(row.low for row in GRADIENTS) and high >= max(row.high for row in GRADIENTS)
    assert sorted(map(len, lines(charts.gradients(WHOLE.result, Look("light"))))) == [18] * 8


def test_the_names_of_lines_do_not_meet():
    chart = charts.accuracy(WHOLE.result, Look("light"))
    assert set(names(chart)) == {"Plain RNN", "GRU", "LSTM", "Attention"}
    places = sorted(
        child["encoding"]["y"]["value"]
        for child in layers_of(chart.to_dict())
        if isinstance(child.get("mark"), dict) and child["mark"].get("dx") == 10
    )
    assert min(b - a for a, b in pairwise(places)) >= 15.9


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hues_are_seen_on_paper_and_mean_nothing_else(theme):
    import numpy as np

    def rgb(colour: str) -> np.ndarray:
        return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])

    p = PALETTES[theme]
    for hue in HUES.values():
        assert contrast(rgb(hue[theme]), rgb(p.paper)) >= 3
        assert hue[theme].lower() not in {p.syntax.lower(), p.context.lower(), p.position.lower()}
    assert len({dash for _, dash in charts.LOOKS.values()}) == len({hue for hue, _ in charts.LOOKS.values()}) == 4


def test_tables_hold_the_same_numbers():
    frame = recall_table(WHOLE, "accuracy")
    assert list(frame.columns[:4]) == ["model", "distance", "accuracy", "low"] and len(frame) == 12
    assert frame["accuracy"].tolist() == [point.accuracy for point in POINTS]
    assert len(recall_table(WHOLE, "gradients")) == len(GRADIENTS) and len(recall_table(WHOLE, "times")) == 8
    paths = recall_table(WHOLE, "paths")
    assert paths[paths["model"] == "attention"]["steps"].unique().tolist() == [1]
    assert paths[paths["model"] == "lstm"]["steps"].tolist() == [1, 2, 5, 17]
    assert len(recall_table(NOTHING, "accuracy")) == 0


def test_the_task_is_drawn_as_it_is(snapshot):
    chart = task([2, 0, 5, 8], 8, Look("light"))
    alt.Chart.from_dict(chart.to_dict())
    assert "“c a f ?”" in chart.description and "“c”" in chart.description and numbers(chart.description)[0] == 1
    assert plain(chart.description) == snapshot
    assert letters([0, 25, 26], 26) == ["a", "z", "?"] and letters([3, 40], 40) == ["3", "?"]


def test_entropy_is_drawn_with_its_interval():
    measured = sharpness((1, 4, 64), rows=50)
    chart = entropy(measured, 16, Look("light"))
    alt.Chart.from_dict(chart.to_dict())
    with_factor, without = lines(chart)
    for row, point in zip(without, measured, strict=True):
        assert (row["y"], row["high"] - row["low"]) == pytest.approx((point.unscaled, 2 * point.unscaled_margin))
    assert with_factor[2]["y"] == measured[2].scaled
    assert float(f"{2 ** measured[2].scaled:.1f}") in numbers(entropy_finding(measured))


def test_the_interval_of_the_entropy_is_that_of_a_mean():
    # The same 400 rows in 8 lots of 50: their means differ about as much as the interval of one lot says.
    lots = [sharpness((16,), rows=50, seed=seed)[0] for seed in range(8)]
    means = [lot.scaled for lot in lots]
    spread = 1.96 * math.sqrt(sum((m - sum(means) / 8) ** 2 for m in means) / 7)
    assert 0.4 < spread / (sum(lot.scaled_margin for lot in lots) / 8) < 2.0


def test_the_benchmark_fails_where_attention_forgets(snapshot):
    assert missed(WHOLE.result) == []
    low = [Point("attention", 16, 0.98, 0.97, 0.99, (0.98,) * 3, 1, 0.0)]
    [said] = missed(Result(CONFIG, WEIGHTS, tuple(low)))
    assert numbers(said) == [98, 16, 99] and plain(said) == snapshot
    assert "99.5 (94–100)" in bench_table(WHOLE) and DEFAULT.seeds == 5 and len(T_975) == 9
