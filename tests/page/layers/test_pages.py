"""“Long range” and “Layer by layer” run from the entry, without a browser."""

import json

import numpy as np
import pytest

from dashboard import rollout
from dashboard.ui.url_state import FIRST_TEXT
from tests.helpers.pages import headings, lines, notices, opened, said
from tests.helpers.sentences import heads_in, numbers, plain, wording


def test_long_range_measures_a_small_model_at_once(snapshot):
    app = opened("long_range", layer="1", head="3")
    assert not app.exception and app.title[0].value == "Long range"
    best, chosen = headings(app)
    assert len(heads_in(best)) >= 1 and heads_in(chosen)[0] == "L1H3"
    [split] = [line for line in lines(app, " 6 ") if numbers(line).count(6) == 2]
    app.segmented_control(key="choose_reach").set_value("name").run()
    assert not app.exception
    assert app.query_params["reach"] == "name" and headings(app)[0] != best
    assert [wording(one) for one in (best, headings(app)[0], split)] == snapshot
    app.number_input(key="choose_head").set_value(1).run()
    assert "L1H1" in headings(app)[1]


def test_long_range_asks_before_a_larger_model_is_measured(smollm2, snapshot):
    app = opened("long_range", model="smollm2")
    assert not app.exception
    assert any(button.label == "Measure" for button in app.main.button)
    [told] = [line for line in said(app).splitlines() if "270" in line]
    assert numbers(told)[:3] == [12, 6, 270] and wording(told) == snapshot
    assert not headings(app)


def test_through_the_layers_follows_a_word(snapshot):
    app = opened("layers")
    assert not app.exception and app.title[0].value == "Layer by layer"
    assert "“ramen”" in headings(app)[0] and wording(headings(app)[0]) == snapshot
    app.selectbox(key="choose_word").set_value(1).run()
    app.segmented_control(key="choose_measure").set_value("attention_share").run()
    assert not app.exception
    assert "“chef”" in headings(app)[0]
    assert dict(app.query_params) == {"word": "1", "measure": "attention_share"}


def test_a_word_that_is_chosen_is_drawn_in_a_long_text_too():
    app = opened("layers", text="the chef says " * 100, unit="words")
    assert app.slider(key="choose_start").value == 0
    app.selectbox(key="choose_word").set_value(200).run()
    start = app.slider(key="choose_start").value
    assert not app.exception and start < 200 < start + 80
    app.slider(key="choose_start").set_value(3).run()  # looked for elsewhere, the word stays followed
    assert app.slider(key="choose_start").value == 3 and app.query_params["word"] == "200"


def test_what_is_drawn_of_every_word_is_chosen_above_its_picture():
    kinds = [element.type for element in opened("layers").main if getattr(element, "key", "") != "choose_unit"]
    choice = max(k for k, kind in enumerate(kinds) if kind == "button_group")
    assert choice > kinds.index("vega_lite_chart")  # after the one word's picture


def test_a_word_that_the_text_does_not_have_becomes_its_last():
    app = opened("layers", word="9999", text="Birds sing.")
    assert not app.exception
    assert "“.”" in plain(headings(app)[0])
    assert opened("layers", word="x").warning


@pytest.mark.parametrize("special", ["show", "hide"])
@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("a", "words"),
        ("<script>**x**</script> $x$ :red[y]", "tokens"),
        ("e\u0301 \x00 مرحبا 🍜", "words"),
        (" ".join(f"w{number}" for number in range(300)), "words"),
        ("我喜欢拉面。", "tokens"),
    ],
)
def test_any_text_is_followed(text, unit, special):
    app = opened("layers", text=text, unit=unit, special=special, start="99999")
    assert not app.exception and not app.error
    assert headings(app)


def test_a_text_or_model_that_cannot_be_read_is_told():
    app = opened("layers", text=" ")
    [told] = app.info
    assert not app.exception and not app.error and "no text yet" in told.value
    for page in ("layers", "long_range"):
        app = opened(page, model="no-such-model")
        [told] = app.error
        assert not app.exception and "no\\-\u2060such\\-\u2060model" in told.value and not headings(app)


def test_long_range_needs_no_text():
    for text in (" ", "\u200b"):
        app = opened("long_range", text=text)
        assert not app.exception and not app.error and headings(app) == headings(opened("long_range"))


def test_special_tokens_that_have_most_of_a_rollout_are_told_and_can_be_hidden(smollm2, snapshot):
    app = opened("layers", model="smollm2")
    [told] = [line for line in said(app).splitlines() if line.startswith("Special tokens")]
    assert numbers(told)[0] == 100 and wording(told) == snapshot
    app = opened("layers", model="smollm2", special="hide")
    assert "Special tokens have" not in said(app)
    [view] = [json.loads(one.proto.spec) for one in app.get("vega_lite_chart") if "Rollout" in one.proto.spec]
    assert str(view["title"]) == snapshot(name="hidden")
    whole, text = rollout(smollm2, FIRST_TEXT), smollm2.encode(FIRST_TEXT)
    kept = np.flatnonzero(~np.array(text.special))
    rest = whole.weights[np.ix_(kept, kept)]
    expected = rest / rest.sum(1, keepdims=True)
    for row in view["layer"][0]["data"]["values"]:
        assert row["w"] == pytest.approx(expected[row["i"], row["j"]], abs=2e-4)


def test_attention_is_rolled_out_over_the_layers_that_are_chosen(snapshot):
    app = opened("layers")
    assert not app.exception
    slider = next(one for one in app.main.slider if one.label == "Layers")
    assert slider.value == (0, 5)
    assert "Rollout L0 to L5" in said(app)
    slider.set_value((2, 3)).run()
    assert not app.exception
    assert app.query_params["rolled"] == "2-3"
    assert "Rollout L2 to L3" in said(app)
    again = opened("layers", rolled="2-99")
    assert "Rollout L2 to L5" in said(again)
    assert notices(opened("layers", rolled="two")) == snapshot
