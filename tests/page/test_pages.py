"""Pages run from the entry, without a browser: what is asked in the address is what stands on the page."""

import pytest

from dashboard.heads.head_id import HeadId
from dashboard.ui.page_list import BY_NAME
from tests.helpers.pages import heading, notices, opened, said
from tests.helpers.sentences import heads_in, numbers, wording

LONG = " ".join(f"word{number}" for number in range(3000))
HOSTILE = [
    "<script>alert(1)</script> </script><b>bold</b>",
    "**bold** [link](javascript:alert(1)) :red[colour] $x^2$ :material/home: `code`",
    "emoji only 🍜👩‍👩‍👧‍👦🏳️‍🌈",
    "مرحبا بالعالم, שלום עולם",
    "a\u200bb\u200dc \u202eevil\u202c",
    "e\u0301\u0301\u0301 \u0301",
    "nul \x00 and \x1b[31m and \ufffe",
    "=1+1\t@SUM(A1)",
    "我喜欢拉面。ラーメンが好きです",
    "a",
]


def test_all_heads_shows_a_finding_before_any_click(snapshot):
    app = opened()
    assert not app.exception
    assert app.title[0].value == "All heads"
    [counted] = [line for line in said(app).splitlines() if "512" in line]
    assert heads_in(heading(app)) == ["L0H2"] and numbers(counted) == [13, 16, 512, 2]
    assert [wording(heading(app)), wording(counted)] == snapshot


@pytest.mark.parametrize("page", ["explore", "compare", "models"])
def test_every_page_opens(page):
    app = opened(page)
    assert not app.exception
    assert app.title[0].value == BY_NAME[page].title


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
    assert {button.label for button in app.button} >= {"L2H0", "L3H1"}


def test_a_choice_goes_into_the_address():
    app = opened()
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
    app = opened()
    for head in range(5):
        app.number_input(key="choose_head").set_value(head).run()
        add = next(button for button in app.button if button.label == "Pin this head")
        assert add.disabled == (head == 4)
        if not add.disabled:
            add.click().run()
    assert any(numbers(line)[:2] == [4, 4] for line in said(app).splitlines())
    app.button(key="remove_L0H1").click().run()
    assert app.query_params["tray"] == "L0H0,L0H2,L0H3"


def test_compare_opens_on_a_pair_and_says_how_far_apart_they_are():
    app = opened("compare")
    assert not app.exception
    assert len({*heads_in(heading(app))}) == 2 and "No head is pinned" in said(app)
    one = opened("compare", tray="L4H4")
    assert not one.exception
    assert "L4H4" in heads_in(heading(one)) and len({*heads_in(heading(one))}) == 2
    assert "Only L4H4 is pinned" in said(one)
    app.segmented_control(key="choose_show").set_value("difference").run()
    assert not app.exception


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_drawn_and_said_letter_for_letter(text):
    for view in ("heatmap", "reading"):
        app = opened(text=text, view=view)
        assert not app.exception, text
        assert app.text_area(key="draft").value == text


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("", "info", "no text yet"),
        (" \n\t ", "info", "no text yet"),
        ("\u200b", "error", "nothing to read in the text"),
    ],
)
def test_a_text_with_nothing_in_it_is_told_and_the_page_lives(text, kind, told):
    app = opened(text=text)
    assert not app.exception
    assert {name: [told in one.value for one in app.get(name)] for name in ("error", "warning", "info")} == (
        {"error": [], "warning": [], "info": []} | {kind: [True]}
    )
    app.text_area(key="draft").set_value("Birds sing.")
    next(button for button in app.button if button.label == "Read this text").click().run()
    assert not app.exception and not app.error
    assert "L0H2" in heading(app)


def test_a_long_text_is_cut_aloud_and_kept_out_of_the_link():
    app = opened()
    app.text_area(key="draft").set_value(LONG)
    next(button for button in app.button if button.label == "Read this text").click().run()
    assert not app.exception
    assert "of the text were left out" in said(app)
    assert "text" not in app.query_params and "text_id" in app.query_params
    elsewhere = opened(text_id=app.query_params["text_id"])
    assert "too long for this link" in " ".join(element.value for element in elsewhere.warning)


@pytest.mark.parametrize(
    ("model", "kind", "told"),
    [
        ("nothing-like-it", "error", "no model"),
        *((path, "info", "Links do not open paths") for path in ("/no/such/folder", "../..", "owner/name", "a/b/c")),
        (" ", None, ""),
    ],
)
def test_a_model_that_cannot_be_opened_is_told_and_the_page_lives(model, kind, told):
    app = opened(model=model)
    assert not app.exception
    shown = {name: [told in one.value for one in app.get(name)] for name in ("error", "warning", "info")}
    assert shown == {"error": [], "warning": [], "info": []} | ({kind: [True]} if kind else {})
    if kind:
        app.selectbox(key="choose_model").set_value("minilm").run()
    assert not app.exception and not app.error
    assert "L0H2" in heading(app)


