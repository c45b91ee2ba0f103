"""The picture and the sentences of an ablation at one word."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard.analyses.ablation.at_word import AblationAtWord
from dashboard.analyses.ablation.at_word_chart import at_word_chart
from dashboard.analyses.ablation.text import at_word_finding, at_word_remarks, points
from dashboard.charts.look import Look
from dashboard.charts.theme import PALETTES
from dashboard.heads.head_id import HeadId
from dashboard.heads.text_effect import TextEffect, word_most_changed
from tests.helpers.charts import valid_svg_of
from tests.helpers.sentences import numbers, plain

CANDIDATES = pd.DataFrame(
    {
        "token": ["·are", "·is", "·<b>"],
        "id": [359, 314, 30],
        "which": ["word", "rival", ""],
        "p": [0.24, 0.1, 0.5],
        "p_ablated": [0.12, 0.2, 0.0004],
        "rank": [2, 4, 1],
        "rank_ablated": [3, 1, 1203],
    }
)


def at_are(rival: str = "is", tokens: int = 1, causal: bool = True, heads=("L2H9",)) -> AblationAtWord:
    these = tuple(map(HeadId.parse, heads))
    words = "are", 5, rival, tokens, causal, 49_152
    return AblationAtWord(CANDIDATES, these, "zero", "m", "", "M", "The keys are here.", {}, *words)


def layers(chart) -> list[dict]:
    return [row for layer in chart.to_dict()["layer"] for row in layer["data"]["values"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_bars_a_candidate_on_one_scale(theme):
    chart = at_word_chart(at_are(), Look(theme))
    bars = [row for row in layers(chart) if "fill" in row]
    wide = np.array([row["x2"] - row["x"] for row in bars]).reshape(3, 2)
    shares = CANDIDATES[["p", "p_ablated"]].to_numpy()
    assert np.allclose(wide, np.maximum(1, shares / shares.max() * wide.max()), atol=0.2)
    p = PALETTES[theme]
    assert [row["fill"] for row in bars] == [p.hair, p.ink, p.hair, p.ink, p.hair, p.quiet]
    tops = [row["y"] for row in bars]
    assert tops == sorted(tops)
    svg = valid_svg_of(chart)
    assert "·&lt;b&gt;" in svg and "24\u00a0% · rank 2" in svg and "rank 1,203" in svg


@pytest.mark.parametrize("width", [260, 390, 900])
def test_nothing_is_drawn_beyond_the_picture(width):
    chart = at_word_chart(at_are(), Look("light", width))
    assert max(row["x2"] for row in layers(chart) if "x2" in row) <= width
    assert valid_svg_of(chart)


def test_what_is_told(snapshot):
    found = at_are()
    assert numbers(at_word_finding(found)) == [12, 24, 20, 10]
    assert found.difference == pytest.approx((0.14, -0.08))
    assert plain(at_word_finding(found)) == snapshot
    assert [plain(line) for line in at_word_remarks(found)] == snapshot
    several = at_are(rival="", tokens=3, causal=False, heads=("L2H9", "L5H1"))
    assert [plain(line) for line in (at_word_finding(several), *at_word_remarks(several))] == snapshot


def test_percentage_points():
    values = (0.137, -0.004, 0.0, 0.00001, -0.5, 0.0949)
    assert [points(value) for value in values] == [
        "+14 points",
        "−0.4 points",
        "0 points",
        "0 points",
        "−50 points",
        "+9.5 points",
    ]


def test_the_word_that_changes_most_of_those_that_were_likely():
    labels, spans = ("<s>", "ke", "ys", "are"), (None, (0, 2), (2, 4), (5, 8))
    values, read = np.array([np.nan, 0.4, 0.4, 0.3]), np.array([0, 1, 1, 1])
    special = (True, False, False, False)

    def chosen(loss, among=(0, 1)):
        places = {"unit": "tokens", "text": "keys are", "labels": labels, "special": special, "spans": spans}
        figures = {"values": values, "loss": None if loss is None else np.array([np.nan, *loss]), "read": read}
        effect = TextEffect("loss_change", "M", **places, **figures, words=(None, 0, 0, 1))
        return word_most_changed(effect, among)

    assert chosen((0.1, 0.1, 0.2)) == 0  # its tokens summed
    assert chosen((6, 6, 0.2)) == 1  # the other is all but impossible, with and without
    assert chosen((6, 6, 7)) == 0  # all are
    assert chosen(None) == 0 and chosen((6, 6, 0.2), (0,)) == 0 and chosen((6, 6, 0.2), ()) is None
