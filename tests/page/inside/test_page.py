"""“Inside a head” run from the entry, without a browser."""

import re
from functools import partial
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.ui.pages.inside import code_of
from tests.helpers import pages
from tests.helpers.sentences import numbers, wording

opened = partial(pages.opened, "inside")
said = pages.read


def codes(app: AppTest) -> list[str]:
    return [element.proto.body for element in app.main.get("html") if "<pre" in element.proto.body]


def code(app: AppTest) -> str:
    """The function of the chosen step, over the maps."""
    return codes(app)[0]


def test_the_page_says_its_finding_and_its_proof(snapshot):
    app = opened(head="2")
    assert not app.exception and app.title[0].value == "Inside a head"
    [finding] = [line for line in said(app).splitlines() if line.startswith("##### L0H2")]
    assert re.findall("“(.*?)”", finding)[:2] == ["says", "osaka"] and wording(finding) == snapshot
    [proof] = [line for line in said(app).splitlines() if "differ" in line]
    differs = [number for number in numbers(proof.partition("differ")[2]) if number < 1]  # none where nothing differs
    assert all(number < 1e-4 for number in differs), proof
    every = codes(app)[-1]
    assert app.expander and "<mark" in every
    assert all(f"def {name}(" in every for name in ("project", "attend", "multi_head"))


def test_a_link_opens_the_same_row_key_and_step(snapshot):
    app = opened(layer="3", head="4", query="8", key="2", step="scores")
    assert not app.exception
    assert app.selectbox(key="choose_query").value == 8
    assert app.selectbox(key="choose_key").value == 2
    assert app.segmented_control(key="choose_step").value == "scores"
    [told] = [line for line in said(app).splitlines() if line.startswith("“ram” · “chef”")]
    assert "L3H4: “ram”" in said(app) and numbers(told)[0] == 32 and wording(told) == snapshot
    assert "<mark" in code(app) and "scores = q @ k.mT" in code(app).split("<mark")[1]


@pytest.mark.parametrize("step", ["x", "q", "k", "v", "scaled", "masked", "weights", "mixed", "joined", "output"])
def test_every_step_has_its_line(step):
    app = opened(step=step)
    assert not app.exception
    line = code(app).split("<mark")[1].split("</mark>")[0]
    wanted = {"x": "def project(x"}.get(step, f"{step} =")
    assert wanted in line
    assert code(app).count("def ") == 1  # the function of this step alone, as high as the longest one
    assert "min-height:13.5em" in code(app)


def test_where_the_projections_cannot_be_told_apart_the_code_is_attend_for_every_step():
    this = SimpleNamespace(run=SimpleNamespace(layer=None))
    assert {code_of(this, step).code for step in ("q", "weights", "joined", "output")} == {code_of(this).code}
    assert code_of(this).code.startswith("def attend(")


def test_a_choice_goes_into_the_address():
    app = opened(view="arcs")
    app.selectbox(key="choose_query").set_value(13).run()
    app.selectbox(key="choose_key").set_value(0).run()
    app.segmented_control(key="choose_step").set_value("mixed").run()
    assert not app.exception
    assert dict(app.query_params) == {"view": "arcs", "query": "13", "key": "0", "step": "mixed"}


def test_a_token_that_a_shorter_text_lacks_is_moved_without_a_word():
    app = opened(query="900", key="900", text="Birds sing.")
    assert not app.exception and not app.warning
    assert app.selectbox(key="choose_query").value == 4  # [CLS] birds sing . [SEP]
    assert app.selectbox(key="choose_key").value == -1


def test_wrong_values_are_told():
    app = opened(query="-3", step="magic")
    assert not app.exception
    warnings = " ".join(element.value for element in app.warning)
    assert "query" in warnings and "magic" in warnings


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "emoji 🍜👩‍👩‍👧‍👦",
        "مرحبا بالعالم",
        "nul \x00 \x1b[31m \ufffe",
        "<script>x</script> **b** $x$",
        "我喜欢拉面",
    ],
)
def test_any_text(text):
    app = opened(text=text)
    assert not app.exception and not app.error


def test_the_causal_model(smollm2, snapshot):
    app = opened(model="smollm2", layer="20", head="3", query="9", key="12", step="masked")
    assert not app.exception and not app.error
    [told] = [line for line in said(app).splitlines() if "may look at" in line]
    assert numbers(told)[:2] == [10, 16] and wording(told) == snapshot
    assert "turned by position" not in said(app)  # that stands in the picture


def test_no_text_is_told():
    app = opened(text=" ")
    assert not app.exception
    assert [one.partition(":")[0] for one in pages.notices(app)] == ["info"] and not codes(app)


def test_a_token_that_the_browser_still_offers_from_another_text_changes_nothing(monkeypatch):
    """A quick hand chooses from the list of the text before: what comes is a label that no option has any more."""
    app = opened(query="3")
    kind, usual = type(app.selectbox(key="choose_query")), type(app.selectbox(key="choose_query"))._widget_state

    def state(box):
        given = usual.fget(box)
        if box.key == "choose_query":
            given.string_value = "4 trainees"
        return given

    monkeypatch.setattr(kind, "_widget_state", property(state))
    app.run()
    assert not app.exception
    assert app.session_state["choices"].query == 3
