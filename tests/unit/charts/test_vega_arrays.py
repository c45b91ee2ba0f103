"""Packing: what Python writes, Vega reads."""

import json
import re

import numpy as np
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard.charts.drawing import VEGALITE
from dashboard.charts.vega_arrays import LEADS, ONES, TOP, pack, split_expr, value_expr


def read_back(rows: list[str], *, signed: bool) -> list[list[float]]:
    """The values that Vega makes of packed rows: one text mark each, read from the drawing."""
    spec = {
        "data": {"values": [{"i": i, "v": v} for i, v in enumerate(rows)]},
        "transform": [
            {"calculate": split_expr("datum.v"), "as": "piece"},
            {"flatten": ["piece"]},
            {"calculate": value_expr("datum.piece", signed=signed), "as": "value"},
            {"calculate": "'@' + datum.i + '=' + datum.value + ';'", "as": "said"},
        ],
        "mark": "text",
        "encoding": {"text": {"field": "said", "type": "nominal"}},
    }
    svg = vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=VEGALITE)
    values: list[list[float]] = [[] for _ in rows]
    for i, value in re.findall(r">@(\d+)=([^;]*);<", svg):
        values[int(i)].append(float(value))
    return values


def by_hand(row: str) -> list[int]:
    """Codes of a packed row, decoded the plain way: the second of two ways."""
    every = ONES + LEADS
    codes, k = [], 0
    while k < len(row):
        if row[k] in LEADS:
            codes.append(len(ONES) + LEADS.index(row[k]) * len(every) + every.index(row[k + 1]))
            k += 2
        else:
            codes.append(ONES.index(row[k]))
            k += 1
    return codes


def test_a_hand_made_row():
    row = pack(np.array([[0.0, 0.001, 0.063, 0.064, 0.314, 1.0]]))[0]
    assert row[:3] == ONES[0] + ONES[1] + ONES[63]
    assert row[3:5] == LEADS[0] + ONES[0]
    assert len(row) == 3 + 2 * 3
    assert by_hand(row) == [0, 1, 63, 64, 314, 1000]


def test_small_weights_take_one_character_and_none_needs_an_escape():
    assert len(pack(np.full((1, 500), 0.002))[0]) == 500
    every = "".join(pack(np.arange(TOP + 1)[None] / 1000, signed=False))
    assert json.dumps(every) == f'"{every}"'
    assert not set(every) & set("<>&'\"\\ ")


def test_vega_reads_every_weight():
    weights = np.arange(1001).reshape(7, 143) / 1000
    assert np.allclose(read_back(pack(weights), signed=False), weights, atol=1e-9)


def test_vega_reads_every_difference():
    gaps = np.arange(-1000, 1001).reshape(3, 667) / 1000
    assert np.allclose(read_back(pack(gaps, signed=True), signed=True), gaps, atol=1e-9)


@settings(max_examples=60)
@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(0, 1, width=32)))
def test_weights_come_back_to_a_tenth_of_a_per_cent(weights):
    codes = np.array([by_hand(row) for row in pack(weights)])
    assert np.abs(codes / 1000 - weights).max() <= 0.0005 + 1e-6


@settings(max_examples=60)
@given(hnp.arrays(np.float64, (3, 5), elements=st.floats(-1, 1)))
def test_differences_come_back_with_their_sign(gaps):
    codes = np.array([by_hand(row) for row in pack(gaps, signed=True)])
    values = np.where(codes % 2, -(codes + 1) / 2, codes / 2) / 1000
    assert np.abs(values - gaps).max() <= 0.0005 + 1e-9


def test_what_cannot_be_a_weight_is_clipped():
    assert by_hand(pack(np.array([[np.nan, -0.5, 7.0]]))[0]) == [0, 0, TOP]
