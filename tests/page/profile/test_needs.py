"""“What does the model need from a head?” on “Syntax vs context”, without a browser."""

from __future__ import annotations

import json
from functools import partial

import pytest

from dashboard.analyses.profile import needs_job as job
from dashboard.analyses.profile.needs_job import MEASUREMENT, Request
from dashboard.capture import open_model
from dashboard.heads.format import percent
from tests.helpers import pages
from tests.helpers.measurements import jobs_begun, nothing_measured
from tests.helpers.sentences import numbers, plain, wording

opened = partial(pages.opened, "profile")
ASKED = {"layer": "0", "head": "2"}


def figures(app):
    """The table of the chosen head, by figure."""
    [found] = [one.value for one in app.dataframe if "figure" in one.value]
    return found.set_index("figure")


@pytest.mark.parametrize("model, layer, head", [("minilm", 0, 2), ("smollm2", 16, 0)])
def test_what_ships_is_shown_with_its_numbers(model, layer, head, snapshot):
    found = MEASUREMENT.find(Request.of(open_model(model)))
    app = opened(model=model, layer=str(layer), head=str(head), replaced="position")
    assert not app.exception and not app.error
    known = found.table.dropna(subset=["kept_all"])
    [said] = [one for one in pages.headings(app) if "Position alone keeps" in one]
    wanted = [percent(known[f"kept_{name}"].median()) for name in ("position", "all", "even")]
    assert all(plain(one) in plain(said) for one in wanted) and numbers(said)[-1] == len(known)
    [rank] = pages.lines(app, "bit count of “position")
    rho = found.table[["bits_position", "kept_position"]].corr("spearman").iloc[0, 1]
    assert numbers(rank)[0] == pytest.approx(rho, abs=0.005)
    row = found.table.query(f"layer == {layer} and head == {head}").iloc[0]
    assert figures(app)["kept"]["Position"] == round(100 * row["kept_position"], 1)
    assert figures(app)["bits"]["+ context"] == round(row["bits_position_context"], 3)
    assert [wording(said)] == snapshot
    specs = [json.loads(one.proto.spec) for one in app.get("vega_lite_chart")]
    assert sum("bit count" in one.get("description", "") for one in specs) == 1
    app.segmented_control(key="choose_replaced").set_value("syntax").run()
    assert not app.exception and "syntax" in app.query_params["replaced"]
    assert pages.lines(app, "bit count of “only syntax”")


@pytest.mark.parametrize("model", ["minilm", "smollm2"])
def test_a_head_of_position_keeps_all_and_an_even_spread_nothing(model):
    """The head of the previous word, found by its bits: what is known of it without any replacement."""
    table = MEASUREMENT.find(Request.of(open_model(model))).table
    best = table.loc[table["bits_position"].idxmax()]
    assert best["kept_position"] > 0.99 and best["kept_even"] < 0.2
    assert (table["sentences"] == job.SENTENCES).all() and (table["fitted"] > job.SENTENCES).all()


def test_a_model_that_was_not_measured_offers_it(tmp_path, monkeypatch):
    nothing_measured(monkeypatch, MEASUREMENT, tmp_path)
    begun = jobs_begun(monkeypatch)
    app = opened(**ASKED)
    assert not app.exception and pages.lines(app, "have not been replaced")
    next(one for one in app.button if one.label == MEASUREMENT.act).click().run()
    [(model, how)] = begun
    assert model == "minilm" and how == {"work": job.__name__, "bos": True, "sentences": job.SENTENCES}
