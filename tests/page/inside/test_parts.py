"""“Inside a head” of a decoder and of its cross attention."""

from __future__ import annotations

import pytest

from dashboard import logit_attribution, logit_components, look_inside, of_part, open_model
from dashboard.analyses.inside.steps import query_row
from dashboard.analyses.inside.text import finding
from dashboard.analyses.logit_attribution.text import attribution_finding, components_finding
from tests.helpers import pages
from tests.helpers.sentences import plain
from tests.helpers.two_stacks import SOURCE, TARGET, write


@pytest.mark.parametrize(("part", "head"), [("decoder", "D1H2"), ("cross", "X1H2")])
def test_a_row_of_the_part_is_followed(bart, monkeypatch, part, head):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    place = {"layer": "1", "head": "2", "query": "3", "step": "k"}
    app = pages.opened("inside", model=str(bart), text=SOURCE, target=TARGET, part=part, **place)
    assert not app.exception and not app.error
    found = look_inside(of_part(open_model(str(bart)), part, SOURCE), TARGET, head)
    assert plain(finding(found, query_row(found, 3))) in plain(pages.heading(app))
    assert len(app.selectbox(key="choose_key").options) == 1 + len(found.keys)
    assert "normalises what its heads add" in pages.said(app)


def test_what_wrote_the_next_token(tmp_path, monkeypatch):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    write("t5", tmp_path / "t5")
    place = {"layer": "1", "head": "2", "query": "3"}
    app = pages.opened("inside", model=str(tmp_path / "t5"), text=SOURCE, target=TARGET, part="cross", **place)
    assert not app.exception and not app.error
    cross = of_part(open_model(str(tmp_path / "t5")), "cross", SOURCE)
    wrote = logit_components(cross, TARGET, 3, cross.encode(TARGET).ids[4])
    told = plain(pages.said(app))
    assert plain(components_finding(wrote)) in told
    assert plain(attribution_finding(logit_attribution(cross, TARGET, "X1H2", 3))) in told
