"""“Ablation” of a decoder's and its cross attention's heads, by the target's loss."""

from __future__ import annotations

import pytest

from dashboard import ablate_on_text, of_part, open_model
from tests.helpers import pages
from tests.helpers.sentences import plain
from tests.helpers.two_stacks import SOURCE, TARGET


@pytest.mark.parametrize(("part", "head"), [("decoder", "D1H2"), ("cross", "X1H2")])
def test_a_head_is_ablated_with_the_target_s_loss(bart, monkeypatch, part, head):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    app = pages.opened("ablation", model=str(bart), text=SOURCE, target=TARGET, part=part, layer="1", head="2")
    assert not app.exception and not app.error
    found = ablate_on_text(of_part(open_model(str(bart)), part, SOURCE), TARGET, head)
    assert plain(found.finding) in plain(pages.heading(app))
    assert any("have no targets" in line for line in pages.lines(app))


def test_without_a_target_the_page_offers_two(bart, monkeypatch):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    app = pages.opened("ablation", model=str(bart), text=SOURCE, part="cross")
    assert not app.exception and any("decoder reads a target" in one for one in pages.notices(app))
    assert not any("need no text" in line for line in pages.lines(app))
