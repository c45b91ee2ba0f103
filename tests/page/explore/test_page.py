"""“All heads” run from the entry, without a browser: what is chosen is drawn, said and in the address."""

import json

import numpy as np
import pytest

from dashboard import attention
from dashboard.analyses.profile.names import clearest, head_names
from dashboard.capture import open_model
from dashboard.heads.head_id import HeadId
from dashboard.ui.url_state import FIRST_TEXT
from tests.helpers.charts import cells
from tests.helpers.pages import heading, lines, notices, opened, said
from tests.helpers.sentences import heads_in, numbers, plain, wording
from tests.helpers.shipped import profile


def test_the_first_visit_shows_a_finding_before_any_click(snapshot):
    app = opened()
    assert not app.exception
    assert app.title[0].value == "All heads"
    [counted] = [line for line in said(app).splitlines() if "512" in line]
    assert heads_in(heading(app)) == [str(clearest(profile()))] and numbers(counted) == [13, 16, 512, 2]
    assert not app.query_params
    assert [wording(heading(app)), wording(counted)] == snapshot


@pytest.mark.parametrize("view", ["heatmap", "lines", "arcs", "reading"])
@pytest.mark.parametrize("unit", ["words", "tokens"])
@pytest.mark.parametrize("special", ["show", "hide"])
def test_every_way_of_drawing(view, unit, special):
    app = opened(view=view, unit=unit, special=special, layer="2", head="8")
    assert not app.exception
    assert "L2H8" in heading(app)


def test_a_link_is_what_stands_on_the_page():
    app = opened(layer="3", head="1", tray="L2H0,L3H1", atlas="maps", text="Birds sing.")
    assert app.number_input(key="choose_layer").value == 3
    assert app.number_input(key="choose_head").value == 1
    assert app.text_area(key="draft").value == "Birds sing."
    names = head_names(profile())
    pinned = {HeadId(2, 0), HeadId(3, 1)}
    shown = {button.label: button.help for button in app.button if (button.key or "").startswith("show_")}
    assert {plain(label) for label in shown} == {f"{head} · {names[head].text}" for head in pinned}
    assert all(plain(names[head].evidence) in " ".join(map(plain, shown.values())) for head in pinned)


def test_a_choice_goes_into_the_address():
    app = opened(head="2")
    app.number_input(key="choose_head").set_value(7).run()
    app.text_area(key="draft").set_value("Birds sing.")
    next(button for button in app.button if button.label == "Read this text").click().run()
    assert not app.exception
    assert dict(app.query_params) == {"head": "7", "text": "Birds sing."}
    assert "L0H7" in heading(app)


def test_wrong_values_in_a_link_are_told_and_the_rest_holds():
    app = opened(layer="99", unit="letters", head="1", special="hide")
    assert not app.exception
    warnings = " ".join(element.value for element in app.warning)
    assert "letters" in warnings and "L99H1" in warnings
    assert app.number_input(key="choose_layer").value == 5
    app.number_input(key="choose_head").set_value(2).run()
    assert not app.warning  # said once, until the next choice


def test_the_tray_holds_four_heads_and_each_can_be_taken_out():
    app = opened(head="2")
    for head in range(5):
        app.number_input(key="choose_head").set_value(head).run()
        add = next(button for button in app.button if button.label == "Pin this head")
        assert add.disabled == (head == 4)
        if not add.disabled:
            add.click().run()
    assert any(numbers(line)[:2] == [4, 4] for line in said(app).splitlines())
    app.button(key="remove_L0H1").click().run()
    assert app.query_params["tray"] == "L0H0,L0H2,L0H3"


def test_a_causal_model_says_so_and_its_start_token_can_be_left_out(smollm2):
    app = opened(model="smollm2", layer="20", head="3")
    assert not app.exception and not app.error
    before = said(app)
    app.segmented_control(key="choose_bos").set_value("no").run()
    assert not app.exception
    special = [numbers(next(one for one in text.splitlines() if "special." in one))[-1] for text in (before, said(app))]
    assert special == [1, 0]
    app.selectbox(key="choose_model").set_value("minilm").run()
    assert "L20H3" in " ".join(element.value for element in app.warning)


def test_a_window_that_starts_too_far_for_another_view_is_moved():
    text = " ".join(f"w{number}" for number in range(120))
    app = opened(text=text, view="arcs", start="99999")
    assert not app.exception
    first = app.slider(key="choose_start")
    assert first.value == first.max == 122 - 39  # of the 606 pixels next to the atlas, 15 a word
    for view, unit in (("lines", "words"), ("arcs", "tokens"), ("lines", "words"), ("heatmap", "words")):
        app.segmented_control(key="choose_view").set_value(view).run()
        app.segmented_control(key="choose_unit").set_value(unit).run()
        assert not app.exception, (view, unit)


