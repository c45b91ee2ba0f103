"""“Carry a head over” run from the entry, without a browser."""

import re
from functools import partial

import numpy as np
import pytest

from dashboard.analyses.patching import set_job
from dashboard.analyses.patching.first_pair import first_pair
from dashboard.analyses.patching.over_set import LeftOutPair, SetResult
from dashboard.analyses.patching.sets import set_named
from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.ui import readings
from dashboard.ui.url_state import DEFAULTS
from tests.helpers import pages
from tests.helpers.measurements import jobs_begun, nothing_measured
from tests.helpers.sentences import heads_in, plain, wording

opened = partial(pages.opened, "patching")
said = pages.read


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Nothing is measured yet."""
    nothing_measured(monkeypatch, set_job.MEASUREMENT, tmp_path)
    return tmp_path


def best():
    table = first_pair().table
    return table.iloc[int(table["recovered"].argmax())]


def test_a_model_that_predicts_nothing_shows_a_pair_of_one_that_does(snapshot):
    app = opened()
    assert not app.exception and not app.error
    [told] = app.info
    assert "MiniLM" in told.value
    [first, *_] = pages.headings(app)
    assert heads_in(first) == [f"L{best().layer:.0f}H{best()['head']:.0f}"] and wording(first) == snapshot
    assert plain(percent(best().recovered)) in plain(first)
    assert len(app.get("vega_lite_chart")) == 1
    next(one for one in app.button if "SmolLM2" in one.label).click().run()
    assert not app.exception and app.query_params["model"] == "smollm2"
    assert len(app.get("vega_lite_chart")) == 2 and not app.info


def test_the_first_pair_opens_on_the_best_head_with_its_total_and_direct_effect():
    app = opened(model="smollm2")
    assert not app.exception and not app.error
    values = {one.label: one.value for one in app.metric}
    assert values == {"Total": percent(best().recovered), "Direct": percent(best().direct)}
    assert "carries most at “·cabinet”" in said(app)
    [measure] = [one for one in app.button if one.label == "Measure all pairs"]
    assert not measure.disabled


def test_a_pair_of_ones_own_and_a_pinned_head():
    app = opened(
        model="smollm2",
        patch_a="Mary said that",
        patch_b="John said that",
        answers="she, he",
        layer="20",
        head="0",
        tray="L25H1,L11H7,L20H2",
    )
    assert not app.exception and not app.error
    findings = [plain(one) for one in pages.headings(app)]
    assert any("Through L25H1 alone, L20H0" in one for one in findings)
    assert any("Through L20H0 alone, L11H7" in one for one in findings)
    assert not any("L20H2" in one for one in findings)  # a head of the same layer
    assert "What goes between L20H0 and a pinned head?" in [one.value for one in app.main.subheader]


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ({"patch_b": "The key to the old cabinet"}, ["6 tokens", "7"]),
        ({"answers": "are"}, ["1", "are"]),
        ({"answers": "are, are"}, ["“are”"]),
        ({"patch_a": "none"}, ["Type"]),
    ],
)
def test_what_cannot_be_compared_is_told(address, named):
    app = opened(model="smollm2", **address)
    assert not app.exception
    [error] = app.error
    assert all(one in error.value.replace("\\", "") for one in named)
    assert [one.label for one in app.text_input][:3] == ["First text", "Second text", "Their next words"]


def test_a_ready_pair_fills_the_texts_and_their_next_words():
    app = opened(model="smollm2", layer="0", head="0")
    app.selectbox(key="ready_pair").select(("indirect_object", 0)).run()
    pair = set_named("indirect_object").pairs[0]
    assert not app.exception and not app.error
    assert heads_in(pages.heading(app)) == [f"L{app.number_input[0].value}H{app.number_input[1].value}"] != ["L0H0"]
    assert [one.value for one in app.text_input][:3] == [pair.a, pair.b, f"{pair.answer}, {pair.rival}"]
    assert app.query_params["patch_a"] == pair.a and app.query_params["pair_set"] == "indirect_object"


def test_all_heads_are_measured_at_each_token_after_a_click():
    app = opened(model="smollm2", patch_a="Mary said", patch_b="John said", answers="she, he", layer="20", head="0")
    before = len(app.get("vega_lite_chart"))
    app.button(key="every_token").click().run()
    assert not app.exception and not app.error
    assert len(app.get("vega_lite_chart")) == before + 1
    assert any(re.search("at “.+”, SmolLM2.* of 270 heads at 2 tokens", plain(one)) for one in pages.headings(app))
    app.text_input[1].set_value("Johnny said").run()  # another pair has not been measured, nor can it be
    app.text_input[1].set_value("John said").run()
    assert len(app.get("vega_lite_chart")) == before + 1, "what was measured stays"


def test_who_looks_elsewhere_meanwhile_loses_nothing(monkeypatch):
    app = opened(model="smollm2", patch_a="Anna said", patch_b="Ben said", answers="she, he", layer="20", head="0")

    def left(slot):
        slot.thread.join(60)
        raise UserError("Somebody clicked elsewhere.")

    with monkeypatch.context() as away:
        away.setattr(readings.Slot, "result", left)
        app.button(key="every_token").click().run()
    before = len(app.get("vega_lite_chart"))
    app.number_input[1].set_value(1).run()
    assert not app.exception and not app.error
    assert len(app.get("vega_lite_chart")) == before + 1
    assert app.main.subheader[0].value == "Which head at which token?"


def test_texts_without_a_difference_have_no_figures():
    app = opened(model="smollm2", patch_b=DEFAULTS.patch_a)
    assert not app.exception and not app.error
    assert "every_token" not in [one.key for one in app.button], "there is nothing to measure"
    assert "nothing can be recovered" in said(app)
    assert {one.value for one in app.metric} == {"–"}


def test_a_set_is_measured_in_the_background(monkeypatch):
    begun = jobs_begun(monkeypatch)
    app = opened(model="smollm2", pair_set="negation")
    next(one for one in app.button if one.label == "Measure all pairs").click().run()
    assert not app.exception
    [(model, how)] = begun
    assert model == "smollm2" and how["set"] == "negation" and how["work"] == set_job.__name__


def test_a_measured_set_is_shown_with_intervals_and_control():
    from dashboard import open_model

    model = open_model("smollm2")
    request = set_job.Request.of(model, "negation")
    heads, random = model.all_heads, np.random.default_rng(0)
    recovered = random.normal(0, 0.01, (30, len(heads)))
    recovered[:, 100] += 0.4
    control = recovered - 0.01
    control[20:] = np.nan
    left = tuple(LeftOutPair(place, "wrong") for place in range(30, 48))
    m = np.tile([2.0, -2.0], (30, 1))
    found = SetResult("negation", 48, heads, tuple(range(30)), m, recovered, control, left)
    set_job.MEASUREMENT.keep(found, request)
    app = opened(model="smollm2", pair_set="negation")
    assert not app.exception and not app.error
    told = next(plain(one) for one in pages.headings(app) if "Negation" in plain(one))
    assert heads_in(told)[0] == str(heads[100]) and plain(percent(recovered[:, 100].mean())) in told
    assert plain(percent(0.01)) in told and "30 pairs" in told
    assert "18 of 48 pairs are left out" in said(app)
    assert len(app.get("vega_lite_chart")) == 4
