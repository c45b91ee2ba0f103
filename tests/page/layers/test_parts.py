"""“Layer by layer” of a decoder."""

from __future__ import annotations

import pytest

from dashboard import of_part, open_model, residual_stream, rollout
from dashboard.analyses.explore.text import finding
from dashboard.analyses.layers.text import word_finding
from tests.helpers.pages import opened, said
from tests.helpers.sentences import plain
from tests.helpers.two_stacks import SOURCE, TARGET


@pytest.mark.parametrize("part", ["decoder", "cross"])
def test_the_decoder_s_stream_and_its_rollout_into_the_source(bart, monkeypatch, part):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    app = opened(
        "layers", model=str(bart), text=SOURCE, target=TARGET, part=part, measure="cross_attention_share", word="1"
    )
    assert not app.exception and not app.error
    decoder = of_part(open_model(str(bart)), "decoder", SOURCE)
    told = plain(said(app))
    assert plain(word_finding(residual_stream(decoder, TARGET), 1)) in told
    assert plain(finding(rollout(decoder, TARGET))) in told
    assert ("this is the decoder’s stream" in said(app)) == (part == "cross")


def test_an_encoder_has_no_cross_attention_to_draw(bart, monkeypatch):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    app = opened("layers", model=str(bart), text=SOURCE, measure="cross_attention_share")
    assert not app.exception and not app.error and app.session_state["choices"].measure == "moved"
