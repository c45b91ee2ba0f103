"""The glossary from the entry, without a browser."""

from __future__ import annotations

from dashboard.analyses.glossary.api import TERMS
from tests.helpers.pages import opened, read


def test_a_link_opens_a_term_with_its_sentences():
    app = opened("glossary", term="entropy")
    assert app.subheader[0].value == "Entropy" and TERMS["entropy"].says in read(app).replace("\u2060", "")
    assert not app.exception and not app.info


def test_a_click_opens_another_and_the_address_says_so():
    app = opened("glossary")
    assert app.subheader[0].value == "Ablation"
    app.button(key="term_softmax").click().run()
    assert app.subheader[0].value == "Softmax" and dict(app.query_params) == {"term": "softmax"}


def test_the_search_finds_by_name_by_another_word_and_by_the_sentence():
    app = opened("glossary")

    def terms(typed):
        app.text_input(key="glossary_search").set_value(typed).run()
        return [one.key.removeprefix("term_") for one in app.button if (one.key or "").startswith("term_")]

    assert terms("")[0] == "ablation" and len(terms("")) == len(TERMS)
    assert terms("Kobayashi") == ["value-weighted-norm"]
    assert terms("logit")[0] == "logit" and "unembedding" in terms("logit")
    assert terms("attention-sink") == ["attention-sink"] or terms("attention-sink")[0] == "attention-sink"
    assert terms("xyzzy") == [] and "Try a shorter one" in read(app)


def test_a_term_that_is_not_there_is_told():
    app = opened("glossary", term="perplexity")
    assert "“perplexity” is not in the glossary" in read(app) and app.subheader[0].value == "Ablation"
