"""Compare in its three ways, run from the entry without a browser."""

from __future__ import annotations

import re
from itertools import combinations
from urllib.parse import parse_qs

import pytest

from dashboard.analyses.compare.changed_heads import changed_heads
from dashboard.analyses.compare.divergence import compare
from dashboard.analyses.compare.text import change_finding
from dashboard.analyses.explore.api import attentions
from dashboard.heads.head_id import HeadId
from dashboard.ui.pages import compare_inputs
from dashboard.ui.url_state import FIRST_OTHER, FIRST_TEXT
from tests.helpers.pages import heading, lines, notices, opened, read, said
from tests.helpers.sentences import heads_in, numbers, plain, wording

HEADS = ["L2H0", "L2H8", "L3H1"]


def compare_page(**address: str):
    app = opened("compare", **address)
    assert not app.exception
    return app


def test_three_heads_are_said_together_and_drawn_each_with_each(minilm, snapshot):
    app = compare_page(tray="L2H0,L2H8,L3H1")
    views = dict(zip(HEADS, attentions(minilm, FIRST_TEXT, HEADS, unit="words"), strict=True))
    js, *most_alike = min((compare(views[a], views[b]).js, a, b) for a, b in combinations(HEADS, 2))
    assert heads_in(heading(app))[:2] == most_alike and round(js, 2) in [round(one, 2) for one in numbers(heading(app))]
    assert wording(heading(app)) == snapshot
    assert len(app.get("vega_lite_chart")) == 2  # the maps, and the square of all with all


def test_the_pair_of_the_profile_is_one_click():
    app = compare_page()
    button = next(one for one in app.main.button if one.label == "Pin both")
    button.click().run()
    assert len(app.query_params["tray"].split(",")) == 2
    assert {*heads_in(heading(app))} == {*app.query_params["tray"].split(",")}


def test_one_head_on_two_texts_and_which_heads_change_most(minilm, snapshot):
    app = compare_page(mode="texts", layer="0", head="1")
    assert heads_in(heading(app)) == ["L0H1", "L0H1"]
    [counted] = [line for line in read(app).splitlines() if "same in both" in line]
    assert numbers(counted)[:4] == [13, 13, 12, 1]
    found = change_finding(changed_heads(minilm, FIRST_TEXT, FIRST_OTHER))
    assert plain(found) in plain(said(app))
    assert [wording(heading(app)), wording(counted)] == snapshot
    area = next(one for one in app.main.text_area if one.label == "Second text")
    area.set_value("The chef who trained in Osaka says that ramen is her favourite food.").run()
    assert not app.exception
    [counted] = [line for line in read(app).splitlines() if "same in both" in line]
    assert numbers(counted)[:4] == [13, 14, 13, 1] and wording(counted) == snapshot(name="a word more")


def test_two_texts_open_on_the_head_that_changes_most_until_one_is_chosen(monkeypatch, snapshot):
    monkeypatch.setattr("dashboard.ui.session.STALE", 0)  # this hand is quick
    app = compare_page(mode="texts")
    [best] = re.findall(r"(L\d+H\d+) changes most: divergence", read(app))
    assert heading(app).startswith(f"##### {best}") and "layer" not in app.query_params
    app.number_input(key="choose_layer").set_value(5).run()
    app.number_input(key="choose_head").set_value(7).run()
    assert not app.exception and heading(app).startswith("##### L5H7") and f"{best} changes most" in said(app)
    same = compare_page(mode="texts", other="The chef who trained in Osaka says ramen is her favourite food.")
    same_told = [one for one in lines(same) if "difference" in one]
    assert heading(same).startswith("##### L0H2") and [wording(one) for one in same_told] == snapshot


def test_each_way_asks_its_own_question(smollm2, snapshot):
    shown = [compare_page(mode=mode) for mode in ("heads", "texts", "models")]
    asked = [next(line for line in read(app).splitlines() if line.endswith("?")) for app in shown]
    assert len(set(asked)) == 3 and asked == snapshot


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ({"mode": "texts", "other": "Nothing"}, "error"),
        ({"mode": "texts", "other": "none"}, "info"),
        ({"mode": "texts", "text": "Another text altogether."}, "info"),
        ({"mode": "texts", "other": "<script>alert(1)</script> \u202e\u200b"}, "error"),
        ({"mode": "models", "other_model": "no-such"}, "error"),
        ({"mode": "models", "other_model": "/nowhere"}, "info"),
    ],
    ids=["nothing shared", "none", "no second", "hostile", "no model", "a path"],
)
def test_what_cannot_be_compared_is_told(address, kind, snapshot):
    told = notices(compare_page(**address))
    assert [one.partition(":")[0] for one in told] == [kind] and told == snapshot


