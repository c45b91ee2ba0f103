"""“Queries and keys” of a decoder and of its cross attention."""

from __future__ import annotations

import pytest

from dashboard import open_model
from dashboard.analyses.query_key.api import plane_of, query_keys
from dashboard.analyses.query_key.text import plane_finding
from tests.helpers.pages import heading, opened, said
from tests.helpers.sentences import plain


@pytest.mark.parametrize(("part", "head"), [("decoder", "D1H2"), ("cross", "X1H2")])
def test_the_plane_of_a_part(bart, monkeypatch, part, head):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    app = opened("query_key", model=str(bart), layer="1", head="2", part=part)
    assert not app.exception and not app.error
    found = plane_of(query_keys(open_model(str(bart)), part=part), head)
    assert plain(plane_finding(found)) in plain(heading(app))
    assert ("keys of the source" in said(app)) == (part == "cross")
