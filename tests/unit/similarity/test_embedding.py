"""Distances of heads, their places in a plane, clusters, neighbours: known answers, and a second way of computing."""

from __future__ import annotations

import altair as alt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.analyses.compare.divergence import divergence
from dashboard.analyses.similarity.api import draw_clusters, draw_map, similar_heads
from dashboard.analyses.similarity.clusters import clusters_of
from dashboard.analyses.similarity.distances import _Sums
from dashboard.analyses.similarity.embedding import HeadMap, clustered, map_table, nearest, place_of, scaled
from dashboard.analyses.similarity.text import clusters_finding, map_finding
from dashboard.errors import UserError
from dashboard.export import figure_bytes
from dashboard.heads.head_id import HeadId
from tests.helpers.sentences import heads_in, numbers, plain


def summed(*sentences: tuple[np.ndarray, np.ndarray | None]) -> np.ndarray:
    sums = _Sums()
    for a, b in sentences:
        sums.add(a, b)
    return sums.bits / sums.rows


def by_hand(a: np.ndarray, b: np.ndarray) -> tuple[float, int]:
    """Σ JS of two heads' rows over other words, and how many rows count, with the formula of METRICS §5."""
    total, rows = 0.0, 0
    for i in range(len(a)):
        p, q = np.delete(a[i], i).astype(float), np.delete(b[i], i).astype(float)
        if p.sum() > 0 and q.sum() > 0:
            total += float(divergence(p / p.sum(), q / q.sum()))
            rows += 1
    return total, rows


def test_two_heads_of_three_words_by_hand():
    """Row 0: the same; row 1: nothing in common, 1 bit; row 2: (1, 0) against (½, ½), 0.3112781 bits; itself is left
    out, however much it gets."""
    one = [[0.8, 0.1, 0.1], [1, 0, 0], [0.2, 0, 0.8]]
    other = [[0, 0.5, 0.5], [0, 0.7, 0.3], [0.1, 0.1, 0]]
    found = summed((np.array([one, other], np.float32), None))
    assert found[0, 1] == pytest.approx((0 + 1 + 0.31127812) / 3, abs=1e-7)
    assert found[0, 1] == found[1, 0] and found[0, 0] == pytest.approx(0, abs=1e-12)


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=25)
def test_the_matrix_is_the_loop_over_pairs(seed, causal):
    """Several sentences, rows with nothing, heads that are equal: symmetric, in [0, 1], the same as pair by pair."""
    rng = np.random.default_rng(seed)
    sentences = []
    for m in rng.integers(2, 9, 3):
        maps = rng.random((5, m, m)).astype(np.float32) ** 6
        maps[rng.random((5, m)) < 0.2] = 0  # rows of special tokens alone
        maps[4] = maps[0]
        sentences.append(np.tril(maps) if causal else maps)
    sums, apart = _Sums(), _Sums()
    for maps in sentences:
        sums.add(maps, None)
        apart.add(maps, maps[:3])
    for a in range(5):
        for b in range(5):
            parts = [by_hand(maps[a], maps[b]) for maps in sentences]
            assert sums.rows[a, b] == sum(rows for _, rows in parts)
            assert sums.bits[a, b] == pytest.approx(sum(bits for bits, _ in parts), abs=1e-9)
    assert np.allclose(sums.bits, sums.bits.T) and sums.bits[0, 4] == pytest.approx(0, abs=1e-9)
    assert np.allclose(apart.bits, sums.bits[:, :3], atol=1e-9) and (apart.rows == sums.rows[:, :3]).all()


def test_a_long_sentence_in_parts(monkeypatch):
    maps = np.random.default_rng(1).random((6, 30, 30)).astype(np.float32)
    whole = summed((maps, None))
    monkeypatch.setattr("dashboard.analyses.similarity.distances.CELLS", 100)
    assert np.allclose(summed((maps, None)), whole, atol=1e-12)


def far(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points, axis=-1)


def test_points_of_a_plane_are_found_again():
    points = np.random.default_rng(0).normal(size=(40, 2))
    found, kept = scaled(far(points))
    assert np.allclose(far(found), far(points), atol=1e-9) and kept == pytest.approx(1)
    solid = np.random.default_rng(0).normal(size=(40, 9))
    found, kept = scaled(far(solid))
    values = np.linalg.svd(solid - solid.mean(0), compute_uv=False) ** 2
    assert kept == pytest.approx(values[:2].sum() / values.sum())  # a second way: principal components
    assert scaled(np.zeros((3, 3)))[1] == 1 and scaled(np.zeros((1, 1)))[0].tolist() == [[0, 0]]


