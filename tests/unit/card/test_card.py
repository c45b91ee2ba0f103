"""What a card adds to the figures of the other analyses, worked out a second way, and how its page is put together."""

from __future__ import annotations

import io

import numpy as np
import pypdf
import pytest

from dashboard.analyses.card.draw import (
    draw_layer_budgets,
    draw_relations,
    draw_sinks,
    layer_budgets,
    ranked_relations,
    sink_table,
)
from dashboard.analyses.card.text import induction_finding, named_heads, sinks_finding
from dashboard.analyses.profile.budget import CHANNELS
from dashboard.analyses.profile.names import head_names
from dashboard.errors import UserError
from dashboard.export import ReportText, figure_bytes, report_html, report_pdf, report_zip
from dashboard.export.snippet import snippet
from dashboard.heads.head_id import HeadId, heads_of
from tests.helpers import shipped
from tests.helpers.reports import figure
from tests.helpers.sentences import numbers

HOSTILE = "</script><script>alert(1)</script> <b>bold</b>"


def test_a_layers_budget_is_the_mean_of_its_heads_and_sums_to_one():
    profile, table = shipped.profile("smollm2"), layer_budgets(shipped.profile("smollm2"))
    for row in table.to_dict("records"):
        of_layer = [one for one in profile.heads.to_dict("records") if one["layer"] == row["layer"]]
        for channel in CHANNELS:
            assert row[channel] == pytest.approx(sum(one[f"budget_{channel}"] for one in of_layer) / len(of_layer))
        assert sum(row[channel] for channel in CHANNELS) == pytest.approx(1)
    assert len(table) == 30


def test_a_sink_is_what_the_budget_gives_to_no_other_word():
    table = sink_table(shipped.profile())
    own = sum(table[f"budget_{channel}"] for channel in ("special", "self"))
    # A budget is a mean over all words, a sink over the queries that are scored.
    assert np.abs(table["sink"] / 100 - own).max() < 0.02
    sinks, heads = numbers(sinks_finding(table))[:2]
    assert (sinks, heads) == (sum(one < 0.4 for one in table["active"]), 72)


def test_relations_are_ranked_by_their_lift_and_no_rare_one_is_among_them():
    profile, best = shipped.profile(), ranked_relations(shipped.profile())
    wanted = {one["relation"] for one in profile.best.to_dict("records") if one["n"] >= 30} - {"*"}
    assert set(best["relation"]) <= wanted and len(best) > 10 and "all" not in set(best["relation"])
    lifts = (best["held_out_accuracy"] - best["held_out_baseline"]).tolist()
    assert lifts == sorted(lifts, reverse=True)


def test_the_charts_are_drawn_and_say_which_lines_make_them_again():
    profile = shipped.profile()
    for draw in (draw_sinks, draw_relations, draw_layer_budgets):
        for theme in ("light", "dark"):
            drawn = draw(profile, theme=theme)
            assert figure_bytes(drawn, "svg", drawn.provenance).startswith(b"<svg")
        assert f"thing = {draw.__name__}(" in snippet(drawn.provenance)


def test_few_sentences_are_told_in_place_of_relations():
    from dataclasses import replace

    profile = shipped.profile()
    with pytest.raises(UserError, match="30 cases"):
        draw_relations(replace(profile, best=profile.best.assign(ranked=False)))


def test_induction_is_counted():
    table = shipped.profile().heads[["layer", "head"]].assign(induction=0.1)
    table.loc[[3, 8], "induction"] = 0.5, 0.75
    said = induction_finding(table)
    assert numbers(said)[:2] == [2, 72] and str(heads_of(table)[8]) in said and "75" in said
    assert "cannot read" in induction_finding(table.assign(induction=np.nan))


def test_every_head_is_counted_under_one_name():
    names = head_names(shipped.profile("smollm2"), {HeadId(0, 0): 0.9})
    first, *lines = named_heads(names).splitlines()
    counts = numbers(first)
    assert counts[0] == 270 == sum(counts[1:])
    assert all(line.partition(":")[0] in {str(head) for head in names} for line in lines[:-1])


def test_a_text_stands_among_the_figures_of_every_page():
    told = ReportText("What cannot be had", f"This model predicts nothing.\n{HOSTILE}")
    both = [told, figure(note="My note")]
    page = report_html(both).decode()
    assert "<h2>1. What cannot be had</h2>" in page and "predicts nothing" in page and "<b>" not in page
    assert page.count("<script") == 2 and '"#chart-1"' in page and '"#chart-0"' not in page
    read = pypdf.PdfReader(io.BytesIO(report_pdf(both)))
    first = " ".join(read.pages[0].extract_text().split())
    assert "1. What cannot be had" in first and "predicts nothing" in first
    assert len(read.pages) == 2 and [entry.title for entry in read.outline] == [f"2. {both[1].heading}"]
    assert b"make_again.py" in report_zip(both)
