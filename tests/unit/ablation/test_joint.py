"""Heads taken out together beside each alone: the table, what is said of it and its picture, by hand."""

from __future__ import annotations

import json

import altair as alt
import numpy as np
import pandas as pd
import pytest
import vl_convert

from dashboard.analyses.ablation.joint import alone_and_jointly, interplay, joint_table
from dashboard.analyses.ablation.joint_chart import joint_bars
from dashboard.analyses.ablation.text import joint_finding, joint_remark
from dashboard.charts.drawing import VEGALITE
from dashboard.charts.look import Look
from dashboard.errors import UserError
from tests.helpers.sentences import numbers, plain


def table(alone, together, name="loss_change"):
    layer, head = np.divmod(np.arange(len(alone)), 2)
    each = pd.DataFrame({"layer": layer, "head": head, name: alone})
    return joint_table(each, pd.DataFrame({"heads": ["L0H0"], name: [together]}))


def test_a_row_for_each_alone_their_sum_and_all_together():
    found = table([0.1, 0.02, -0.01], 0.3)
    assert found["heads"].tolist() == ["L0H0", "L0H1", "L1H0", "L0H0,L0H1,L1H0", "L0H0,L0H1,L1H0"]
    assert found["what"].tolist() == ["alone", "alone", "alone", "sum", "together"]
    assert found["loss_change"].tolist() == pytest.approx([0.1, 0.02, -0.01, 0.11, 0.3])
    assert alone_and_jointly(found) == "L0H0 +0.1, L0H1 +0.02 and L1H0 −0.01"


@pytest.mark.parametrize(
    ("alone", "together", "which"),
    [
        ([0.1, 0.1], 0.3, "more"),
        ([0.1, 0.1], 0.12, "less"),
        ([0.1, 0.1], 0.21, "sum"),
        ([0.1, 0.005], 0.1, "one"),
        ([0.1, 0.1], -0.3, "other"),
        ([-0.1, -0.1], -0.3, "more"),
        ([-0.1, -0.1], -0.1, "less"),
        ([0.1, -0.08], 0.1, "mixed"),
        ([0.1, -0.001], 0.2, "more"),
        ([0.1, -0.08], 0.02, "sum"),
        ([1e-6, 0.0], -2e-6, "none"),
        ([0.0, 0.0], 0.1, "more"),
        ([np.nan, np.nan], np.nan, "none"),
    ],
)
def test_together_against_the_sum_of_each_alone(alone, together, which):
    assert interplay(table(alone, together)) == which


def test_what_is_said_of_it(snapshot):
    cases = {
        "more": table([0.1, 0.02], 0.3),
        "less": table([0.1, 0.02], 0.05, "shift"),
        "one": table([0.1, 0.005], 0.1),
        "mixed": table([0.1, -0.08], 0.1),
        "other side": table([0.1, 0.1], -0.3),
        "further below": table([-0.1, -0.1], -0.3),
        "less far below": table([-0.1, -0.1], -0.1),
        "none": table([0.0, 0.0], 0.0),
    }
    said = {case: numbers(joint_finding(found)) for case, found in cases.items()}
    assert said["more"] == [0.3, 0.12] and said["less"] == [0.05, 0.12] and said["one"] == [0.1, 0.105]
    assert said["mixed"] == [0.1, 0.02] and said["other side"][0] == -0.3 and said["other side"][-1] == 0.2
    assert said["further below"] == [-0.3, 0, -0.2] and said["less far below"] == [-0.1, 0, -0.2]
    assert said["none"] == [2]
    assert "nats" in joint_finding(cases["more"]) and "nats" not in joint_finding(cases["less"])  # angles have no unit
    both = {case: [plain(joint_finding(found)), plain(joint_remark(found))] for case, found in cases.items()}
    assert len({tuple(sentences) for sentences in both.values()}) == len(cases) and both == snapshot
    assert joint_finding(table([np.nan], np.nan)) == joint_remark(cases["none"]) == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_of_each_alone_stand_end_to_end_and_end_at_the_sum(theme):
    chart = joint_bars(table([0.1, 0.2, -0.05], 0.4), Look(theme, 500), title="T", subtitle=["S"], description="D")
    alt.Chart.from_dict(chart.to_dict())
    layers = [layer["data"]["values"] for layer in chart.to_dict()["layer"]]
    [boxes] = [rows[1:] for rows in layers if "fill" in rows[0]]  # the first is the line at 0
    [[outline]] = [rows for rows in layers if "thick" in rows[0]]
    first, second, third, together = boxes
    zero = first["x"]
    assert second["x"] == pytest.approx(first["x2"], abs=0.2) and third["x2"] == pytest.approx(second["x2"], abs=0.2)
    assert (outline["x"], outline["x2"]) == pytest.approx((zero, third["x"]), abs=0.2)
    assert (together["x2"] - zero) / (first["x2"] - zero) == pytest.approx(4, rel=0.02) and together["x"] == zero
    svg = vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()), vl_version=VEGALITE)
    assert ">together<" in svg and ">+0.4<" in svg and ">−0.05<" in svg and "NaN" not in svg


def test_a_text_of_which_nothing_is_read_has_no_picture(refuses):
    with refuses(UserError):
        joint_bars(table([np.nan, np.nan], np.nan), Look("light"), title="T", subtitle=[], description="D")


def test_heads_that_change_nothing_are_drawn():
    chart = joint_bars(table([0.0, 0.0], 0.0, "shift"), Look("light"), title="T", subtitle=[], description="D")
    assert "NaN" not in vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()), vl_version=VEGALITE)
