"""“Compare” of heads of a decoder and of its cross attention."""

from __future__ import annotations

import pytest

from dashboard import compare_models, comparison_table, of_part, open_model
from dashboard.analyses.compare.divergence import compare
from dashboard.analyses.explore.api import attentions
from tests.helpers import pages
from tests.helpers.sentences import plain
from tests.helpers.two_stacks import SOURCE, TARGET


@pytest.fixture
def compared(bart, monkeypatch):
    """Opens the page on a part of BART."""
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)

    def opened(part, **choices):
        app = pages.opened("compare", model=str(bart), text=SOURCE, target=TARGET, part=part, **choices)
        assert not app.exception and not app.error
        return app

    return opened


@pytest.mark.parametrize(("part", "letter"), [("decoder", "D"), ("cross", "X")])
def test_pinned_heads_of_the_part_are_compared(bart, compared, part, letter):
    names = [f"{letter}2H1", f"{letter}1H3"]
    app = compared(part, tray=",".join(["L0H1", *names]))
    js = comparison_table(attentions(open_model(str(bart)), SOURCE, names, unit="words", target=TARGET))["js"][0]
    heading = plain(pages.heading(app))
    assert all(name in heading for name in names) and f"{js:.2f}" in heading


@pytest.mark.parametrize("part", ["decoder", "cross"])
def test_one_head_on_two_targets(compared, part):
    other = TARGET.replace("lamp", "boat")
    app = compared(part, mode="texts", other=other, show="difference")
    assert pages.lines(app, "1 changed", "lamp / boat")
    assert pages.lines(app, "changes most")


@pytest.mark.parametrize(("part", "letter"), [("decoder", "D"), ("cross", "X")])
def test_a_head_of_the_part_in_two_models(bart, compared, tmp_path, part, letter):
    from tests.helpers.two_stacks import write

    write("t5", tmp_path)
    one, other = {"layer": "1", "head": "2"}, {"other_model": str(tmp_path), "other_head": f"{letter}2H3"}
    app = compared(part, mode="models", **one, **other)
    assert pages.lines(app, "words of the source" if part == "cross" else "share 14 words")
    both = [of_part(open_model(str(one)), part, SOURCE) for one in (bart, tmp_path)]
    aligned = compare_models(both[0], f"{letter}1H2", both[1], f"{letter}2H3", TARGET)
    assert f"{compare(aligned.a, aligned.b).js:.2f}" in plain(pages.heading(app))
    app.selectbox(key="choose_other_model").set_value("minilm").run()
    assert not app.exception and "no encoder–decoder" in pages.notices(app)[0]