def test_weight_and_contribution_are_one_switch():
    """The finding, the words beside the picture and the address say what is measured, however it is drawn."""
    app = opened(layer="2", head="0")
    assert "of its attention" in heading(app)
    app.segmented_control(key="choose_measure_of").set_value("contribution").run()
    assert app.query_params["measure_of"] == "contribution"
    for view in ("heatmap", "lines", "arcs", "reading"):
        app.segmented_control(key="choose_view").set_value(view).run()
        assert not app.exception
        assert "norm" in heading(app) and "attention" not in heading(app)
        beside = [plain(caption.value) for caption in app.main.caption if "norm" in caption.value]
        assert len(beside) == 1 and "0.5 %" not in beside[0]


def test_contributions_that_cannot_be_measured_are_told(monkeypatch, snapshot):
    monkeypatch.setattr("dashboard.capture.layer_trace._Watch._output", lambda self, product: None)
    app = opened(layer="2", head="0", measure_of="contribution", text="No projection can be told apart here.")
    assert not app.exception
    assert notices(app) == snapshot and "norm" not in heading(app)


def test_an_empty_text_offers_an_example():
    app = opened(text=" ")
    assert [one.partition(":")[0] for one in notices(app)] == ["info"]
    next(button for button in app.main.button if button.label == "Use the first example").click().run()
    assert heads_in(heading(app)) and not app.info


def test_one_word_is_no_words(snapshot):
    [counted] = lines(opened(text="Food"), "512")
    assert numbers(counted) == [1, 3, 512, 2] and wording(counted) == snapshot


def pictures(app) -> list[dict]:
    """The atlas and the head."""
    found = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    assert len(found) == 2
    return found


def drawn(app) -> dict:
    """The picture of the head."""
    return pictures(app)[1]


def test_another_head_is_another_picture_finding_and_address(minilm):
    app = opened()
    first, before = heading(app), drawn(app)
    app.number_input(key="choose_layer").set_value(2).run()
    app.number_input(key="choose_head").set_value(9).run()
    assert not app.exception and dict(app.query_params) == {"layer": "2", "head": "9"}
    assert heads_in(heading(app)) == ["L2H9"] and heading(app) != first and drawn(app) != before
    weights = attention(minilm, FIRST_TEXT, "L2H9", unit="words").weights
    assert cells(drawn(app), len(weights)) == pytest.approx(weights, abs=0.006)  # from 0.005 on it is drawn


@pytest.mark.parametrize(("view", "kind"), [("lines", "Lines "), ("arcs", "Arcs "), ("reading", "The text, ")])
def test_another_view_is_another_picture_of_the_same_finding(view, kind):
    app = opened(layer="2", head="9")
    finding, before = heading(app), drawn(app)
    app.segmented_control(key="choose_view").set_value(view).run()
    assert not app.exception and app.query_params["view"] in (view, [view])
    assert heading(app) == finding and drawn(app) != before and drawn(app)["description"].startswith(kind)


def test_hidden_special_tokens_leave_the_picture_and_what_is_left_sums_to_one(minilm):
    app = opened(layer="2", head="9")
    shown = len(attention(minilm, FIRST_TEXT, "L2H9", unit="words"))
    assert cells(drawn(app), shown).any(1).sum() == shown
    app.segmented_control(key="choose_special").set_value("hide").run()
    assert not app.exception and app.query_params["special"] in ("hide", ["hide"])
    assert cells(drawn(app), shown - 2).sum(1) == pytest.approx(np.ones(shown - 2), abs=0.05)


def test_another_score_colours_the_atlas_and_goes_into_the_address():
    app = opened()
    atlas, head = pictures(app)
    app.selectbox(key="choose_score").set_value("induction").run()
    assert not app.exception and app.query_params["score"] in ("induction", ["induction"])
    assert pictures(app)[0] != atlas and pictures(app)[1] == head


def test_another_head_needs_no_other_pass(monkeypatch):
    app = opened(layer="3", head="1", text="A short text that nobody else reads here.")

    def again(*given, **named):
        raise AssertionError("a second forward pass")

    monkeypatch.setattr("dashboard.capture.model.AttentionModel.run", again)
    app.number_input(key="choose_layer").set_value(4).run()
    app.number_input(key="choose_head").set_value(5).run()
    assert not app.exception and "L4H5" in heading(app)
    with pytest.raises(AssertionError, match="second forward pass"):
        attention(open_model("minilm"), "Another text.", "L0H0")
