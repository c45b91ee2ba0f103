"""“Ablation” run from the entry, without a browser."""

import dataclasses
import re
import time
from functools import partial

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import ablate, ablate_at_word
from dashboard.analyses.ablation.results import MEASUREMENT, Request
from dashboard.heads.format import figure, percent
from dashboard.jobs.job import Job, Progress
from dashboard.ui.pages import ablation_tables as effect_tables
from dashboard.ui.url_state import FIRST_TEXT, MOST_CHANGED, Choices
from tests.helpers import pages
from tests.helpers.measurements import nothing_measured
from tests.helpers.sentences import heads_in, numbers, plain, wording
from tests.helpers.shipped import effects, place_of, profile

opened = partial(pages.opened, "ablation")
said = pages.read
L2H9_STANDS = f"L2H9 ranks {place_of('L2H9')} of {len(effects())} heads by effect"


def button(app: AppTest, label: str):
    return next(one for one in app.button if one.label == label)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Nothing is measured yet."""
    nothing_measured(monkeypatch, MEASUREMENT, tmp_path)
    return tmp_path


def test_the_first_page_answers_all_three_questions(minilm, snapshot):
    app = opened(layer="2", head="9")
    assert not app.exception and not app.error
    text = said(app)
    shift = ablate(minilm, FIRST_TEXT, ["L2H9"]).table["shift"].item()
    [first, *_] = pages.headings(app)
    assert heads_in(first) == ["L2H9"] and figure(shift) in plain(first) and wording(first) == snapshot
    assert L2H9_STANDS in text and effects()["tokens"].nunique() == 1
    assert "{sentences} sentences, {tokens} tokens".format_map(effects().iloc[0].astype(int)) in text
    both = profile().heads.merge(effects(), on=["layer", "head"])
    rho = both[["bits_total", "shift"]].corr("spearman").iloc[0, 1]
    told = next(line for line in text.splitlines() if "Spearman" in line and "goes from" not in line)
    assert numbers(told.partition("Spearman’s ρ")[2])[0] == pytest.approx(rho, abs=0.006)
    assert not app.dataframe  # no predictions that change
    assert app.main.subheader[0].value == "Where does L2H9 rank?"
    assert len(app.get("vega_lite_chart")) == 4


def test_a_language_model_has_the_predictions_that_change(snapshot):
    heads = effects("smollm2")
    layer, head = map(int, heads.loc[0, ["layer", "head"]])
    best = f"L{layer}H{head}"
    app = opened(model="smollm2", layer=str(layer), head=str(head))
    assert not app.exception and not app.error
    assert heads_in(pages.heading(app)) == [best] and wording(pages.heading(app)).replace(best, "…") == snapshot
    assert f"{best} ranks 1 of {len(heads)} heads by effect" in said(app)
    [table] = [frame.value for frame in app.dataframe]
    assert isinstance(table, pd.DataFrame) and len(table) and (table["old"] != table["new"]).all()
    assert len(table) in numbers(pages.lines(app, "predictions")[0])
    app.number_input(key="choose_layer").set_value(20).run()
    assert not app.exception and heads_in(pages.heading(app)) == ["L20H5"]


def test_the_heads_of_the_tray_are_taken_out_together_beside_each_alone(minilm, snapshot):
    app = opened(tray="L5H1,L2H9", layer="2", head="9")
    alone = pages.headings(app)
    assert not app.exception and heads_in(alone[0]) == ["L2H9"]
    [switch] = [one for one in app.main.button_group if one.label == "Ablate"]
    assert len(switch.options) == 2 and numbers(switch.options[1]) == [2]
    switch.set_value("tray").run()
    assert not app.exception and app.query_params["out"] in ("tray", ["tray"])
    heads, (first, second, *_) = ["L2H9", "L5H1"], pages.headings(app)
    together = ablate(minilm, FIRST_TEXT, heads, together=True).table["shift"].item()
    summed = ablate(minilm, FIRST_TEXT, heads).table["shift"].sum()
    assert heads_in(first) == heads and f"{together:.3g}" in plain(first)
    assert numbers(second) == [float(figure(together)), float(figure(summed))]
    assert [wording(first), wording(second)] == snapshot
    assert L2H9_STANDS in said(app) and len(pages.headings(app)) == len(alone) + 1
    assert len(app.get("vega_lite_chart")) == 5
    app.button(key="remove_L5H1").click().run()  # one head is no set
    assert not app.exception and pages.headings(app) == alone


def test_columns_of_a_table_can_be_read_alone():
    for heads in ("the head", "the heads"):
        for columns in (effect_tables.changed(heads), effect_tables.tokens(heads), effect_tables.EFFECTS):
            named = [one if isinstance(one, str) else one["label"] for one in columns.values() if one is not None]
            assert len(set(named)) == len(named) and all(len(name) > 3 for name in named)
            odds = [name for name in named if ": p " in name]
            assert all(name.endswith((f" with {heads}", f" without {heads}")) for name in odds)
            assert len(odds) == (0 if columns is effect_tables.EFFECTS else 4 if "old" in named[2].lower() else 2)


def test_without_a_text_all_that_needs_none_is_drawn(snapshot):
    for text, kind in ((" ", "info"), ("\u200b", "error")):
        app = opened(text=text, against="induction", layer="2", head="9")
        told = pages.notices(app)
        assert not app.exception and told[0].startswith(f"{kind}: ") and told == snapshot(name=kind)
        assert L2H9_STANDS in said(app) and len(app.get("vega_lite_chart")) == 3
        assert not any("this text" in name for name in app.selectbox(key="choose_against").options)


def test_without_a_text_or_a_profile_there_is_nothing_to_lay_beside(monkeypatch, snapshot):
    monkeypatch.setattr("dashboard.analyses.profile.library.profile_library", list)
    app = opened(text=" ")
    [told] = [line for line in said(app).splitlines() if "nothing to compare with" in line]
    assert not app.exception and not app.error and told == snapshot
    assert "choose_against" not in {box.key for box in app.selectbox}


def test_a_score_of_the_text_or_a_figure_of_the_profile_beside_it():
    app = opened(against="induction")
    assert not app.exception and pages.lines(app, "“Induction”", "ρ")
    app.selectbox(key="choose_against").set_value("context").run()
    assert not app.exception and pages.lines(app, "“Context", "ρ") and not pages.lines(app, "“Induction”")
    assert app.query_params["against"] in ("context", ["context"])


def test_without_a_profile_scores_of_the_text_are_left(monkeypatch):
    monkeypatch.setattr("dashboard.analyses.profile.library.profile_library", list)
    app = opened()
    assert not app.exception and pages.lines(app, "“Spread”", "ρ")
    assert len(app.selectbox(key="choose_against").options) == 10


def test_what_is_not_measured_is_offered_with_progress_and_stop(cache, monkeypatch, snapshot):
    """Pressed, it asks for the work in the background; then it is told how far it is."""
    asked = {}

    def start(model, path, out, **how):
        asked.update(how, model=model, out=out)
        out.mkdir(parents=True)
        told = {
            "asked": {
                "model": model,
                "path": str(path),
                "limit": None,
                "by": "mean",
                "bos": True,
                "work": "dashboard.analyses.ablation.results",
            },
            "pid": None,
            "beat": time.time(),
            "fraction": 0.25,
            "sentence": "Ablating 72 heads",
            "state": "going",
        }
        import json

        (out / "job.json").write_text(json.dumps(told))

    monkeypatch.setattr("dashboard.jobs.job.start", start)
    app = opened(by="mean")
    assert not app.exception and not app.error
    assert [one for one in said(app).splitlines() if "measured" in one] == snapshot
    button(app, "Measure all heads").click().run()
    assert not app.exception and (asked["by"], asked["model"]) == ("mean", "minilm")
    assert asked["work"] == "dashboard.analyses.ablation.results" and button(app, "Stop")
    monkeypatch.setattr(Job, "progress", property(lambda job: Progress(0.25, "It was stopped.", "stopped")))
    app.run()
    assert button(app, "Try again") and button(app, "Remove")
    button(app, "Remove").click().run()
    assert not app.exception and button(app, "Measure all heads")


def test_a_broken_file_is_told_and_can_be_made_again(cache, minilm, snapshot):
    _, file = MEASUREMENT.files(Request.of(minilm, "mean"))
    file.parent.mkdir(parents=True)
    file.write_bytes(b"none of ours")
    app = opened(by="mean")
    [told] = [one for one in said(app).splitlines() if "broken" in one]
    assert not app.exception and str(file) in told and re.sub("“.*?”", "“the file”", told) == snapshot
    assert button(app, "Measure all heads")


def test_a_text_of_which_nothing_is_read_is_told(snapshot):
    app = opened(model="smollm2", bos="no", text="A")
    [told] = [line for line in said(app).splitlines() if "SmolLM2 135M has no token" in line]
    assert not app.exception and not app.error and told == snapshot


def test_a_model_whose_heads_cannot_be_taken_out_is_told(minilm, monkeypatch, snapshot):
    opened(text="A text.")  # what its heads are called is known before
    eager = dataclasses.replace(minilm, route="eager")
    monkeypatch.setattr("dashboard.ui.caches._model", lambda key, source: eager)
    for by in ("zero", "mean"):
        app = opened(by=by, text="Another text, so that nothing is kept of it.")
        [told] = app.error
        assert not app.exception and "MiniLM" in told.value and plain(told.value) == snapshot(name=by)
        assert not app.get("vega_lite_chart") and app.selectbox(key="choose_model")


def test_a_role_links_to_what_would_test_it():
    app = AppTest.from_file(pages.ENTRY, default_timeout=120)
    app.query_params |= {"layer": "2", "head": "9"}
    app.run()
    app.switch_page("../pages/profile.py").run()
    [link] = [one.proto for one in app.main.get("page_link") if one.proto.label == "Ablate L2H9"]
    assert link.page.endswith("ablation") and "layer=2" in link.query_string and "head=9" in link.query_string


KEYS = {"model": "smollm2", "layer": "9", "head": "8", "text": "The keys to the cabinet are on the table."}


def test_what_the_model_expects_in_the_place_of_a_word(smollm2, snapshot):
    app = opened(**KEYS, at_word="5", rival="is")
    assert not app.exception and not app.error
    found = ablate_at_word(smollm2, KEYS["text"], "L9H8", 5, rival="is")
    [told] = [line for line in pages.headings(app) if "“are”" in line and "%" in line]
    expected = [percent(value) for row in ("word", "rival") for value in found.row(row)[["p_ablated", "p"]]]
    assert re.findall(r"[\d.]+ %", plain(told)) == [plain(one) for one in expected] and wording(told) == snapshot
    assert any(line.startswith("p(are) − p(is)") for line in said(app).splitlines())


def test_the_word_that_changes_most_until_one_is_chosen(smollm2):
    app = opened(**KEYS)
    tokens = ablate(smollm2, KEYS["text"], ["L9H8"]).tokens
    most = tokens.loc[tokens["loss_change"].abs().idxmax(), "token"].strip("·")
    choose = app.selectbox(key="choose_at_word")
    assert most in choose.options and f"“{most}”" in app.main.subheader[0].value
    choose.set_value(8).run()
    assert not app.exception and "“table”" in app.main.subheader[0].value
    assert app.query_params["at_word"] in ("8", ["8"])
    app.text_input(key="choose_rival").set_value("table").run()
    assert not app.exception and len(app.error) == 1  # it begins with the same token
    app.text_input(key="choose_rival").set_value("floor").run()
    assert not app.error and "“floor”" in said(app)


def test_another_text_begins_without_a_chosen_word():
    chosen = Choices(text="One text.", at_word=1, rival="novel").but(text="Another text.")
    assert (chosen.at_word, chosen.rival) == (MOST_CHANGED, "")
    assert Choices(text="One text.", at_word=1).but(text="One text.", layer=3).at_word == 1


def test_a_model_without_predictions_leads_to_one_that_has_them(minilm):
    app = opened(layer="2", head="9")
    assert len(app.main.subheader) == 2  # no word to choose
    [other] = [one for one in app.main.button if "predicts words" in one.label]
    other.click().run()
    assert not app.exception and app.query_params["model"] in ("smollm2", ["smollm2"])
    assert len(app.main.subheader) == 3 and "predicts no words" not in said(app)


def test_the_page_opens_on_the_head_with_the_largest_effect(minilm):
    table = effects()
    best = table.loc[table["shift"].idxmax()]
    assert f"L{best.layer:.0f}H{best['head']:.0f}" in pages.heading(opened())
