"""Heads compared on two texts and in two models, against a second way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from dashboard import contributions
from dashboard.analyses.compare import api as comparing
from dashboard.analyses.compare import changed_heads
from dashboard.analyses.compare.change import head_changes
from dashboard.analyses.compare.divergence import compare
from dashboard.analyses.compare.text import change_finding, change_remarks
from dashboard.analyses.explore.api import attention
from dashboard.analyses.explore.heatmap_chart import top_of
from dashboard.capture import head_maps
from dashboard.errors import UserError
from dashboard.export import Provenance, figure_bytes, file_stem, snippet, table_bytes
from dashboard.heads.head_id import HeadId
from tests.helpers.sentences import heads_in, numbers, wording
from tests.helpers.snippets import run

FIRST = "The chef who trained in Osaka says ramen is her favourite food."
SECOND = FIRST.replace("chef", "pilot")


def test_texts_that_are_too_long_are_told_before_any_is_parsed(minilm, monkeypatch, refuses):
    monkeypatch.setattr(changed_heads, "parse", lambda text: pytest.fail("nobody waits for this"))
    for pair in (("good food " * 101, "good chef"), ("good chef", "good food " * 101)):
        with refuses(UserError, "200 words"):
            changed_heads.changed_heads(minilm, *pair)


def test_the_change_of_every_head_is_that_of_its_aligned_maps(minilm):
    found = head_changes(minilm, minilm.encode(FIRST), minilm.encode(SECOND)).table
    for row in found.iloc[::17].itertuples():
        aligned = comparing.compare_texts(minilm, HeadId(row.layer, row.head), FIRST, SECOND)
        assert row.change == pytest.approx(compare(aligned.a, aligned.b).js, abs=1e-6)
    assert found["change"].is_monotonic_decreasing
    assert found["baseline"].isna().all()


def test_in_a_causal_model_only_rows_that_see_the_change_count(smollm2):
    found = head_changes(smollm2, smollm2.encode(FIRST), smollm2.encode(SECOND))
    row = found.table.iloc[0]
    aligned = comparing.compare_texts(smollm2, HeadId(int(row["layer"]), int(row["head"])), FIRST, SECOND)
    changed = int(np.flatnonzero(aligned.changed)[0])
    assert found.rows == len(aligned.a) - changed
    later = (part.part(range(changed, len(aligned.a))) for part in (aligned.a, aligned.b))
    before = aligned.a.weights[:changed] - aligned.b.weights[:changed]
    assert np.abs(before).max() < 1e-5
    assert compare(aligned.a, aligned.b).js < row["change"]  # the rows before, which are the same, thin it out
    assert all(len(part) == len(aligned.a) - changed for part in later)


def test_the_baseline_is_the_mean_over_other_words(minilm, snapshot):
    changes = changed_heads.changed_heads(minilm, FIRST, SECOND, exchanges=4)
    variants = changed_heads.exchanged(FIRST, SECOND, 4)
    assert len(variants) == changes.swaps == 4
    assert all("chef" in one.text for one in variants)
    row = changes.table.iloc[0]
    head = HeadId(int(row["layer"]), int(row["head"]))
    each = []
    for one in variants:
        aligned = comparing.compare_texts(minilm, head, FIRST, one.text)
        each.append(compare(aligned.a, aligned.b).js)
    assert row["baseline"] == pytest.approx(np.mean(each), abs=1e-6)
    assert (row["low"], row["high"]) == (pytest.approx(min(each), abs=1e-6), pytest.approx(max(each), abs=1e-6))
    order = ["layer", "head"]
    texts = [minilm.encode(one.text) for one in variants]
    alone = [head_changes(minilm, minilm.encode(FIRST), one).table.sort_values(order)["change"] for one in texts]
    table = changes.table.sort_values(order)
    p = (1 + sum(one.to_numpy() >= table["change"].to_numpy() - 1e-6 for one in alone)) / 5
    np.testing.assert_allclose(table["q"], false_discovery_control(p))
    assert len(set(p)) > 3 and any("q can be under 0.2" in one for one in change_remarks(changes))
    said = change_finding(changes)
    assert heads_in(said)[0] == str(head) and wording(said).replace(str(head), "the head") == snapshot


def test_a_text_that_is_not_english_has_no_baseline(minilm, snapshot):
    changes = changed_heads.changed_heads(minilm, "我喜欢拉面", "我喜欢米饭")
    assert changes.swaps == 0
    assert numbers(change_finding(changes))[-2:] == [0, 1] and wording(change_finding(changes)) == snapshot


def test_two_models_meet_at_words(minilm, smollm2):
    text = "Ramen isn't my 🍜 favourite"
    aligned = comparing.compare_models(minilm, "L2H8", smollm2, "L3H2", text)
    assert [text[start:end] for start, end in aligned.a.spans] == [text[start:end] for start, end in aligned.b.spans]
    encoding = minilm.encode(text)
    [(weights, _)] = head_maps(minilm, encoding, [HeadId(2, 8)])
    pieces = [  # of each word, by hand
        [k for k, (start, end) in enumerate(encoding.spans) if left <= start < end <= right]
        for left, right in aligned.a.spans
    ]
    for i, looks in enumerate(pieces):
        for j, seen in enumerate(pieces):
            by_hand = np.mean([sum(float(weights[q, k]) for k in seen) for q in looks])
            assert aligned.a.weights[i, j] == pytest.approx(by_hand, abs=1e-6)
    assert aligned.a.weights.sum(1) + aligned.a.outside == pytest.approx(np.ones(len(aligned.a)), abs=1e-5)
    assert compare(aligned.a, aligned.b).rows == len(aligned.a)


def test_a_model_beside_itself_is_the_same(minilm):
    aligned = comparing.compare_models(minilm, "L2H8", minilm, "L2H8", FIRST)
    numbers = compare(aligned.a, aligned.b)
    assert (numbers.js, numbers.top1, numbers.pearson) == (pytest.approx(0, abs=1e-9), 1, pytest.approx(1))


def test_the_table_of_pairs(minilm, refuses):
    views = [attention(minilm, FIRST, head, unit="words") for head in ("L2H0", "L2H8", "L3H1")]
    table = comparing.comparison_table(views)
    assert table[["a", "b"]].to_numpy().tolist() == [["L2H0", "L2H8"], ["L2H0", "L3H1"], ["L2H8", "L3H1"]]
    assert table["js"].tolist() == [
        compare(a, b).js for a, b in ((views[0], views[1]), (views[0], views[2]), (views[1], views[2]))
    ]
    with refuses(UserError):
        comparing.comparison_table(views[:1])


def test_contributions_are_aligned_as_they_are_and_norms_in_two_models_are_not_subtracted(
    minilm, smollm2, tmp_path, monkeypatch, refuses
):
    carried = comparing.compare_texts(minilm, "L2H8", FIRST, SECOND, measure="contribution")
    for part, text in ((carried.a, FIRST), (carried.b, SECOND)):
        [whole] = contributions(minilm, text, ["L2H8"], unit="words")
        assert np.array_equal(part.weights, whole.weights) and part.measure == "contribution"
    a, b = comparing.aligned_table(carried)[["a", "b"]].to_numpy().T
    assert comparing.aligned_table(carried)["difference"].to_numpy() == pytest.approx(a - b)
    across = comparing.compare_models(minilm, "L2H8", smollm2, "L3H2", FIRST, measure="contribution")
    assert "difference" not in comparing.aligned_table(across)
    with refuses(UserError):
        comparing.draw_aligned(across, "difference")
    tops = [
        layer["encoding"]["color"]["scale"]["domain"][-1]
        for panel in comparing.draw_aligned(across).to_dict()["concat"]
        for layer in panel["layer"][:1]
    ]
    assert tops == [top_of([part]) for part in across.own]
    monkeypatch.chdir(tmp_path)
    for chart in (comparing.draw_aligned(across), comparing.draw_aligned(carried, "difference")):
        exec(snippet(chart.provenance), {})
        again = tmp_path / f"{file_stem(chart.provenance)}.svg"
        assert again.read_bytes() == figure_bytes(chart, "svg", chart.provenance)


def test_the_lines_beside_them_make_them_again(minilm, tmp_path):
    views = [attention(minilm, FIRST, head, unit="words") for head in ("L2H0", "L2H8")]
    aligned = comparing.compare_texts(minilm, "L2H8", FIRST, SECOND)
    beside = comparing.compare_models(minilm, "L2H8", minilm, "L3H1", FIRST)
    charts = [
        comparing.draw_closest_pairs(views),
        comparing.draw_aligned(aligned),
        comparing.draw_aligned(beside, "difference"),
    ]
    changes = changed_heads.changed_heads(minilm, FIRST, SECOND, exchanges=2)
    charts.append(changed_heads.draw_changes(minilm, changes, FIRST, SECOND, width=500))
    origins = [chart.provenance for chart in charts]
    table = comparing.comparison_table(views)
    origins.append(Provenance.from_dict(table.attrs["provenance"]))
    run("\n".join(map(snippet, origins)), tmp_path)
    for chart, origin in zip(charts, origins, strict=False):
        assert (tmp_path / f"{file_stem(origin)}.svg").read_bytes() == figure_bytes(chart, "svg", origin)
    assert (tmp_path / f"{file_stem(origins[-1])}.csv").read_bytes() == table_bytes(table, "csv")
