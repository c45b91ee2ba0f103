"""Queries and keys in a plane: the scores are theirs, the plane is the best there is, known answers, the drawing."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import UserError, draw_query_keys, query_key_table
from dashboard.analyses.query_key.biplot import axes, query_key_map
from dashboard.analyses.query_key.chart import AWAY, SIZE
from dashboard.analyses.query_key.text import plane_finding, plane_remarks
from dashboard.analyses.query_key.vectors import STRONGEST, CorpusVectors, LayerVectors
from dashboard.charts.labels import width_of
from dashboard.charts.theme import PALETTES
from dashboard.export import figure_bytes
from dashboard.heads.head_id import HeadId
from tests.helpers.sentences import numbers, plain


def softmax(scores: np.ndarray) -> np.ndarray:
    grown = np.exp(scores - scores.max(1, keepdims=True))
    return grown / grown.sum(1, keepdims=True)


def of(q, k, sizes, *, causal=False, scaling=0.5, plain=True) -> CorpusVectors:
    """Sentences of these sizes with these queries and keys (h, N, d), the strongest keys by the formula itself."""
    heads, every, _ = q.shape
    keys, weights = np.full((heads, every, STRONGEST), -1), np.zeros((heads, every, STRONGEST), np.float32)
    rows = []
    for number, (stop, size) in enumerate(zip(np.cumsum(sizes), sizes, strict=True), 1):
        at = slice(stop - size, stop)
        for head in range(heads):
            scores = scaling * q[head, at] @ k[head, at].T
            shares = softmax(np.where(np.tri(size) > 0, scores, -np.inf) if causal else scores)
            best = np.argsort(-shares, 1, kind="stable")[:, :STRONGEST]
            found = np.take_along_axis(shares, best, 1)
            keys[head, at, : best.shape[1]] = np.where(found > 0, best + at.start, -1)
            weights[head, at, : best.shape[1]] = found
        rows += [
            {
                "sentence": number,
                "position": i,
                "text": f"<b>{number}.{i}",
                "word": i + 1,
                "upos": ["NOUN", "VERB", "X"][i % 3],
                "relation": f"r{i}",
                "frequency": 1 + i,
                "said": f"«{i}» …",
            }
            for i in range(size)
        ]
    layer = LayerVectors(q.astype(np.float32), k.astype(np.float32), scaling, keys, weights, plain)
    return CorpusVectors(pd.DataFrame(rows), {0: layer}, causal, "c", 0, "M", "minilm", "r", {"sentences": len(sizes)})


@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 12), st.integers(1, 12))
@settings(max_examples=60)
def test_all_axes_together_leave_every_weight_as_it_was(seed, d, n, m):
    rng = np.random.default_rng(seed)
    q, k = rng.normal(size=(n, d)) * 3, rng.normal(size=(m, d)) + 5
    x, y = axes(q, k, 0.3)
    np.testing.assert_allclose(softmax(x @ y.T), softmax(0.3 * q @ k.T), atol=1e-9)
    np.testing.assert_allclose((x**2).sum(0), (y**2).sum(0), atol=1e-8)  # one scale for both clouds


def test_no_other_plane_holds_more_of_the_scores():
    """Against the singular values of the whole matrix of scores, made the long way, and against random planes."""
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(40, 8)), rng.normal(size=(50, 8))
    scores = 0.3 * q @ (k - k.mean(0)).T
    x, y = axes(q, k, 0.3)
    lost = ((scores - x[:, :2] @ y[:, :2].T) ** 2).sum()
    assert lost == pytest.approx((np.linalg.svd(scores, compute_uv=False)[2:] ** 2).sum())
    for _ in range(20):
        basis = np.linalg.qr(rng.normal(size=(8, 2)))[0]
        assert ((scores - 0.3 * q @ basis @ basis.T @ (k - k.mean(0)).T) ** 2).sum() > lost


@pytest.mark.parametrize("causal", [False, True])
def test_what_the_plane_keeps_by_loops(causal):
    rng = np.random.default_rng(1)
    sizes = [5, 1, 7, 2]
    q, k = rng.normal(size=(2, 15, 6)), rng.normal(size=(2, 15, 6))
    found = query_key_map(of(q, k, sizes, causal=causal), HeadId(0, 1))
    k0 = k[1] - k[1].mean(0)
    lost = total = 0.0
    same, guesses = [], []
    for stop, size in zip(np.cumsum(sizes), sizes, strict=True):
        for i in range(size):
            seen = range(i + 1) if causal else range(size)
            own = [0.5 * q[1, stop - size + i] @ k0[stop - size + j] for j in seen]
            plane = [found.x[stop - size + i] @ found.y[stop - size + j] for j in seen]
            own, plane = np.array(own) - np.mean(own), np.array(plane) - np.mean(plane)
            lost, total = lost + ((own - plane) ** 2).sum(), total + (own**2).sum()
            if len(own) > 1:
                same.append(own.argmax() == plane.argmax())
                guesses.append(1 / len(own))
    assert found.variance_kept[0] == pytest.approx(1 - lost / total, abs=1e-6)
    assert found.agree[0] == pytest.approx(np.mean(same)) and found.guess == pytest.approx(np.mean(guesses))
    assert found.rows == len(same) and found.variance_kept[1] <= found.variance_kept[0] <= found.variance_kept[2]


def test_a_head_of_two_numbers_is_held_whole(snapshot):
    rng = np.random.default_rng(2)
    q, k = (np.concatenate([rng.normal(size=(1, 12, 2)), np.zeros((1, 12, 4))], 2) for _ in range(2))
    found = query_key_map(of(q, k, [6, 6]), HeadId(0, 0))
    assert found.variance_kept[0] == pytest.approx(1) and found.agree[0] == 1
    said, [remark] = plane_finding(found), plane_remarks(found)
    assert numbers(said) == [6, 100, 100, 17] and numbers(remark) == [12, 2, 95, 100, 100, 100, 100]
    assert [plain(said), plain(remark)] == snapshot


@pytest.mark.parametrize(("sizes", "d"), [([1], 4), ([1, 1], 3), ([3], 1), ([2, 2], 1)])
def test_hardly_any_words_or_numbers(sizes, d):
    rng = np.random.default_rng(3)
    q, k = rng.normal(size=(1, sum(sizes), d)), np.zeros((1, sum(sizes), d))
    found = query_key_map(of(q, k, sizes), HeadId(0, 0))  # keys that are all the same
    assert np.isnan(found.variance_kept[0]) and found.y.shape == (sum(sizes), 2) and np.isfinite(found.x).all()
    assert "–" in plane_finding(found) and draw_query_keys(found.of, "L0H0").to_dict()


def test_a_plane_that_does_worse_than_nothing_says_none(vectors, snapshot):
    found = query_key_map(vectors, HeadId(0, 0))
    found = replace(found, variance_kept=(-0.2, -0.4, 0.1))
    over, why, *_ = plane_remarks(found)
    assert -20 not in numbers(plane_finding(found)) and {-40, 10} <= set(numbers(over))
    assert plain(why) == snapshot


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(4)
    return of(rng.normal(size=(2, 30, 8)), rng.normal(size=(2, 30, 8)), [12, 10, 8], plain=False)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("by", ["upos", "relation", "position", "frequency"])
def test_the_drawing_stands_where_the_table_says(vectors, theme, by):
    chart = draw_query_keys(vectors, "L0H1", by=by, theme=theme, width=700)
    spec = chart.to_dict()
    alt.Chart.from_dict(spec)  # the schema takes it
    rows = spec["layer"][0]["data"]["values"]
    table = query_key_table(vectors, "L0H1")
    assert list(table["kind"].value_counts()) == [30, 30]
    np.testing.assert_allclose([[row["x"], row["y"]] for row in rows], table[["x", "y"]], atol=1e-3)
    layer = vectors.layers[0]
    for row in rows[:30]:
        assert row["others"] == [30 + key for key in layer.keys[1, row["id"]] if key >= 0]
    for row in rows[30:]:  # the other way round
        looks = {
            query: share
            for query in range(30)
            for key, share in zip(layer.keys[1, query], layer.weights[1, query], strict=True)
            if key == row["id"] - 30
        }
        assert set(row["others"]) <= set(looks)
        assert row["shares"] == [round(float(x), 3) for x in sorted(looks.values(), reverse=True)[:STRONGEST]]
    x, y = (spec["layer"][0]["layer"][0]["encoding"][axis]["scale"]["domain"] for axis in "xy")
    assert (x[1] - x[0]) / spec["width"] == pytest.approx((y[1] - y[0]) / spec["height"], rel=1e-3)  # one scale
    assert figure_bytes(chart, "svg", chart.provenance).startswith(b"<svg")
    if by == "relation":
        kinds = next(one for one in spec["layer"][0]["layer"] if one.get("name") == "dots")["encoding"]["color"][
            "scale"
        ]
        assert len(kinds["domain"]) == len(kinds["range"]) == 8 and kinds["domain"][-1] == "other"


def test_words_of_no_class_are_told_from_the_rarer_kinds(vectors):
    """UPOS X among the seven most frequent, and rarer ones that share the last colour."""
    kinds = [*["X"] * 8, *["NOUN", "VERB", "ADJ", "ADV", "PRON", "DET"] * 3, "NUM", "INTJ", "SYM", "PART"]
    chart = draw_query_keys(replace(vectors, tokens=vectors.tokens.assign(upos=kinds)), "L0H0")
    [group] = chart.to_dict()["layer"]
    [colour] = [one["encoding"]["color"] for one in group["layer"] if one.get("name") == "dots"]
    assert len(set(colour["scale"]["domain"])) == len(colour["scale"]["range"]) == 8


@pytest.mark.parametrize("by", ["upos", "relation", "position", "frequency"])
def test_the_signs_of_the_legend_are_ink_whatever_colours_the_points(vectors, by):
    legends = draw_query_keys(vectors, "L0H1", by=by, theme="dark").to_dict(format="vega")["legends"]
    [signs] = [one for one in legends if "shape" in one]
    assert signs["symbolFillColor"] == PALETTES["dark"].text and "fill" not in signs["encode"]["symbols"]["update"]


def test_no_word_is_cut_off_at_the_right(vectors):
    long = replace(vectors, tokens=vectors.tokens.assign(text="incomprehensibly"))
    spec = draw_query_keys(long, "L0H1", width=440).to_dict()
    low, high = spec["layer"][0]["layer"][0]["encoding"]["x"]["scale"]["domain"]
    rows = spec["layer"][0]["data"]["values"]
    ends = [(row["x"] - low) / (high - low) * spec["width"] + AWAY + width_of(row["name"], SIZE) for row in rows]
    assert [row["left"] for row, end in zip(rows, ends, strict=True) if end > spec["width"]].count(False) == 0
    assert {row["left"] for row in rows} == {True, False}


def test_what_cannot_be_drawn_is_told(vectors, refuses, snapshot):
    with refuses(UserError, "L0H1"):
        draw_query_keys(vectors, "L3H0")
    with refuses(UserError, "upos", "relation", "position", "frequency"):
        draw_query_keys(vectors, "L0H0", by="length")
    assert plane_remarks(query_key_map(vectors, HeadId(0, 0)))[1] == snapshot