def test_clusters_are_the_clouds_the_largest_first():
    rng = np.random.default_rng(0)
    clouds = np.repeat([0, 1, 2], [3, 9, 5])
    points = np.array([[0, 0], [50, 0], [0, 50]])[clouds] + rng.normal(size=(17, 2))
    assert clustered(far(points), 3).tolist() == np.array([3, 1, 2])[clouds].tolist()
    assert set(clustered(far(points), 1)) == {1} and clustered(np.zeros((1, 1)), 3).tolist() == [1]


def test_the_table_names_the_nearest(refuses):
    points = np.array([[0, 0], [1, 0], [5, 0], [7, 0]], float)
    table, _ = map_table(far(points) / 10, 2)
    assert list(table["nearest"]) == ["L0H1", "L0H0", "L1H1", "L1H0"]
    assert np.allclose(table["distance"], [0.1, 0.1, 0.2, 0.2])
    like_first = nearest(far(points), 0, 2, 2)
    assert list(zip(like_first["layer"], like_first["head"], like_first["distance"], strict=True)) == [
        (0, 1, 1),
        (1, 0, 5),
    ]
    assert nearest(far(points), 0, 2, 9, same=False)["distance"].tolist() == [0, 1, 5, 7]
    with refuses(UserError, "L1H1"):
        place_of(HeadId(0, 2), 2, 4)


def test_the_finding_of_a_head_has_the_median_beside_it(snapshot):
    points = np.array([[0, 0], [1, 0], [5, 0], [8, 0]], float)
    table, kept = map_table(far(points) / 10, 2, 2)
    found = HeadMap(table, far(points) / 10, kept, "c", 3, 0, 9, "M", "m", "r", {"clusters": 2})
    said = map_finding(found, HeadId(0, 0))
    assert heads_in(said) == ["L0H0", "L0H1"] and numbers(said) == [0.1, 0.5, 1, 1] and plain(said) == snapshot


def test_a_head_with_nothing_to_compare_has_no_place(snapshot):
    distances = far(np.arange(6, dtype=float).reshape(3, 2)) / 10
    distances = np.insert(np.insert(distances, 1, np.nan, 0), 1, np.nan, 1)
    table, kept = map_table(distances, 4)
    assert np.isnan(table["x"]).tolist() == [False, True, False, False] and kept == pytest.approx(1)
    assert table["nearest"].tolist() == ["L0H2", "", "L0H0", "L0H2"] and table["cluster"][1] == 0
    found = HeadMap(table, distances, kept, "c", 3, 1, 9, "M", "m", "r", {})
    said = map_finding(found, HeadId(0, 1))
    assert heads_in(said) == ["L0H1"] and numbers(said) == [] and plain(said) == snapshot(name="one head")
    assert "L0H0" in map_finding(found) and len(draw_map(found).to_dict()["layer"][0]["data"]["values"]) == 3
    table, _ = map_table(np.full((2, 2), np.nan), 2)
    none = map_finding(HeadMap(table, np.full((2, 2), np.nan), 1, "c", 3, 1, 0, "M", "m", "r"))
    assert heads_in(none) == [] and plain(none) == snapshot(name="no head")


@pytest.fixture(scope="module")
def found():
    distances = far(np.random.default_rng(2).normal(size=(20, 3))) / 10
    table, kept = map_table(distances, 4, 3)
    return HeadMap(table, distances, kept, "builtin.conllu", 342, 1, 5841, "MiniLM", "minilm", "r", {"clusters": 3})


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("coloured", ["layer", "role"])
def test_the_drawing_stands_where_the_table_says(found, theme, coloured):
    roles = {HeadId(0, 0): "syntax", HeadId(0, 1): "flat"} if coloured == "role" else None
    options = {"theme": theme, "roles": roles, "selected": HeadId(2, 1), "tray": [HeadId(0, 3)], "width": 560}
    spec = draw_map(found, click=True, epoch=3, **options).to_dict()
    alt.Chart.from_dict(spec)  # the schema takes it
    rows = spec["layer"][0]["data"]["values"]
    assert np.allclose([[row["x"], row["y"]] for row in rows], found.table[["x", "y"]], atol=1e-5)
    assert [row["name"] for row in rows if row["kept"]] == ["L0H3"]
    if roles:
        assert [row["role"] for row in rows[:3]] == ["syntax", "undecided", "undecided"]
    x, y = (spec["layer"][0]["layer"][0]["encoding"][axis]["scale"]["domain"] for axis in "xy")
    assert (x[1] - x[0]) / spec["width"] == pytest.approx((y[1] - y[0]) / spec["height"], rel=1e-3)  # one scale
    mates, _, mine = [one["mark"] for one in spec["layer"][0]["layer"] if one["mark"].get("filled") is False]
    assert mates["strokeWidth"] < mine["strokeWidth"]  # “thin rings: the cluster of …”
    words = [str(part) for part in spec["title"]["subtitle"]]
    assert {342, 1} <= set(numbers(" ".join(words)))
    assert "conllu" not in " ".join(words) and "L2H1 is closest to" in spec["description"]
    assert figure_bytes(draw_map(found, **options), "svg").startswith(b"<svg")


