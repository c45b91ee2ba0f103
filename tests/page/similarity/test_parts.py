"""“Head map” of a decoder and of its cross attention."""

from __future__ import annotations

import pytest

from dashboard import map_heads, open_model
from dashboard.analyses.similarity.text import map_finding
from dashboard.heads.head_id import HeadId
from tests.helpers.measurements import jobs_begun
from tests.helpers.pages import notices, opened, said
from tests.helpers.sentences import plain


@pytest.fixture
def on_parts(bart, monkeypatch):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    return lambda **address: opened("similarity", model=str(bart), layer="1", head="2", **address)


def test_a_map_of_cross_attention(on_parts, bart, monkeypatch):
    found = map_heads(open_model(str(bart)), limit=3, part="cross")
    monkeypatch.setattr("dashboard.ui.job_panel.result_or_offer", lambda *_: found)
    app = on_parts(part="cross")
    assert not app.exception and not app.error
    assert plain(map_finding(found, HeadId(1, 2, "cross"))) in plain(said(app))
    assert "Only the encoder" in said(app)


def test_a_map_of_the_decoder_can_be_made(on_parts, monkeypatch):
    begun = jobs_begun(monkeypatch)
    app = on_parts(part="decoder")
    assert not app.exception and any("heads of this part" in one for one in notices(app))
    next(one for one in app.main.button if one.label == "Make the map").click().run()
    assert not app.exception and [how["part"] for _, how in begun] == ["decoder"]
