"""Several heads as one on “All heads”: what is chosen is drawn, said and in the address."""

from __future__ import annotations

import pytest

from dashboard import attention_together
from dashboard.analyses.explore.text import finding, lost
from dashboard.heads.head_id import HeadId
from dashboard.ui import heads_together, session
from dashboard.ui.url_state import FIRST_TEXT
from tests.helpers.pages import heading, notices, opened, read
from tests.helpers.sentences import plain

CASES = {
    "layer": ("layer:2", {"layer": "2", "how": "max"}),
    "all": ("all", {"measure_of": "contribution", "view": "arcs"}),
    "pinned": ("L2H0,L3H1", {"tray": "L2H0,L3H1", "how": "sum", "view": "lines"}),
}


@pytest.mark.parametrize("together", CASES)
def test_several_heads_are_drawn_and_what_is_lost_is_said(minilm, together):
    heads, address = CASES[together]
    app = opened(together=together, **address)
    assert not app.exception and not app.error and not notices(app)
    view = attention_together(minilm, FIRST_TEXT, heads, address.get("how", "mean"), unit="words")
    assert plain(finding(view)) in plain(read(app)) and plain(lost(view)) in plain(read(app))
    assert not [one for one in app.get("button_group") if one.label == "Measure"]


def test_the_choice_goes_into_the_address_and_back(minilm):
    app = opened(layer="2", head="1")
    assert "L2H1" in heading(app) and not [one for one in app.get("button_group") if one.label == "Taken together"]
    app.selectbox(key="choose_together").set_value("layer").run()
    assert dict(app.query_params) == {"layer": "2", "head": "1", "together": "layer"}
    app.selectbox(key="choose_together").set_value("head").run()
    assert dict(app.query_params) == {"layer": "2", "head": "1"} and "L2H1" in heading(app)


@pytest.mark.parametrize("tray", ["", "L2H0"])
def test_too_few_pins_are_told_and_the_head_is_shown(tray, snapshot):
    app = opened(together="pinned", layer="2", head="1", **({"tray": tray} if tray else {}))
    assert "L2H1" in heading(app)
    assert [line for line in read(app).splitlines() if "Pin two" in line] == snapshot


def test_the_best_of_a_list_are_one_head_where_no_list_is():
    app = opened(together="best", layer="2", head="1")
    assert not app.exception and not app.error and "L2H1" in heading(app)
    assert app.selectbox(key="choose_together").value == "head"


def test_a_click_on_a_head_shows_it(monkeypatch):
    app = opened(together="all")
    here = app.session_state
    monkeypatch.setattr(session.st, "session_state", here)
    here["atlas"] = {"selection": {"head": [{"layer": 3, "head": 1, "epoch": 0}]}}
    heads_together.click("atlas")
    assert here["choices"].together == "head" and here["choices"].chosen == HeadId(3, 1)
