"""“All heads” of an encoder–decoder: its three parts, with a target for two of them."""

from __future__ import annotations

import pytest

from dashboard import attention, open_model
from dashboard.analyses.explore.text import finding
from tests.helpers.pages import notices, opened, read
from tests.helpers.two_stacks import SOURCE, TARGET


@pytest.fixture
def on_parts(bart, monkeypatch):
    """The page with that model, which a person has chosen before."""
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    return lambda page="explore", **address: opened(page, model=str(bart), text=SOURCE, **address)


def test_each_part_shows_its_own_head(on_parts, bart):
    for part, letter in (("", "L"), ("decoder", "D"), ("cross", "X")):
        app = on_parts(layer="1", head="2", target=TARGET, **({"part": part} if part else {}))
        assert not app.exception and not app.error
        view = attention(open_model(str(bart)), SOURCE, f"{letter}1H2", target=TARGET, unit="words")
        assert finding(view) in read(app).replace("\xa0", " ") or finding(view) in read(app)


def test_without_a_target_the_page_offers_two(on_parts):
    app = on_parts(part="cross", layer="1", head="2")
    assert not app.exception
    itself = next(one for one in app.button if one.label == "The text itself")
    itself.click().run()
    assert not app.exception and app.session_state["choices"].target == SOURCE
    assert "X1H2" in read(app)


def test_the_model_writes_a_target(on_parts):
    app = on_parts(part="decoder", layer="0", head="1")
    next(one for one in app.button if one.label == "What the model writes").click().run()
    assert not app.exception
    assert app.session_state["choices"].target or app.toast


@pytest.mark.parametrize("view", ["heatmap", "lines", "arcs", "reading"])
@pytest.mark.parametrize("atlas", ["score", "maps"])
def test_every_view_of_cross_attention(on_parts, view, atlas):
    app = on_parts(part="cross", layer="1", head="2", target=TARGET, view=view, atlas=atlas, measure_of="contribution")
    assert not app.exception and not app.error
    offered = next(one for one in app.get("button_group") if one.label == "Show as")
    assert len(offered.options) == 2
    if atlas == "score":
        scores = app.selectbox(key="choose_score")
        assert scores.value == "entropy" and len(scores.options) == 5


@pytest.mark.parametrize("page", ["profile", "writing"])
def test_other_pages_read_the_encoder_and_say_so(on_parts, page):
    app = on_parts(page, part="cross", layer="1", head="2", target=TARGET)
    assert not app.exception
    assert any("This page reads the encoder" in one for one in notices(app))
    assert app.session_state["choices"].part == ""
