"""Pages run from the entry, without a browser: what is asked in the address is what stands on the page."""

import pytest

from dashboard.analyses.profile.names import clearest
from dashboard.heads.head_id import HeadId
from dashboard.ui.page_list import BY_NAME
from tests.helpers.pages import component, heading, lines, notices, opened, said, step_back
from tests.helpers.sentences import heads_in, numbers, plain, wording
from tests.helpers.shipped import profile

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


@pytest.mark.parametrize("page", ["explore", "compare", "models"])
def test_every_page_opens(page):
    app = opened(page)
    assert not app.exception
    assert app.title[0].value == BY_NAME[page].title


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_drawn_and_said_letter_for_letter(text):
    for view in ("heatmap", "reading"):
        app = opened(text=text, view=view)
        assert not app.exception, text
        assert app.text_area(key="draft").value == text


@pytest.mark.parametrize(
    ("text", "kind"), [("", "info"), (" \n\t ", "info"), ("\u200b", "error")], ids=["empty", "blank", "invisible"]
)
def test_a_text_with_nothing_in_it_is_told_and_the_page_lives(text, kind, snapshot):
    app = opened(text=text)
    [told] = notices(app)
    assert not app.exception and told.startswith(f"{kind}: ") and told == snapshot
    app.text_area(key="draft").set_value("Birds sing.")
    next(button for button in app.button if button.label == "Read this text").click().run()
    assert not app.exception and not app.error
    assert heads_in(heading(app))


def test_a_long_text_is_cut_aloud_and_kept_out_of_the_link(snapshot):
    app = opened()
    app.text_area(key="draft").set_value(LONG)
    next(button for button in app.button if button.label == "Read this text").click().run()
    assert not app.exception
    [told] = [line for line in lines(app) if "left out" in line]
    assert numbers(told)[0] > 0 and wording(told) == snapshot(name="cut")
    assert "text" not in app.query_params and "text_id" in app.query_params
    elsewhere = opened(text_id=app.query_params["text_id"])
    assert [plain(element.value) for element in elsewhere.warning] == snapshot(name="kept out")


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("nothing-like-it", "error"),
        *((path, "info") for path in ("/no/such/folder", "../..", "owner/name", "a/b/c")),
        (" ", None),
    ],
)
def test_a_model_that_cannot_be_opened_is_told_and_the_page_lives(model, kind, snapshot):
    app = opened(model=model)
    told = notices(app)
    assert not app.exception and [one.partition(":")[0] for one in told] == ([kind] if kind else [])
    if kind:
        assert model in told[0] and told == snapshot
    if kind:
        app.selectbox(key="choose_model").set_value("minilm").run()
    assert not app.exception and not app.error
    assert heads_in(heading(app))


def test_two_people_see_only_their_own_text():
    first, second = opened(text="Birds sing at dawn."), opened()
    assert first.text_area(key="draft").value == "Birds sing at dawn."
    assert "Birds" not in said(second) + second.text_area(key="draft").value


def test_back_finds_a_long_text_again():
    app = opened()
    app.text_area(key="draft").set_value(LONG)
    read = next(button for button in app.button if button.label == "Read this text")
    read.click().run()
    link = dict(app.query_params)
    app.text_area(key="draft").set_value("Birds sing.")
    next(button for button in app.button if button.label == "Read this text").click().run()
    step_back(app, **link)
    assert not app.exception and not app.warning
    assert next(area for area in app.text_area if area.label == "Text").value == LONG


ENDS_EARLY = [("explore", {"text": " "}), ("explore", {"model": "no-such"}), ("compare", {})]


@pytest.mark.parametrize(("page", "address"), ENDS_EARLY)
def test_a_page_that_ends_early_keeps_its_sidebar_on_the_next_run(page, address):
    app = opened(page, **address)
    for _ in range(2):
        assert not app.exception
        assert "Text" in [area.label for area in app.text_area]
        app.run()


