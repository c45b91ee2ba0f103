"""“Inside a head” of a decoder and of its cross attention."""

from __future__ import annotations

import pytest

from dashboard import look_inside, of_part, open_model
from dashboard.analyses.inside.steps import query_row
from dashboard.analyses.inside.text import finding
from tests.helpers import pages
from tests.helpers.sentences import plain
from tests.helpers.two_stacks import SOURCE, TARGET


@pytest.mark.parametrize(("part", "head"), [("decoder", "D1H2"), ("cross", "X1H2")])
def test_a_row_of_the_part_is_followed(bart, monkeypatch, part, head):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    place = {"layer": "1", "head": "2", "query": "3", "step": "k"}
    app = pages.opened("inside", model=str(bart), text=SOURCE, target=TARGET, part=part, **place)
    assert not app.exception and not app.error
    found = look_inside(of_part(open_model(str(bart)), part, SOURCE), TARGET, head)
    assert plain(finding(found, query_row(found, 3))) in plain(pages.heading(app))
    assert len(app.selectbox(key="choose_key").options) == 1 + len(found.keys)