def test_two_people_see_only_their_own_text():
    first, second = opened(text="Birds sing at dawn."), opened()
    assert first.text_area(key="draft").value == "Birds sing at dawn."
    assert "Birds" not in said(second) + second.text_area(key="draft").value


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
    assert first.value == first.max == 122 - 50
    for view, unit in (("lines", "words"), ("arcs", "tokens"), ("lines", "words"), ("heatmap", "words")):
        app.segmented_control(key="choose_view").set_value(view).run()
        app.segmented_control(key="choose_unit").set_value(unit).run()
        assert not app.exception, (view, unit)


def test_compare_has_something_to_say_where_no_score_has_a_value(smollm2):
    app = opened("compare", model="smollm2", bos="no", text="a")
    assert not app.exception
    assert len({*heads_in(heading(app))}) == 2


def test_back_finds_a_long_text_again():
    app = opened()
    app.text_area(key="draft").set_value(LONG)
    read = next(button for button in app.button if button.label == "Read this text")
    read.click().run()
    link = dict(app.query_params)
    app.text_area(key="draft").set_value("Birds sing.")
    next(button for button in app.button if button.label == "Read this text").click().run()
    for name in dict(app.query_params):
        del app.query_params[name]
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.warning
    assert app.text_area(key="draft").value == LONG


ENDS_EARLY = [("explore", {"text": " "}), ("explore", {"model": "no-such"}), ("compare", {})]


@pytest.mark.parametrize(("page", "address"), ENDS_EARLY)
def test_a_page_that_ends_early_keeps_its_sidebar_on_the_next_run(page, address):
    app = opened(page, **address)
    for _ in range(2):
        assert not app.exception
        assert "Text" in [area.label for area in app.text_area]
        app.run()


def test_one_word_is_no_words():
    assert "1 word, 3 tokens (at most 512), 2 of them special." in said(opened(text="Food"))


def test_an_empty_text_offers_an_example():
    app = opened(text=" ")
    assert [one.partition(":")[0] for one in notices(app)] == ["info"]
    next(button for button in app.main.button if button.label == "Use the first example").click().run()
    assert "L0H2 gives" in heading(app)


def test_an_address_that_lags_behind_a_quick_hand_takes_nothing_back():
    app = opened()
    app.number_input(key="choose_head").set_value(7).run()
    assert "7" in app.query_params["head"]
    del app.query_params["head"]  # the browser still sends what stood there before
    app.number_input(key="choose_head").set_value(5).run()
    assert "L0H5" in heading(app)
    assert "5" in app.query_params["head"]
    del app.query_params["head"]  # and this is a step back: nothing on the page was touched
    app.run()
    assert "L0H2" in heading(app)


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
        beside = [caption.value for caption in app.main.caption if "One text has no interval" in caption.value]
        assert "norm" in beside[0] and "0.5 %" not in beside[0]


def test_contributions_that_cannot_be_measured_are_told(monkeypatch):
    monkeypatch.setattr("dashboard.capture.layer_trace._Watch._output", lambda self, product: None)
    app = opened(layer="2", head="0", measure_of="contribution", text="No projection can be told apart here.")
    assert not app.exception
    assert "cannot be told apart" in said(app) and "norm" not in heading(app)


def test_a_quick_hand_keeps_its_head_on_the_way_to_another_page():
    """The links at the left are sent after the picture: who presses one before that follows an old address."""
    app = opened(layer="2", head="5")
    links = dict(app.session_state["links_lead_to"])
    assert links == {"layer": "2", "head": "5"}
    app.number_input(key="choose_head").set_value(8).run()
    assert app.session_state["links_lead_to"] == {"layer": "2", "head": "8"}
    app.query_params.update(links)  # the browser had the links from before
    app.switch_page("../pages/models.py").run()
    assert not app.exception
    assert app.query_params["head"] in ("8", ["8"])
    app.query_params.update({"layer": "1", "head": "3"})  # a link that is none of ours counts
    app.switch_page("../pages/explore.py").run()
    assert app.session_state["choices"].chosen == HeadId(1, 3)


def test_a_bound_that_is_no_number_is_told_and_models_can_still_be_opened(monkeypatch, tmp_path):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    (tmp_path / "made" / "gguf-a").mkdir(parents=True)
    (tmp_path / "made" / "gguf-a" / "model.safetensors").write_bytes(bytes(10**7))
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "twenty *or* so")
    app = opened("models")
    assert not app.exception and app.main.text_input
    assert [error.value.replace("\\", "").replace("\u2060", "") for error in app.error] == [
        "TWO_HEADS_CONVERTED_GB is “twenty *or* so”. Give it a number of gigabytes."
    ]
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "20")
    app.run()
    assert not app.error and "adapters are kept: 0.0 GB" in said(app) and "Above 20.0 GB" in said(app)