def test_an_address_that_lags_behind_a_quick_hand_takes_nothing_back():
    app = opened(view="arcs")
    app.number_input(key="choose_head").set_value(7).run()
    assert "7" in app.query_params["head"]
    del app.query_params["head"]  # the browser still sends what stood there before
    app.number_input(key="choose_head").set_value(5).run()
    assert "L0H5" in heading(app)
    assert "5" in app.query_params["head"]
    del app.query_params["head"]
    app.run()  # as a button does that asks for no choice
    assert "L0H5" in heading(app)
    step_back(app, view="arcs")
    assert "L0H2" in heading(app)


def test_only_a_bare_address_opens_on_the_clearest_head():
    best = clearest(profile())
    app = opened()
    assert heads_in(heading(app)) == [str(best)] and not app.query_params
    app.segmented_control(key="choose_view").set_value("arcs").run()
    assert dict(app.query_params) == {"view": "arcs", "layer": str(best.layer), "head": str(best.head)}
    assert heads_in(heading(opened(view="lines"))) == ["L0H2"]  # as in links of versions before


def test_the_first_head_is_kept_where_a_person_chose_it():
    app = opened()
    app.number_input(key="choose_layer").set_value(0).run()
    app.number_input(key="choose_head").set_value(2).run()
    assert heads_in(heading(app)) == ["L0H2"] and dict(app.query_params) == {"head": "2"}
    assert app.session_state["links_lead_to"] == {"head": "2"}
    app.switch_page("../pages/inside.py").run()
    assert app.session_state["choices"].chosen == HeadId(0, 2)


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
    followed = component(app, "address")  # the browser puts this address in the place of the link's
    assert followed["address"] == {"layer": "2", "head": "8"} and followed["instead"] == links
    app.query_params.update({"layer": "1", "head": "3"})  # a link that is none of ours counts
    app.switch_page("../pages/explore.py").run()
    assert app.session_state["choices"].chosen == HeadId(1, 3)


def test_a_quicker_hand_follows_a_link_that_is_several_choices_old():
    app = opened(layer="2", head="5")
    links = dict(app.session_state["links_lead_to"])
    for head in (8, 3, 7):
        app.number_input(key="choose_head").set_value(head).run()
    app.query_params.update(links)
    app.switch_page("../pages/models.py").run()
    assert app.session_state["choices"].chosen == HeadId(2, 7)


def test_a_bound_that_is_no_number_is_told_and_models_can_still_be_opened(monkeypatch, tmp_path, snapshot):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    (tmp_path / "made" / "gguf-a").mkdir(parents=True)
    (tmp_path / "made" / "gguf-a" / "model.safetensors").write_bytes(bytes(10**7))
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "twenty *or* so")
    app = opened("models")
    assert not app.exception and app.main.text_input
    [told] = notices(app)
    assert "TWO_HEADS_CONVERTED_GB" in told and "“twenty *or* so”" in told and told == snapshot
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "20")
    app.run()
    [kept] = lines(app, "0.0 GB")
    assert not app.error and numbers(kept)[:1] == [0.0] and lines(app, "20.0 GB")


def test_an_example_is_read_however_often_it_was_taken_before():
    app = opened("explore")
    for typed in ("Birds sing.", "Dogs bark."):
        app.button(key="example_A garden path").click().run()
        assert not app.exception and app.session_state["choices"].text.startswith("The horse raced")
        next(one for one in app.text_area if one.label == "Text").set_value(typed).run()
        assert app.session_state["choices"].text == typed


def test_a_model_in_a_folder_has_the_name_of_the_folder_at_the_top():
    tops = {
        model: [block.proto.popover.label for block in opened(model=model).get("popover")]
        for model in ("/home/me/models/my-bert", "owner/name", "minilm")
    }
    assert [plain(tops[model][1]) for model in tops] == ["my-bert", "owner/name", "MiniLM"]