def test_heads_like_this_one(found, refuses):
    table = similar_heads(found, "L2H1", 5)
    assert str(HeadId(int(table["layer"][0]), int(table["head"][0]))) == found.row(HeadId(2, 1))["nearest"]
    assert table["distance"].is_monotonic_increasing and len(table) == 5
    with refuses(UserError, "L9H0"):
        similar_heads(found, "L9H0")


def test_clusters_join_at_the_mean_distance_between_their_heads(snapshot):
    """Three clouds: sizes, the head in the middle of each, and both joins by a loop over pairs of heads."""
    rng = np.random.default_rng(0)
    clouds = np.repeat([0, 1, 2], [3, 9, 5])
    points = np.array([[0, 0], [0.2, 0], [0, 0.7]])[clouds] + rng.normal(size=(17, 2)) / 100
    distances = far(points)
    tree = clusters_of(found := _map_of(distances))
    order = {3: 0, 1: 1, 2: 2}  # clusters are numbered by size
    members = {number: np.flatnonzero(clouds == cloud) for number, cloud in order.items()}
    assert sorted(zip(tree.table["cluster"], tree.table["heads"], strict=True)) == [(1, 9), (2, 5), (3, 3)]
    for row in tree.table.itertuples():
        group = members[row.cluster]
        pairs = [distances[a, b] for a in group for b in group if a < b]
        means = [np.mean([distances[a, b] for b in group]) for a in group]
        assert row.apart == pytest.approx(np.mean(pairs)) and row.middle == f"L0H{group[np.argmin(means)]}"
    near, last = sorted(tree.joins[:, 1, 0])
    between = [distances[a, b] for a in members[3] for b in members[1]]
    all_others = [distances[a, b] for a in members[2] for b in [*members[3], *members[1]]]
    assert (near, last) == (pytest.approx(np.mean(between)), pytest.approx(np.mean(all_others)))
    rows = dict(zip(tree.table["cluster"], range(3), strict=True))
    first = tree.joins[tree.joins[:, 1, 0].argmin()]
    assert sorted(first[[0, 3], 1]) == sorted([rows[1], rows[3]]) and (first[[0, 3], 0] == 0).all()
    assert numbers(clusters_finding(tree))[:2] == [3, 9] and clusters_finding(tree) == snapshot
    spec = draw_clusters(found, selected=HeadId(0, 0), width=500).to_dict()
    alt.Chart.from_dict(spec)
    drawn = {(row["x"], row["y"]) for row in spec["layer"][0]["data"]["values"]}
    assert {(round(x, 5), round(y, 4)) for x, y in tree.joins.reshape(-1, 2)} == drawn
    assert figure_bytes(draw_clusters(found, theme="dark"), "svg").startswith(b"<svg")


def test_one_cluster_or_none_has_no_joins(snapshot):
    alone = np.zeros((1, 1))
    tree = clusters_of(_map_of(alone))
    assert tree.table["middle"].tolist() == ["L0H0"] and np.isnan(tree.table["apart"][0]) and not len(tree.joins)
    nothing = clusters_of(_map_of(np.full((2, 2), np.nan)))
    assert nothing.table.empty and clusters_finding(nothing) == snapshot
    assert draw_clusters(_map_of(np.full((2, 2), np.nan))).to_dict()["height"] > 0


def _map_of(distances: np.ndarray) -> HeadMap:
    table, kept = map_table(distances, len(distances), 3)
    return HeadMap(table, distances, kept, "c", 3, 0, 9, "M", "m", "r", {"clusters": 3})
