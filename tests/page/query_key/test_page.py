"""“Queries and keys”, run from the entry without a browser."""

from __future__ import annotations

import gc
import weakref

import pytest

from dashboard.analyses.query_key.chart import BY
from dashboard.heads.head_id import HeadId
from dashboard.ui.model_and_text import Opened
from dashboard.ui.pages import query_key as ui
from tests.helpers.pages import heading, notices, opened


@pytest.mark.parametrize("address", [{"text": " "}, {"words_by": "relation", "layer": "2", "head": "8"}])
def test_the_plane_says_how_much_it_keeps(address):
    app = opened("query_key", **address)
    assert not app.exception
    assert "of the variance" in heading(app) and "guessing" in heading(app)
    assert ("L2H8" in heading(app)) == ("layer" in address)


def test_only_the_vectors_of_two_models_are_held(minilm, monkeypatch):
    """Those of one model can be a gigabyte: no plane may hold them when they are given up."""
    real = ui.query_keys
    monkeypatch.setattr(ui, "query_keys", lambda model, **how: real(model, sentences=1, **how))
    held = [weakref.ref(ui.plane(Opened(minilm, True, key), HeadId(0, 1)).of) for key in "abc"]
    gc.collect()
    assert [one() is None for one in held] == [True, False, False]
    ui._vectors.clear()


def test_a_wrong_colour_in_a_link_is_told(snapshot):
    app = opened("query_key", words_by="colour")
    assert not app.exception
    told = notices(app)
    assert len(told) == 1 and all(name in told[0] for name in BY) and told == snapshot


def test_a_model_whose_queries_cannot_be_read_is_told(monkeypatch):
    from dashboard.errors import UserError

    told = "Its queries cannot be read. Choose another model."

    def refuse(*_, **__):
        raise UserError(told)

    monkeypatch.setattr(ui, "plane_of", refuse)
    app = opened("query_key", layer="1", head="1")
    assert not app.exception
    assert notices(app) == [f"error: {told}"]
