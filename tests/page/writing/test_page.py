"""“What the model writes” run from the entry, without a browser."""

from functools import partial

from dashboard import write
from tests.helpers import pages
from tests.helpers.sentences import heads_in, numbers

opened = partial(pages.opened, "writing")
TEXT = "The keys to the cabinet"


def press(app, label: str):
    return next(button for button in app.button if button.label == label).click().run()


def test_it_writes_steps_and_reads_the_whole_on_every_page(smollm2):
    app = opened(model="smollm2", write="4", text=TEXT, seed="0")
    assert not app.exception and not pages.headings(app)
    press(app, "Write")
    found = write(smollm2, TEXT, tokens=4)
    assert not app.exception and app.code[0].value == found.encoding.text
    wrote, token, heads = pages.headings(app)
    assert numbers(wrote)[0] == 4 and heads_in(heads) and found.tokens[0].others[0].label in token.replace("\\", "")
    press(app, "Next")
    assert "1" in app.query_params["written"] and pages.headings(app)[1] != token
    press(app, "Read on every page")
    assert (
        not app.exception and next(area for area in app.text_area if area.label == "Text").value == found.encoding.text
    )


def test_a_model_that_predicts_nothing_offers_one_that_does():
    app = opened()
    [told] = pages.notices(app)
    assert "MiniLM predicts no next word" in told and not app.exception
    assert len(app.get("vega_lite_chart")) == 2 and "SmolLM2" in pages.said(app)  # what was written before
    press(app, "Write with SmolLM2 135M")
    assert not app.exception and "Write" in [button.label for button in app.button]
