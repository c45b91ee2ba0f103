"""Start, run from the entry without a browser: what it shows is what the engine measures."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import attention, find_heads
from dashboard.analyses.profile.library import profile_library, read_profile
from dashboard.analyses.profile.names import head_names
from dashboard.ui.pages.start import SENTENCES
from tests.helpers.pages import component, framed, headings, opened, said
from tests.helpers.sentences import heads_in

KEYS = SENTENCES["Agreement across a clause"]


def sides(app) -> dict:
    return component(app, "sides")


@pytest.mark.parametrize("text", [KEYS, "مرحبا بالعالم يا صديقي", "one", "我喜欢拉面", "so far " * 60])
def test_both_heads_over_the_sentence_are_the_models_own(minilm, text):
    app = opened(None, text=text)
    assert not app.exception
    shown = sides(app)
    words = [word.form for word in minilm.encode(text).words][:24]
    assert [label.removesuffix(" [UNK]") for label in shown["words"]] == words
    for side in shown["sides"]:
        own = attention(minilm, text, side["head"], unit="words", special="hide").weights[:24, :24]
        assert np.allclose(side["weights"], own, atol=6e-4)  # sent with three decimals
    assert len(shown["lines"]) == len(words) and shown["words"][shown["rest"]] in shown["lines"][shown["rest"]]


def test_they_are_named_as_the_profile_names_them(minilm):
    profile = read_profile(next(one for one in profile_library() if one.shipped and one.model == "minilm").folder)
    names = {str(head): name for head, name in head_names(profile).items()}
    top, bottom = sides(opened(None, text=KEYS))["sides"]
    assert names[top["head"]].kind in ("relation", "syntax") and names[bottom["head"]].kind == "context"
    assert names[top["head"]].q <= 0.05 and np.isnan(names[bottom["head"]].q)  # of a relation of the whole table
    assert [top["name"], bottom["name"]] == [f"{names[top['head']].text} •", names[bottom["head"]].text]


def test_beside_a_relation_stands_what_a_name_is_made_from():
    """The arcs of this sentence may show another relation than the one that the head is named by."""
    app = opened(None, text=KEYS)
    head = sides(app)["sides"][0]["head"]
    assert [heads_in(line) for line in said(app).splitlines() if "may link other words" in line] == [[head]]


def test_two_words_light_all_heads_and_name_the_winner(minilm):
    found = find_heads(minilm, KEYS, [(8, 1)])
    app = opened(None, text=KEYS, pairs="8 > 1")
    assert not app.exception and heads_in(headings(app)[0]) == [str(found.best)]
    assert len(app.get("vega_lite_chart")) == 1
    assert not opened(None, text=KEYS).get("vega_lite_chart")


def test_what_stood_in_the_box_a_moment_ago_is_no_choice(monkeypatch):
    """The browser tells it again with a click, before it has heard of the text that took its place."""
    monkeypatch.setattr("dashboard.ui.session.STALE", 60)  # however slow the machine
    app = opened(None, text=KEYS)
    app.text_input(key="start_text").set_value("Birds sing.").run()
    app.button(key="start_example_A list").click().run()
    app.text_input(key="start_text").set_value("Birds sing.").run()
    assert not app.exception and dict(app.query_params) == {"text": SENTENCES["A list"]}
    app.text_input(key="start_text").set_value("").run()  # typed while the text before comes back
    app.text_input(key="start_text").set_value(SENTENCES["A list"]).run()
    assert not app.exception and app.text_input(key="start_text").value == ""


def test_a_text_of_before_can_be_typed_again(monkeypatch):
    monkeypatch.setattr("dashboard.ui.session.STALE", 0)  # some time later
    app = opened(None, text=KEYS)
    app.text_input(key="start_text").set_value("Birds sing.").run()
    app.text_input(key="start_text").set_value(KEYS).run()
    assert app.query_params["text"] == KEYS


def test_a_chip_reads_its_sentence_and_lets_a_pair_go():
    app = opened(None, pairs="8 > 1")
    app.button(key="start_example_A list").click().run()
    assert not app.exception and dict(app.query_params) == {"text": SENTENCES["A list"]}
    app.text_input(key="start_text").set_value("Birds sing.").run()
    assert app.query_params["text"] == "Birds sing." and sides(app)["words"] == ["Birds", "sing", "."]


def test_a_causal_model_shows_two_heads_too():
    shown = sides(opened(None, model="smollm2", text=KEYS))
    assert len({side["head"] for side in shown["sides"]}) == 2
    assert all(np.triu(side["weights"], 1).max() == 0 for side in shown["sides"])


@pytest.mark.parametrize(
    "address", [{"text": " "}, {"model": "nobody/nothing"}, {"pairs": "99 > 3"}, {"text": "\u200b"}]
)
def test_what_cannot_be_shown_leaves_a_page(address):
    app = opened(None, **address)
    assert not app.exception and framed(app) and said(app)


def test_an_address_of_versions_before_shows_its_head():
    app = opened(None, layer="3", head="1")
    assert not app.exception and app.title[0].value == "All heads"
    assert app.number_input(key="choose_layer").value == 3


def test_an_address_of_today_stays_on_start_though_a_head_is_chosen():
    app = opened(None, page="start", layer="3", head="1")
    assert not app.exception and app.title[0].value != "All heads"
    links = component(app, "address")
    assert links["first"] == {"page": "start", "layer": "3", "head": "1"}
    assert links["others"] == {"layer": "3", "head": "1"}
