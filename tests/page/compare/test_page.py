"""Compare in its three ways, run from the entry without a browser."""

from __future__ import annotations

import re

import pytest

from tests.helpers.pages import heading, opened, read, said


def compare_page(**address: str):
    app = opened("compare", **address)
    assert not app.exception
    return app


def test_three_heads_are_said_together_and_drawn_each_with_each():
    app = compare_page(tray="L2H0,L2H8,L3H1")
    assert "Most alike are L2H8 and L3H1" in heading(app)
    assert "They part most on “is”" in said(app)
    assert len(app.get("vega_lite_chart")) == 2  # the maps, and the square of all with all


def test_the_pair_of_the_profile_is_one_click():
    app = compare_page()
    button = next(one for one in app.main.button if one.label == "Syntax beside context")
    button.click().run()
    assert len(app.query_params["tray"].split(",")) == 2
    assert "look hardest at the same place" in heading(app)


def test_one_head_on_two_texts_and_which_heads_change_most():
    app = compare_page(mode="texts", layer="0", head="1")
    assert "L0H1 (first text) and L0H1 (second text)" in heading(app).replace("\\", "")
    assert "Of 13 and 13 words, 12 are the same in both and 1 changed" in said(app).replace("\\", "")
    assert "L0H1 changes most beyond what other words do" in said(app)
    area = next(one for one in app.main.text_area if one.label == "Second text")
    area.set_value("The chef who trained in Osaka says that ramen is her favourite food.").run()
    assert not app.exception
    assert "1 without a counterpart" in said(app)


def test_two_texts_open_on_the_head_that_changes_most_until_one_is_chosen(monkeypatch):
    monkeypatch.setattr("dashboard.ui.session.STALE", 0)  # this hand is quick
    app = compare_page(mode="texts")
    [best] = re.findall(r"(L\d+H\d+) changes most beyond", said(app))
    assert heading(app).startswith(f"##### {best}") and "layer" not in app.query_params
    app.number_input(key="choose_layer").set_value(5).run()
    app.number_input(key="choose_head").set_value(7).run()
    assert not app.exception and heading(app).startswith("##### L5H7") and f"{best} changes most" in said(app)
    same = compare_page(mode="texts", other="The chef who trained in Osaka says ramen is her favourite food.")
    assert heading(same).startswith("##### L0H2") and "no difference between these texts" in said(same)


def test_each_way_asks_its_own_question(smollm2):
    assert "How do heads of MiniLM differ" in said(compare_page())
    assert "What does one head of MiniLM do on two texts" in said(compare_page(mode="texts"))
    assert "Where does a head of MiniLM look, and where one of SmolLM2 135M" in said(compare_page(mode="models"))


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"mode": "texts", "other": "Nothing"}, "no word in common"),
        ({"mode": "texts", "other": "none"}, "There is no second text yet"),
        ({"mode": "texts", "text": "Another text altogether."}, "There is no second text yet"),
        ({"mode": "texts", "other": "<script>alert(1)</script> \u202e\u200b"}, "no word in common"),
        ({"mode": "models", "other_model": "no-such"}, "There is no model"),
        ({"mode": "models", "other_model": "/nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_compared_is_told(address, sentence):
    assert sentence in said(compare_page(**address)).replace("\\", "").replace("\u2060", "")


def test_two_models_meet_at_words_and_say_what_goes_to_special_tokens(smollm2):
    app = compare_page(mode="models", other_head="L3H2", unit="tokens")
    assert "SmolLM2" in heading(app)
    assert "They meet at 13 words" in said(app).replace("\\", "")
    parked = compare_page(mode="models", layer="2", head="8", other_head="L9H4")
    assert "in 6 of 13 rows (6 of them elsewhere: what is not drawn is taken as one place)" in read(parked)
    hidden = compare_page(mode="models", other_head="L3H2", special="hide", show="difference")
    assert "Special tokens are hidden" in said(hidden)


def test_a_head_that_the_second_model_lacks_is_brought_within_it(smollm2):
    app = compare_page(mode="models", other_head="L99H99")
    assert "L29H8" in heading(app)


@pytest.mark.parametrize("mode", ["heads", "texts", "models"])
def test_a_long_text_is_drawn_in_part(mode, smollm2):
    long = " ".join(f"word{number}" for number in range(900))
    app = compare_page(mode=mode, text=long, other=long[:400], tray="L2H0,L2H8")
    assert "word" in said(app)
