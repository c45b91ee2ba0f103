"""“Find heads” of an encoder–decoder: the decoder's pairs, and cross attention as a word aligner."""

from __future__ import annotations

import pytest

from dashboard import attention_together, find_aligners, find_heads, of_part, open_model
from dashboard.analyses.explore.text import finding as finding_together
from dashboard.analyses.explore.text import lost
from dashboard.analyses.find_heads.aligner_text import finding
from dashboard.analyses.find_heads.text import example_finding
from dashboard.heads.head_id import heads_of
from tests.helpers import pages
from tests.helpers.sentences import plain
from tests.helpers.two_stacks import SOURCE, TARGET


@pytest.fixture
def on_page(bart, monkeypatch):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    return lambda **address: pages.opened("find_heads", model=str(bart), text=SOURCE, **address)


def test_cross_attention_is_ranked_as_an_aligner(on_page, bart):
    app = on_page(part="cross", target=TARGET, pairs="She > chef\nlamp > ramen")
    assert not app.exception and not app.error
    found = find_aligners(open_model(str(bart)), SOURCE, "She > chef, lamp > ramen", target=TARGET)
    assert plain(finding(found)) in plain(pages.heading(app))
    assert app.session_state["choices"].chosen == found.best
    assert plain(finding(found, found.best)) in plain(pages.read(app))
    app.number_input(key="choose_layer").set_value(2).run()
    assert not app.exception and app.session_state["choices"].part == "cross"


def test_the_best_aligners_are_drawn_as_one(on_page, bart):
    app = on_page(part="cross", target=TARGET, pairs="She > chef", together="best")
    assert not app.exception and not app.error
    model = open_model(str(bart))
    best = heads_of(find_aligners(model, SOURCE, "She > chef", target=TARGET).table)[:5]
    view = attention_together(model, SOURCE, best, target=TARGET, unit="words", special="hide")
    assert plain(finding_together(view)) in plain(pages.read(app)) and plain(lost(view)) in plain(pages.read(app))


def test_other_pairs_are_said_and_those_of_another_part_forgotten(on_page):
    app = on_page(part="cross", target=TARGET, pairs="chef > She")
    assert not app.exception and any("has no word “chef”" in one for one in pages.notices(app))
    app = on_page(part="cross", target=TARGET)
    assert any("word of the source that it translates" in one for one in pages.notices(app)) and not app.error
    app = on_page(part="cross")
    assert any("decoder reads a target" in one for one in pages.notices(app)) and not app.exception


def test_the_decoder_s_pairs_are_of_the_target(on_page, bart):
    app = on_page(part="decoder", target=TARGET, pairs="sold > She")
    assert not app.exception and not app.error
    found = find_heads(of_part(open_model(str(bart)), "decoder", SOURCE), TARGET, "sold > She")
    assert plain(example_finding(found)) in plain(pages.heading(app))
    app.segmented_control(key="choose_part").set_value("").run()
    assert not app.exception and app.session_state["choices"].pairs == ""
