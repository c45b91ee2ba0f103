"""“What the head writes” on “Inside a head”, run from the entry without a browser."""

import re
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.ui.pages import inside_logits
from tests.helpers import pages

opened = partial(pages.opened, "inside")


def said(app: AppTest) -> str:
    kinds = (app.subheader, app.markdown, app.caption, app.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind).replace("\\", "").replace("\u2060", "")


def test_a_language_models_head_says_what_it_writes_and_whether_it_copies(smollm2):
    app = opened(model="smollm2", layer="20", head="1", query="9")
    assert not app.exception and not app.error
    assert "What the head writes" in said(app)
    assert re.search(
        r"L20H1, after “·ra”: it raises “.+” most \(\+0\.\d+\) and lowers “.+” most \(−0\.\d+\)", said(app)
    )
    share, base = re.search(
        r"Copying: for (\d+) % .+ a token that L20H1 reads .+ \(95 % interval 5\d % to 6\d %, 6,099 tokens, "
        r"342 sentences\)\. Baseline, the token after it: ([\d.]+) % \(95",
        said(app).replace("\u00a0", " "),
    ).groups()
    assert float(share) > 50 > 10 > float(base)
    app.selectbox(key="choose_query").set_value(12).run()
    assert not app.exception and "L20H1, after “·her”: it raises" in said(app)


def test_a_slow_copying_score_waits_for_its_button(smollm2, monkeypatch):
    monkeypatch.setattr(inside_logits, "AT_ONCE", 0.0)
    app = opened(model="smollm2", layer="20", head="2", query="9")
    assert "Copying:" not in said(app)
    next(button for button in app.button if button.label == "Measure whether it copies").click().run()
    assert not app.exception and "Copying: for 1.8\u00a0% of the tokens" in said(app)
    app.selectbox(key="choose_query").set_value(12).run()  # kept
    assert "Copying: for 1.8\u00a0% of the tokens" in said(app)


@pytest.mark.parametrize("text", ["a", "<script>x</script> **b** $x$ مرحبا"])
def test_a_model_that_predicts_nothing_says_so_quietly(text):
    app = opened(text=text)
    assert not app.exception and not app.error
    assert "MiniLM predicts no next word, so its heads have no effect on logits." in said(app)
