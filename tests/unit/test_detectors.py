"""The benchmark of known truth: what it computes, which detectors it has, and the page that it made."""

import re

import numpy as np
import pandas as pd
import pytest

from bench.truth.detectors import BAR, BAR_FROM, DETECTORS, NO_JOB, TOGETHER, Detector, auroc, found
from bench.truth.document import document
from bench.truth.intervals import LEAST, MOST, OF_RANDOM, accuracy_known, covered
from dashboard.analyses.scores.scores import SCORES
from dashboard.builtin.known_truth import KINDS, build
from dashboard.builtin.known_truth.made_language import sentences
from dashboard.ui.page_list import PAGES
from tools.server import ROOT

PAGE = (ROOT / "docs" / "known-truth.md").read_text(encoding="utf-8")


def rows(page, title):
    """The cells of each row of the table under a heading, after its head."""
    part = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    lines = [line for line in part[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]], lines[0]


def intervals(page):
    """The rows of the two tables of intervals: of figures that have a true value, and of those whose value is 0."""
    table, _ = rows(page, "The intervals")
    cut = next(at for at, row in enumerate(table) if row[0] == "figure")
    return table[:cut], table[cut + 2 :]


def number(cell):
    return float(cell.replace("\u00a0", "").rstrip("%"))


def by_hand(models):
    """AUROC as its definition says it, pair by pair."""
    won = [
        1.0 if (a > b or (not np.isnan(a) and np.isnan(b))) else 0.5 if a == b or (np.isnan(a) and np.isnan(b)) else 0.0
        for values, has in models
        for a in values[has]
        for b in values[~has]
    ]
    return np.mean(won)


