"""“Compare” of heads of a decoder and of its cross attention."""

from __future__ import annotations

import pytest

from dashboard import comparison_table, open_model
from dashboard.analyses.explore.api import attentions
from tests.helpers import pages
from tests.helpers.sentences import plain
from tests.helpers.two_stacks import SOURCE, TARGET


@pytest.mark.parametrize(("part", "letter"), [("decoder", "D"), ("cross", "X")])
def test_pinned_heads_of_the_part_are_compared(bart, monkeypatch, part, letter):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    names = [f"{letter}2H1", f"{letter}1H3"]
    app = pages.opened(
        "compare", model=str(bart), text=SOURCE, target=TARGET, part=part, tray=",".join(["L0H1", *names])
    )
    assert not app.exception and not app.error
    js = comparison_table(attentions(open_model(str(bart)), SOURCE, names, unit="words", target=TARGET))["js"][0]
    heading = plain(pages.heading(app))
    assert all(name in heading for name in names) and f"{js:.2f}" in heading
    ways = next(one for one in app.get("button_group") if one.label == "Compare")
    assert len(ways.options) == 2


@pytest.mark.parametrize("part", ["decoder", "cross"])
def test_one_head_on_two_targets(bart, monkeypatch, part):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    other = TARGET.replace("lamp", "boat")
    app = pages.opened(
        "compare",
        model=str(bart),
        text=SOURCE,
        target=TARGET,
        part=part,
        mode="texts",
        other=other,
        show="difference",
    )
    assert not app.exception and not app.error
    assert pages.lines(app, "1 changed", "lamp / boat")
