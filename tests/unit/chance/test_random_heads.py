"""Lists of random heads: there is nothing to find, and what is planted is found."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from dashboard.analyses.chance.api import draw_luck, luck_table, random_heads
from dashboard.analyses.chance.random_heads import PLANTED
from dashboard.analyses.chance.text import luck_finding, luck_remarks, of_random, place_of_planted
from dashboard.errors import UserError
from dashboard.heads.chance import DrawnSets, q_values
from dashboard.heads.luck import RandomMarks
from tests.helpers.charts import assert_valid, svg_of, texts
from tests.helpers.sentences import numbers, plain, wording

MADE = {"heads": 2, "pairs": 3, "seed": 0, "planted": 0.0}


def test_figures_and_bands_are_those_of_loops_over_all_marks():
    values = np.random.default_rng(4).random((6, 5))
    values[:, 3] = np.nan  # a head that gives nothing
    marks = RandomMarks(DrawnSets([np.array([1, 4])], [np.arange(6)], 6), 5)
    for part in (slice(0, 2), slice(2, 5)):
        marks.take(part, values[:, part])
    found = marks.luck(list("abcde"), title="", over="", pairs=2, origin={})
    sets = [(i, j) for i in range(6) for j in range(i + 1, 6) if (i, j) != (1, 4)]
    heads = [0, 1, 2, 4]
    score = {h: (values[1, h] + values[4, h]) / 2 for h in heads}
    drawn = {h: [(values[i, h] + values[j, h]) / 2 for i, j in sets] for h in heads}
    expected = {h: np.mean(drawn[h]) for h in heads}
    lists = np.array([sorted((drawn[h][k] - expected[h] for h in heads), reverse=True) for k in range(14)])
    order = sorted(heads, key=lambda h: expected[h] - score[h])
    table = found.table
    assert list(table["name"]) == ["abcde"[h] for h in order] and list(table["place"]) == [1, 2, 3, 4]
    np.testing.assert_allclose(table["score"], [score[h] for h in order])
    np.testing.assert_allclose(table["expected"], [expected[h] for h in order], atol=1e-6)
    p = [(1 + sum(one >= score[h] - 1e-9 for one in drawn[h])) / 15 for h in order]
    np.testing.assert_allclose(table["p"], p)
    np.testing.assert_allclose(table["q"], q_values(np.array(p)))
    np.testing.assert_allclose(table[["low", "high"]].T, np.percentile(lists, (2.5, 97.5), axis=0), atol=1e-6)
    np.testing.assert_allclose(np.sort(found.best), np.sort(lists[:, 0]), atol=1e-6)
    assert found.limit == pytest.approx(lists[:, 0].max(), abs=1e-6)  # 14 lists: none is in the last twentieth
    beaten = sum(lists[:, 0] >= table["beyond"][0] - 1e-6)
    assert found.chance == pytest.approx((1 + beaten) / 15) and found.sets == 14 and found.least_p == 1 / 15


def test_without_a_planted_head_at_most_a_twentieth_of_the_lists_has_a_marked_one():
    found = [random_heads(72, 5, seed) for seed in range(200)]
    marked = sum((one.table["q"] <= 0.05).any() for one in found)
    assert marked <= binom.ppf(0.99, 200, 0.05)
    above = sum(one.table["beyond"][0] > one.limit for one in found)
    assert binomtest(above, 200, 0.05).pvalue > 0.01  # the line is where it says
    small = np.mean([(one.table["p"] <= 0.05).mean() for one in found])
    assert small == pytest.approx(0.05, abs=0.01)  # while many a head alone looks beyond chance


@pytest.mark.parametrize("heads", [1, 72, 270, 1_000])
def test_a_planted_head_is_found(heads):
    found = random_heads(heads, 6, 3, planted=0.8)
    assert found.table["name"][0] == PLANTED
    assert list(found.table["name"][found.table["q"] <= 0.05]) == [PLANTED]
    assert numbers(place_of_planted(found))[:2] == [1, heads] if heads > 1 else place_of_planted(found)


def test_the_same_arguments_give_the_same_list():
    one, other = random_heads(30, 2, 5), random_heads(30, 2, 5)
    assert one.table.equals(other.table) and (one.best == other.best).all()
    assert not one.table.equals(random_heads(30, 2, 6).table)


def test_one_pair_and_one_head_have_a_list_and_say_what_they_cannot_show():
    found = random_heads(1, 1, 0)
    assert found.sets == 39 and found.least_p == 1 / 40 and len(found.table) == 1
    assert "40" not in luck_finding(found) and numbers(luck_finding(found))
    many = random_heads(270, 1, 0)
    assert any("alone" in one and "39" in one for one in luck_remarks(many))


@pytest.mark.parametrize(
    ("name", "value"), [("heads", 0), ("heads", 1_001), ("pairs", 0), ("pairs", 21), ("planted", 1.5), ("seed", -1)]
)
def test_what_cannot_be_drawn_is_refused(name, value):
    with pytest.raises(UserError, match=f"{value:,}"):
        random_heads(**{name: value})


def test_the_finding_has_the_best_head_with_luck_p_and_q(snapshot):
    found = random_heads(270, 3, 1)
    best = found.table.iloc[0]
    said = numbers(luck_finding(found))
    assert said[0] == 270 and round(100 * best["beyond"]) in said and round(100 * found.limit) in said
    assert f"p = {best['p']:.2g}" in luck_finding(found) and f"q = {best['q']:.2g}" in luck_finding(found)
    planted = random_heads(270, 3, 1, 0.6)
    says = [luck_finding(found), of_random(found), *luck_remarks(found)]
    says += [luck_finding(planted), of_random(planted), place_of_planted(planted)]
    assert [wording(one) for one in says] == snapshot
    assert all(len(sentence.split()) <= 24 for one in says for sentence in plain(one).split(". "))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("arguments", [(1, 1), (2, 20), (270, 3), (1_000, 20)])
def test_the_picture_has_every_head_and_its_band(theme, arguments):
    found = luck_table(random_heads(*arguments, planted=0.5))
    chart = draw_luck(found, theme=theme, width=390)
    assert_valid(chart.spec)
    if arguments == (270, 3):
        assert PLANTED in texts(svg_of(chart))
    dots = next(layer for layer in chart.spec["layer"] if "tooltip" in layer["encoding"])["data"]["values"]
    assert len(dots) == arguments[0]
    assert [dot["sure"] for dot in dots] == (found.table["q"] <= 0.05).tolist()
    assert chart.description == luck_finding(found)


def test_a_list_without_another_mark_or_without_a_head_says_so():
    whole = RandomMarks(DrawnSets([np.arange(3)], [np.arange(3)], 3), 2)
    whole.take(slice(0, 2), np.ones((3, 2)))
    nothing = whole.luck(["L0H0", "L0H1"], title="The heads", over="", pairs=3, origin=MADE)
    assert not len(nothing.table) and "no random pairs" in luck_finding(nothing)
    silent = RandomMarks(DrawnSets([np.arange(3)], [np.arange(30)], 30), 2)
    silent.take(slice(0, 2), np.full((30, 2), np.nan))
    empty = silent.luck(["L0H0", "L0H1"], title="The heads", over="", pairs=3, origin=MADE)
    assert not len(empty.table) and "no list" in luck_finding(empty)
    for one in (nothing, empty):
        assert_valid(draw_luck(one).spec)