@pytest.mark.parametrize("seed", range(4))
def test_auroc_is_the_share_of_pairs_in_the_right_order_within_each_model(seed):
    random, models = np.random.default_rng(seed), []
    for n in (6, 9, 14):
        values = random.integers(0, 4, n).astype(float)  # many ties
        values[random.random(n) < 0.2] = np.nan
        models.append((values, np.arange(n) < n // 3))
    assert auroc(models) == pytest.approx(by_hand(models), abs=1e-12)


def test_auroc_compares_no_head_of_one_model_with_one_of_another():
    low = (np.array([1.0, 0.0]), np.array([True, False]))
    high = (np.array([9.0, 8.0]), np.array([True, False]))
    assert auroc([low, high]) == 1.0
    assert auroc([(np.array([0.0, 1.0]), np.array([True, False]))]) == 0.0
    assert np.isnan(auroc([(np.array([0.0, 1.0]), np.array([True, True]))]))


def a_table(values, jobs, **more):
    return pd.DataFrame({"kind": "parse", "x": values, "jobs": [frozenset(one) for one in jobs], **more})


def test_alarms_hits_and_heads_that_count_neither_way():
    table = a_table([3.0, 2.0, 9.0, 0.0, 1.0], ["a", "a", "b", "", ""], named=[True, False, True, True, False])
    detector = Detector("X", "All heads", "x", "a", ("parse",), "named", beside=("b",))
    one = found(detector, [table])
    assert (one.auroc, one.heads, one.others, one.models) == (1.0, 2, 2, 1)
    assert (one.hits, one.alarms) == (0.5, 0.5) and np.isnan(one.alarms_q)
    without = found(Detector("X", "All heads", "x", "a", ("parse",)), [table])
    assert without.auroc == pytest.approx(4 / 6) and np.isnan(without.alarms)


def test_q_values_are_counted_where_a_list_has_them():
    first = a_table([3.0, 2.0, 1.0, 0.0], ["a", "a", "", ""], **{"q x": [3, 0, 1, 0]})
    second = a_table([3.0, 2.0], ["a", ""], **{"q x": [0, 0]})
    detector = Detector("X", "All heads", "x", "a", ("parse",))
    one = found(detector, [first, second])
    assert one.hits_q == pytest.approx(1 / 3) and one.alarms_q == pytest.approx((1 / 4 + 0) / 2)
    assert np.isnan(found(detector, [first.drop(columns="q x"), second]).alarms_q)


def test_an_interval_that_is_right_covers_and_one_that_is_too_narrow_does_not():
    pool = np.random.default_rng(1).normal(0, 1, 5000)

    def of_mean(width):
        def said(drawn):
            mean, error = pool[drawn].mean(), pool[drawn].std(ddof=1) / len(drawn) ** 0.5
            return [(mean - width * error, mean + width * error)]

        return said

    sizes = {"pool": len(pool), "repetitions": 400, "each": 50}
    [right] = covered({"mean": pool.mean()}, of_mean(1.96), **sizes)
    [narrow] = covered({"mean": pool.mean()}, of_mean(1.0), **sizes)
    assert LEAST <= right.share <= MOST and narrow.share < 0.8
    assert right.interval[0] < 0.95 < right.interval[1]


def test_the_accuracy_that_is_known_is_counted_from_the_words():
    assert accuracy_known(sentences(30, 1)) == 1.0
    assert accuracy_known(sentences(2000, 1, agrees=0.6)) == pytest.approx(0.6, abs=0.02)


def test_every_score_is_a_detector_or_says_why_it_is_none():
    measured = {detector.column for detector in DETECTORS if detector.page == "All heads"}
    assert measured | set(NO_JOB) == set(SCORES) and not measured & set(NO_JOB)
    assert len({detector.title for detector in DETECTORS}) == len(DETECTORS)
    assert {detector.page for detector in DETECTORS} <= {page.title for page in PAGES}


def test_every_kind_and_every_job_that_is_written_is_looked_for():
    assert {kind for detector in DETECTORS for kind in detector.kinds} == set(KINDS)
    jobs = {job for kind in KINDS for one in build(kind).jobs.values() for job in one}
    looked_for = {job for detector in DETECTORS for job in TOGETHER.get(detector.job, {detector.job})}
    assert looked_for == jobs


def detectors(page):
    """The rows of the two tables of detectors: of all, and of those that name heads."""
    table, _ = rows(page, "The detectors")
    cut = next(at for at, row in enumerate(table) if row[0] == "detector")
    return table[:cut], table[cut + 2 :]


def test_the_page_has_every_detector_and_each_reaches_the_bar():
    table, names = detectors(PAGE)
    assert [row[:2] for row in table] == [[detector.title, detector.page] for detector in DETECTORS]
    _, head = rows(PAGE, "The detectors")
    columns = [cell.strip() for cell in head.strip("|").split("|")]
    strong = [place for place, name in enumerate(columns) if name.endswith("nats") and number(name[:-4]) >= BAR_FROM]
    assert len(strong) == 2
    for row in table:
        assert all(number(row[place].split("(")[0]) >= BAR for place in strong), row[0]
    named = [detector.title for detector in DETECTORS if detector.names]
    assert [row[0] for row in names if row[1] != "–"] == named
    for row in names:
        assert row[2] == "–" or max(map(number, row[2].split(","))) <= 5, row[0]


def test_the_page_has_every_interval_and_each_covers():
    covering, none = intervals(PAGE)
    assert [len(covering), len(none)] == [6, 2]
    for row in covering:
        assert 100 * LEAST <= number(row[3]) <= 100 * MOST, row[0]
        assert int(row[2].split("×")[0]) >= 200
    for row in none:
        assert number(row[2]) <= 5, row[0]


def test_the_page_has_every_model_with_its_size():
    table, _ = rows(PAGE, "The models")
    assert [row[0] for row in table] == list(KINDS)
    for row in table:
        known = build(row[0])
        assert row[1:3] == [known.type, f"{len(known.heads)} × {len(known.heads[0])}"]
        assert row[3] == " ".join(KINDS[row[0]].__doc__.split())


def test_the_page_says_a_share_as_it_is_and_rounds_no_auroc_up():
    figures = {"auroc": 0.99996, "low": 0.9, "high": 1.0, "heads": 3, "others": 9, "models": 2}
    figures |= {"hits": 0.5, "alarms": float("nan"), "hits_q": float("nan"), "alarms_q": 0.04}
    given = [{"detector": n, "strength": s, **figures} for n in range(len(DETECTORS)) for s in (1.0, BAR_FROM)]
    one = {"figure": "F", "truth": 0.5, "repetitions": 200, "sentences": 40, "held": 190, "above": 4}
    one |= {"low": 0.91, "high": 0.97}
    page = document(given, [one, one | {"figure": f"G {OF_RANDOM}"}], 1.0)
    table, names = detectors(page)
    assert table[0][2:] == ["3 of 12", "0.999 (0.900 to 1.000)", "0.999 (0.900 to 1.000)"]
    assert names[0][1:] == ["50\u00a0%", "–", "–", "4\u00a0%"] and len(names) == len(DETECTORS)
    covering, none = intervals(page)
    assert covering == [["F", "0.500", "200 × 40", "95.0\u00a0%", "91.0\u00a0% to 97.0\u00a0%"]]
    assert none == [[f"G {OF_RANDOM}", "200 × 40", "2.0\u00a0%", "95.0\u00a0%"]]
    assert "Then up to 78\u00a0% of such models" in page  # 1 − 0.05^(1/2)
    perfect = [row | {"alarms_q": float("nan"), "auroc": 1.0, "low": 1.0} for row in given]
    table, names = detectors(document(perfect, [one], 1.0))
    assert table[0][3] == "1.000" and names[0][1:] == ["50\u00a0%", "–"]
