"""“What the head writes” on “Inside a head”, run from the entry without a browser."""

import re
from functools import partial

import pytest

from dashboard import copying, logit_attribution
from dashboard.heads.format import percent
from dashboard.ui.pages import inside_logits
from dashboard.ui.url_state import FIRST_TEXT
from tests.helpers import pages
from tests.helpers.sentences import heads_in, numbers, plain, wording

opened = partial(pages.opened, "inside")


def test_a_language_models_head_says_what_it_writes_and_whether_it_copies(smollm2, snapshot):
    app = opened(model="smollm2", layer="20", head="1", query="9")
    assert not app.exception and not app.error
    found = logit_attribution(smollm2, FIRST_TEXT, "L20H1", 9)
    [writes] = pages.lines(app, "L20H1, after")
    raised, lowered = found.raised.iloc[0], found.lowered.iloc[0]
    assert re.findall("“(.*?)”", writes)[:3] == [plain(one) for one in (found.label, raised.piece, lowered.piece)]
    assert numbers(writes)[:2] == pytest.approx([raised.logit, lowered.logit], rel=0.06)
    row = copying(smollm2, ["L20H1"]).table.iloc[0]
    [copies] = pages.lines(app, "L20H1 reads")
    shares = [row.copying, row.copying_low, row.copying_high, row.baseline, row.baseline_low, row.baseline_high]
    assert all(plain(percent(share)) in copies for share in shares)
    assert {row.tokens, row.sentences, row.pairs} <= {*numbers(copies)} and row.copying_low > row.baseline_high
    assert [re.sub("“.*?”", "“…”", wording(line)) for line in (writes, copies)] == snapshot
    app.selectbox(key="choose_query").set_value(12).run()
    [writes] = pages.lines(app, "L20H1, after")
    assert not app.exception and f"“{smollm2.encode(FIRST_TEXT).labels[12]}”" in writes


def test_a_slow_copying_score_waits_for_its_button(smollm2, monkeypatch):
    monkeypatch.setattr(inside_logits, "AT_ONCE", 0.0)
    app = opened(model="smollm2", layer="20", head="2", query="9")
    assert not pages.lines(app, "L20H2 reads")
    next(button for button in app.button if button.label == "Measure whether it copies").click().run()
    [copies] = pages.lines(app, "L20H2 reads")
    measured = copying(smollm2, ["L20H2"]).table.iloc[0]
    assert not app.exception and plain(percent(measured.copying)) in copies and measured.copying < 0.05
    app.selectbox(key="choose_query").set_value(12).run()
    assert pages.lines(app, "L20H2 reads") == [copies]  # kept


@pytest.mark.parametrize("text", ["a", "<script>x</script> **b** $x$ مرحبا"], ids=["a letter", "hostile"])
def test_a_model_that_predicts_nothing_says_so_quietly(text, snapshot):
    app = opened(text=text)
    assert not app.exception and not app.error
    told = [line for line in pages.lines(app, "MiniLM") if "writ" in line or "write" in line]
    assert told == snapshot and not any(heads_in(line) for line in told)
