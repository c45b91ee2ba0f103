"""“All heads” reads longer texts than other pages, once, and says what it does not do for them."""

from functools import partial

import numpy as np
import pytest

from dashboard.analyses.explore.api import attention
from dashboard.analyses.explore.long_text import read_long
from dashboard.capture import open_model
from dashboard.ui import caches, readings
from tests.helpers.pages import heading, opened, said

TEXT = " ".join(f"The cook of house {k} says that this dish is her favourite food." for k in range(50))
READ = {"model": "smollm2", "unit": "tokens", "layer": "3", "head": "4"}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """A short text counts as long: reading it takes a second."""
    monkeypatch.setattr(caches, "TOKENS_AT_MOST", 600)
    monkeypatch.setattr(caches, "LONGEST", 720)


def test_it_reads_more_than_other_pages_and_the_map_has_every_token(monkeypatch):
    sent = {}
    monkeypatch.setattr(
        "dashboard.ui.components.head_map.show", lambda *given, **named: sent.update(named, whole=given[3])
    )
    app = opened("explore", text=TEXT, **READ)
    assert not app.exception and "720 tokens (at most 720)" in said(app) and "left out" in said(app)
    assert "L3H4" in heading(app)
    assert len(sent["sides"][0]) == 720 and not sent["answers"]
    weights = attention(open_model("smollm2"), TEXT, "L3H4", limit=720).weights
    level = sent["whole"].level
    side = 2**level
    np.testing.assert_allclose(
        sent["whole"].squares[100, 50], weights[100 * side :, 50 * side :][:side, :side].max(), atol=2e-6
    )
    other = opened("compare", text=TEXT, **READ)
    assert "at most 600" in said(other)


def test_another_head_needs_no_other_reading(monkeypatch):
    app = opened("explore", text=TEXT, **READ)

    def again(*given, **named):
        raise AssertionError("read a second time")

    monkeypatch.setattr(readings, "read_long", again)
    app.number_input(key="choose_head").set_value(7).run()
    assert not app.exception and "L3H7" in heading(app)


def test_contributions_are_of_shorter_texts(monkeypatch):
    app = opened("explore", text=TEXT, measure_of="contribution", **READ)
    assert not app.exception and "Contributions are measured for texts of up to 600 tokens" in said(app)


@pytest.mark.parametrize("view", ["lines", "arcs", "reading"])
def test_other_views_draw_a_part_of_it(view):
    app = opened("explore", text=TEXT, view=view, start="200", **READ)
    assert not app.exception
    charts = app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")
    assert any("201 to" in chart.proto.spec for chart in charts)


def test_a_reading_that_nobody_waits_for_ends(monkeypatch):
    monkeypatch.setattr(readings, "LEFT", -1.0)
    model = open_model("smollm2")
    slot = readings.Slot(partial(read_long, model, model.encode(TEXT, limit=600)), "Reading this text", "Reading")
    slot.begin()
    slot.thread.join(60)
    assert slot.found is None and slot.wrong is None and not slot.runs
