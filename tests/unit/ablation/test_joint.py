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
from dashboard.analyses.ablation.text import joint_finding, together_remark
from dashboard.charts.drawing import VEGALITE
from dashboard.charts.look import Look
from dashboard.errors import UserError


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


def test_what_is_said_of_it():
    more, less, none = table([0.1, 0.02], 0.3), table([0.1, 0.02], 0.05, "shift"), table([0.0, 0.0], 0.0)
    assert joint_finding(more) == "Together +0.3 nats per token, more than the sum of each alone, +0.12."
    assert "can replace each other" in together_remark(more) and "losses need not add up" in together_remark(more)
    assert joint_finding(less) == "Together 0.05, less than the sum of each alone, 0.12."
    assert "in opposite ways" in together_remark(less) and "angles need not add up" in together_remark(less)
    assert "One of them alone changes nearly all" in together_remark(table([0.1, 0.005], 0.1))
    for alone, together, said in (([0.1, -0.08], 0.1, "beside"), ([0.1, 0.1], -0.3, "on the other side of 0 from")):
        assert f", {said} the sum of each alone" in joint_finding(table(alone, together))
        assert together_remark(table(alone, together)).startswith("What each changes alone says little")
    for together, said in ((-0.3, "further below 0 than"), (-0.1, "less far below 0 than")):
        finding = joint_finding(table([-0.1, -0.1], together))
        assert finding == f"Together −{-together} nats per token, {said} the sum of each alone, −0.2."
    assert joint_finding(none) == "Next to nothing changes without these 2 heads, together or alone."
    assert joint_finding(table([np.nan], np.nan)) == together_remark(none) == ""


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


def test_a_text_of_which_nothing_is_read_has_no_picture():
    with pytest.raises(UserError, match="nothing was measured"):
        joint_bars(table([np.nan, np.nan], np.nan), Look("light"), title="T", subtitle=[], description="D")


def test_heads_that_change_nothing_are_drawn():
    chart = joint_bars(table([0.0, 0.0], 0.0, "shift"), Look("light"), title="T", subtitle=[], description="D")
    assert "NaN" not in vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()), vl_version=VEGALITE)