def test_two_models_meet_at_words_and_say_what_goes_to_special_tokens(smollm2, snapshot):
    app = compare_page(mode="models", other_head="L3H2", unit="tokens")
    assert "SmolLM2" in heading(app)
    [meet] = lines(app, "13 words", "SmolLM2 135M")
    parked = compare_page(mode="models", layer="2", head="8", other_head="L9H4")
    [rows] = lines(parked, "6 of 13 rows (6 of them")
    hidden = compare_page(mode="models", other_head="L3H2", special="hide", show="difference")
    [special] = lines(hidden, "13 words. ")
    assert [wording(line) for line in (meet, rows, special)] == snapshot


def test_a_head_that_the_second_model_lacks_is_brought_within_it(smollm2):
    app = compare_page(mode="models", other_head="L99H99")
    assert "L29H8" in heading(app)


@pytest.mark.parametrize("mode", ["heads", "texts", "models"])
def test_a_long_text_is_drawn_in_part(mode, smollm2):
    long = " ".join(f"word{number}" for number in range(900))
    app = compare_page(mode=mode, text=long, other=long[:400], tray="L2H0,L2H8")
    assert "word" in said(app)


def test_it_opens_on_a_pair_and_says_how_far_apart_they_are():
    app = opened("compare")
    assert not app.exception and "No head is pinned" in said(app)
    assert len({*heads_in(heading(app))}) == 2
    one = opened("compare", tray="L4H4")
    assert not one.exception and "Only L4H4 is pinned" in said(one)
    assert "L4H4" in heads_in(heading(one)) and len({*heads_in(heading(one))}) == 2
    app.segmented_control(key="choose_show").set_value("difference").run()
    assert not app.exception


def test_it_has_something_to_say_where_no_score_has_a_value(smollm2):
    app = opened("compare", model="smollm2", bos="no", text="a")
    assert not app.exception
    assert len({*heads_in(heading(app))}) == 2


@pytest.mark.parametrize("told", ["L0H0", "L0H0 · context"])
def test_a_head_that_is_told_again_by_what_it_is_called_is_pinned_once(monkeypatch, told):
    """As by a browser that has not heard yet that the head is no option any more."""
    state, pinned = {"add_head": told}, []
    monkeypatch.setattr(compare_inputs.st, "session_state", state)
    monkeypatch.setattr(compare_inputs.session, "pin", pinned.append)
    compare_inputs._add_head()
    assert pinned == [HeadId(0, 0)] and state["add_head"] is None and state["widget_run"]


@pytest.mark.parametrize("mode", ["heads", "texts", "models"])
def test_several_heads_as_one_are_compared_and_what_is_lost_is_said(minilm, smollm2, mode):
    asked = {"together": "layer", "layer": "2", "head": "8", "other_model": "smollm2"}
    app = compare_page(mode=mode, tray="L2H8,L2H0", **asked)
    assert not app.error and not notices(app)
    lost = [line for line in lines(app) if "Lost in the mean: which head looks where." in line]
    assert len(lost) == (1 if mode == "heads" else 2) and "Contributions are norms" not in read(app)
    assert "mean of layer 2" in heading(app)
    assert not [one for one in app.get("button_group") if one.label == "Measure"]
    change = compare_page(mode=mode, tray="L2H8,L2H0", show="difference", **asked)
    assert "mean of layer 2" in heading(change) and not change.error


def test_a_head_and_a_sum_have_no_difference_and_the_page_says_what_to_take(snapshot):
    app = compare_page(tray="L2H8,L2H0", together="layer", how="sum", show="difference")
    assert [one.value for one in app.error] == snapshot
    taken = next(one for one in app.get("button_group") if one.label == "Taken together")
    taken.set_value("max").run()
    assert not app.error and "maximum of layer 2" in heading(app)


def carry_over(app) -> list[str]:
    return [
        one.proto.query_string for one in app.main.get("page_link") if one.proto.label.startswith("Carry a head over")
    ]


def test_a_head_can_be_carried_over_between_texts_of_as_many_tokens(smollm2):
    texts = {"text": "The names of the author", "other": "The name of the author"}
    [there] = carry_over(compare_page(mode="texts", model="smollm2", **texts))
    assert parse_qs(there)["patch_a"] == [texts["text"]] and parse_qs(there)["patch_b"] == [texts["other"]]
    longer = texts | {"other": "The old name of the author"}
    assert not carry_over(compare_page(mode="texts", model="smollm2", **longer))
    assert not carry_over(compare_page(mode="texts", **texts))  # MiniLM predicts no next word
