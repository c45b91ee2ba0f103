"""“Find heads” run from the entry, without a browser."""

import re
from functools import partial

import pytest

from dashboard import attention_together, find_heads
from dashboard.analyses.explore.text import finding, lost
from dashboard.heads.head_id import heads_of
from dashboard.ui.url_state import FIRST_TEXT
from tests.helpers import pages
from tests.helpers.sentences import heads_in, numbers, plain, wording

opened = partial(pages.opened, "find_heads")
said = pages.read


def test_the_first_pair_has_its_finding_and_baseline(minilm, snapshot):
    app = opened()
    assert not app.exception and not app.error
    found = find_heads(minilm, FIRST_TEXT, "says → chef", bos=True)
    assert heads_in(pages.heading(app))[0] == str(found.best) and numbers(pages.heading(app))[0] == len(found.table)
    assert round(100 * found.table["score"][0]) in numbers(pages.heading(app))
    assert wording(pages.heading(app)) == snapshot


def test_without_a_text_the_corpus_can_be_searched_all_the_same():
    app = opened(text=" ")
    assert not app.exception and [one.partition(":")[0] for one in pages.notices(app)] == ["info"]
    assert any(button.label == "Search the corpus" for button in app.button)
    next(button for button in app.button if button.label == "Use the first example").click().run()
    assert not app.exception and "says → chef" in pages.heading(app) and not pages.notices(app)


def test_no_pair_says_what_to_do_and_a_typed_one_is_searched_for(snapshot):
    app = opened(pairs="none")
    assert not app.exception and not app.error and pages.notices(app) == snapshot
    app.text_area(key="choose_pairs").set_value("food > is\n6 > 1").run()
    assert not app.exception and numbers(pages.heading(app))[:2] == [72, 2]
    assert app.query_params["pairs"] in ("food > is\n6 > 1", ["food > is\n6 > 1"])


def test_a_pair_that_the_text_lacks_is_told_and_can_be_taken_out(snapshot):
    app = opened(pairs="says → cook")
    [told] = app.error
    assert not app.exception and "“cook”" in told.value and pages.notices(app) == snapshot(name="no such word")
    next(button for button in app.button if button.label == "Remove all pairs").click().run()
    assert not app.exception and not app.error and pages.notices(app) == snapshot(name="no pair")


def test_it_opens_on_the_best_head_until_another_is_chosen(monkeypatch):
    monkeypatch.setattr("dashboard.ui.session.STALE", 0)  # this hand is quick
    app = opened()
    best = re.search(r"Of 72 heads, (L\dH\d+)", said(app))[1]
    numbers = [app.number_input(key=f"choose_{part}").value for part in ("layer", "head")]
    assert best == "L{}H{}".format(*numbers) and best != "L0H2"
    assert not any(name in app.query_params for name in ("layer", "head"))
    app.number_input(key="choose_layer").set_value(0).run()
    app.number_input(key="choose_head").set_value(2).run()
    assert not app.exception and "L0H2 gives says → chef" in said(app)  # the head of other pages at first, chosen here
    again = opened(**{name: app.query_params[name][0] for name in ("layer", "head")})
    assert "L0H2 gives says → chef" in said(again)
    app.text_area(key="choose_pairs").set_value("food > is  \n\n").run()  # another question
    [best, *_] = heads_in(pages.heading(app))
    assert "food → is" in pages.heading(app)
    assert said(app).count(f"{best} gives food → is") == 1 and app.text_area(key="choose_pairs").value == "food > is"


@pytest.mark.parametrize("together", ["best", "layer"])
def test_several_heads_are_drawn_as_one_and_what_is_lost_is_said(minilm, together):
    found = find_heads(minilm, FIRST_TEXT, "says → chef", bos=True)
    heads = {"best": heads_of(found.table)[:5], "layer": f"layer:{found.best.layer}"}[together]
    app = opened(together=together, how="max")
    assert not app.exception and not app.error
    view = attention_together(minilm, FIRST_TEXT, heads, "max", unit="words", special="hide")
    assert plain(finding(view)) in plain(said(app)) and plain(lost(view)) in plain(said(app))
    assert f"{found.best} gives says → chef" not in said(app)
    app.selectbox(key="choose_together").set_value("head").run()
    assert f"{found.best} gives says → chef" in said(app) and "differ from their mean" not in said(app)


def test_a_causal_model_cannot_look_ahead_and_the_pairs_are_turned_round_by_a_button(snapshot):
    app = opened(model="smollm2", pairs="chef → says")
    assert not app.exception
    [told] = app.error
    assert "chef → says" in plain(told.value) and pages.notices(app) == snapshot
    next(button for button in app.button if button.label == "Reverse the pairs").click().run()
    assert not app.exception and not app.error and numbers(pages.heading(app))[0] == 270
    assert app.text_area(key="choose_pairs").value == "says → chef"


def test_the_first_pair_is_not_asked_of_another_text(snapshot):
    app = opened(text="Birds sing.")
    assert not app.exception and not app.error and pages.notices(app) == snapshot


def test_a_pattern_is_searched_for_when_asked_and_a_wrong_one_is_told(snapshot):
    app = opened(pattern="relation=nsubj;looks_pos=PRON;furthest=2")
    assert "held out" not in said(app)
    next(button for button in app.button if button.label == "Search the corpus").click().run()
    assert not app.exception and "held out" in said(app) and "points" in said(app)
    wrong = opened(pattern="colour=red")
    assert not wrong.exception and pages.lines(wrong, "“colour”") == snapshot


def test_the_best_head_is_in_the_address_of_the_next_page():
    app = opened()
    best = app.number_input(key="choose_layer").value, app.number_input(key="choose_head").value
    assert best != (0, 2)
    app.query_params.update(app.session_state["links_lead_to"])
    app.switch_page("../pages/explore.py").run()
    assert (app.number_input(key="choose_layer").value, app.number_input(key="choose_head").value) == best
    query = {name: int(one[0] if isinstance(one, list) else one) for name, one in app.query_params.items()}
    assert (query.get("layer", 0), query.get("head", 2)) == best
