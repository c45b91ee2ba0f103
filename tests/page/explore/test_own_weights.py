"""A file of attention weights on the pages: those that need weights alone show it, the others say what they need."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import attention, open_model
from dashboard.analyses.explore.text import finding
from dashboard.ui.page_list import MODEL, PAGES, WEIGHTS
from tests.helpers.pages import notices, opened, read
from tests.helpers.views import attention as random_rows

TOKENS = ["The", "chef", "likes", "the", "ramen"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "mine.npz"
    maps = [[random_rows(5, 10 * i + k) for k in range(3)] for i in range(2)]
    np.savez(path, weights=np.array(maps), tokens=TOKENS)
    return str(path)


@pytest.fixture
def on_file(file, monkeypatch):
    """A page with that file, which a person has chosen before."""
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    return lambda page="explore", **address: opened(page, model=file, **address)


@pytest.mark.parametrize("view", ["heatmap", "lines", "arcs", "reading"])
def test_all_heads_shows_its_heads_over_its_own_text(on_file, file, view):
    app = on_file(view=view, layer="1", head="2", score="induction", text="Birds sing.")
    assert not app.exception and not app.error
    model = open_model(file)
    assert finding(attention(model, model.own_text, "L1H2", unit="words")) in read(app)
    assert app.session_state["choices"].text == " ".join(TOKENS)
    assert "induction" not in app.selectbox(key="choose_score").options
    assert [one for one in notices(app) if "mine.npz" in one and one.startswith("warning")]


def test_contributions_say_what_they_need_and_show_the_weights(on_file, file):
    app = on_file(layer="1", head="2", measure_of="contribution")
    model = open_model(file)
    assert not app.exception and not app.error
    assert finding(attention(model, model.own_text, "L1H2", unit="words")) in read(app)
    assert [one for one in notices(app) if one.startswith("info") and "mine.npz" in one]


@pytest.mark.parametrize("mode", ["heads", "texts", "models"])
def test_compare_shows_two_of_its_heads_or_says_why_not(on_file, mode):
    app = on_file("compare", tray="L0H1,L1H2", mode=mode, other="Birds sing.")
    assert not app.exception
    if mode == "texts":
        assert [one for one in notices(app) if one.startswith("error") and "mine.npz" in one]
    else:
        assert not app.error and ("L0H1" if mode == "heads" else "L0H2 · mine.npz") in read(app)


def test_every_page_that_needs_a_model_says_so_in_one_sentence(on_file, snapshot):
    needing = [page.name for page in PAGES if MODEL in page.uses and WEIGHTS not in page.uses]
    said = set()
    for page in needing:
        app = on_file(page)
        assert not app.exception and not app.error, page
        said |= {one for one in notices(app) if one.startswith("info")}
    assert len(needing) > 5 and said == snapshot


@pytest.mark.parametrize("page", ["find_heads", "models"])
def test_the_others_work(on_file, page):
    app = on_file(page, pairs="likes → chef")
    assert not app.exception and not app.error
    assert ("likes → chef most: 74" if page == "find_heads" else "5 tokens") in read(app)
