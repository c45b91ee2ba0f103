"""“What decided?” run from the entry, without a browser."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest

from dashboard.analyses.attribution.first_text import ANSWER, RIVAL, TEXT, first_text
from dashboard.analyses.attribution.measure import Enough
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, heads_of
from dashboard.ui.pages import attribution as page
from tests.helpers import pages, tiny
from tests.helpers.sentences import heads_in, plain, wording

opened = partial(pages.opened, "attribution")
said = pages.read


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny models that predict, by head: "causal" or "classes"."""
    made = {}
    for head in ("causal", "classes"):
        made[head] = tmp_path_factory.mktemp("tiny") / head
        made[head].mkdir()
        more = {"num_labels": 2, "id2label": {0: "bad", 1: "good"}} if head == "classes" else {}
        tiny.make("llama", made[head], head=head, **more)
    return made


def in_folder(folder, **address):
    """The page with a model in a folder, which a person opens."""
    app = opened(model=str(folder), text=tiny.SENTENCES[0], **address)
    app.button(key="open_model").click().run()
    assert not app.exception and not app.error
    return app


def test_a_model_that_predicts_nothing_shows_a_result_of_one_that_does(snapshot):
    app = opened()
    assert not app.exception and not app.error
    [told] = app.info
    assert "MiniLM" in told.value and len(app.get("vega_lite_chart")) == 3
    first, heads = pages.headings(app)
    assert heads_in(heads) == [str(heads_of(first_text().heads)[0])]
    assert [wording(first), wording(heads), wording(told.value)] == snapshot
    [button] = [one for one in app.button if "SmolLM2" in one.label]
    assert "predicts words" in button.label


def test_the_button_leads_to_a_model_that_predicts(monkeypatch):
    monkeypatch.setattr(page, "attribute", lambda *_, **__: pytest.fail("measured, though it ships"))
    app = opened()
    next(one for one in app.button if "SmolLM2" in one.label).click().run()
    assert not app.exception and not app.info
    assert {name: app.query_params[name] for name in ("model", "text", "answer", "instead")} == {
        "model": "smollm2",
        "text": TEXT,
        "answer": ANSWER,
        "instead": RIVAL,
    }
    best = heads_of(first_text().heads)[0]
    assert HeadId(app.number_input[0].value, app.number_input[1].value) == best
    assert len(app.get("vega_lite_chart")) == 4
    assert "an error of" in said(app) and "which are left out of ρ" in said(app)
    other = app.segmented_control(key="choose_attributed")
    other.select("gradient").run()
    assert app.query_params["attributed"] == "gradient"
    assert heads_in(pages.headings(app)[1]) == [str(heads_of(first_text().ranked("gradient"))[0])]


def test_the_button_keeps_a_text_of_ones_own():
    app = opened(text="Nobody came.")
    next(one for one in app.button if "SmolLM2" in one.label).click().run()
    assert {name: app.query_params.get(name) for name in ("model", "text", "answer")} == {
        "model": "smollm2",
        "text": "Nobody came.",
        "answer": None,
    }


def test_a_click_takes_the_points_so_far(monkeypatch):
    given = {}

    def measuring(*_, progress, **__):
        progress(0.1, "8 points")
        given["slot"].stop()
        with pytest.raises(Enough):
            progress(0.2, "16 points")
        return "what there was"

    monkeypatch.setattr(page, "attribute", measuring)
    encoding = SimpleNamespace(left_out=0)
    given["slot"] = page._slot.__wrapped__("key", "text", True, "", "", SimpleNamespace(title="A model"), encoding)
    given["slot"].begin()
    given["slot"].thread.join(20)
    assert given["slot"].found == "what there was" and not given["slot"].wrong
    given["slot"].again()
    assert given["slot"].found is None and not given["slot"].enough  # it begins anew, and is not stopped yet


def test_what_was_stopped_can_be_measured_to_the_end(folders, monkeypatch):
    real, slots = page._slot, []
    monkeypatch.setattr(page, "_slot", lambda *asked: slots.append(real(*asked)) or slots[-1])
    app = in_folder(folders["causal"], answer="chef", instead="ramen")
    assert not [one for one in app.button if one.label == "Measure to the end"]
    slots[-1].stop()
    [button] = [one for one in app.run().button if one.label == "Measure to the end"]
    before = slots[-1].found
    button.click().run()
    assert not app.exception and slots[-1].found is not before and slots[-1].found.points == before.points
    assert not [one for one in app.button if one.label == "Measure to the end"]


def test_what_is_begun_again_after_a_failure_is_not_stopped_yet(monkeypatch):
    slots, stopped = [], []

    def failing(*_, **__):
        stopped.append(slots[0].enough)
        slots[0].stop()
        raise UserError("No gradient reaches the tokens.")

    monkeypatch.setattr(page, "attribute", failing)
    encoding = SimpleNamespace(left_out=0)
    slots.append(page._slot.__wrapped__("key", "text", True, "", "", SimpleNamespace(title="A model"), encoding))
    for _ in range(2):
        slots[0].begin()
        slots[0].thread.join(20)
    assert stopped == [False, False]


def test_a_head_by_number_keeps_the_attribution(folders, monkeypatch):
    app = in_folder(folders["causal"], answer="chef", instead="ramen", layer="1", head="2")
    assert "L1H2" in said(app) and "“·chef” over “·ram”" in plain(pages.heading(app))
    monkeypatch.setattr(page, "attribute", lambda *_, **__: pytest.fail("measured again"))
    app.number_input[1].set_value(3).run()
    assert not app.exception and not app.error and "L1H3" in said(app)


def test_a_classifier_has_its_classes_to_choose_from(folders):
    app = in_folder(folders["classes"], answer="are")
    answer = app.selectbox(key="choose_answer")
    assert answer.options[1:] == ["bad", "good"] and answer.value == ""
    answer.select("good").run()
    assert not app.exception and app.query_params["answer"] == "good" and "“good”" in plain(pages.heading(app))
    app.selectbox(key="choose_instead").select("good").run()
    assert not app.exception and "same class" in app.error[0].value


@pytest.mark.parametrize(
    ("address", "named"), [({"text": "chef"}, "1 word"), ({"text": "chef " * 200}, "128"), ({"answer": " "}, "logits")]
)
def test_what_a_text_cannot_show_is_told(address, named, folders):
    app = opened(**{"model": str(folders["causal"]), "text": tiny.SENTENCES[1]} | address)
    app.button(key="open_model").click().run()
    assert not app.exception and named in plain(said(app))
