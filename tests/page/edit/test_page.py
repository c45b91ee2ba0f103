"""“Cut a link”: what the page shows for an address, and what its controls change."""

from __future__ import annotations

from dashboard import edit
from dashboard.analyses.edit.text import edit_finding
from tests.helpers.pages import headings, notices, opened, read
from tests.helpers.sentences import plain

KEYS = "The keys to the cabinet"


def page(**address: str):
    app = opened("edit", **address)
    assert not app.exception and not app.error
    return app


def test_it_opens_with_a_link_cut_and_what_changes(minilm):
    app = page(layer="2", head="0")
    assert app.multiselect[0].value and plain("Without L2H0") in plain(headings(app)[0])
    assert "edits" not in app.query_params
    assert "predicts no words" in read(app)


def test_the_edits_of_the_address_are_made_together_and_both_ways_are_said(smollm2):
    made = {"edits": "L9H4:4>1,L3H1:4=uniform", "answer": "are", "instead": "is"}
    app = page(model="smollm2", text=KEYS, layer="9", head="4", **made)
    found = edit(smollm2, KEYS, ["L9H4:4>1", "L3H1:4=uniform"], answer="are", rival="is")
    left = edit(smollm2, KEYS, ["L9H4:4>1", "L3H1:4=uniform"], answer="are", rival="is", row="left")
    said = plain(read(app))
    assert plain(edit_finding(found)) in said
    assert f"{found.logit_difference[1]:.3f}" in said and f"{left.logit_difference[1]:.3f}" in said
    assert len(app.get("vega_lite_chart")) == 2


def test_the_list_of_edits_is_another_one_for_another_text():
    """A browser keeps the words that stand in a list as long as the list has the same key."""
    lists = [page(layer="2", head="0", edits="L2H0:3>1", text=text).multiselect[0] for text in (KEYS, f"{KEYS} here")]
    assert [one.value for one in lists] == [["L2H0:3>1"]] * 2 and lists[0].key == lists[1].key
    other = page(layer="2", head="0", edits="L2H0:3>1", text="The birds near the cabinet").multiselect[0]
    assert other.value == ["L2H0:3>1"] and other.key != lists[0].key


def test_an_edit_is_taken_back_alone_all_at_once_and_by_undo():
    app = page(layer="2", head="0", edits="L2H0:3>1,L1H1:3>1")
    app.multiselect[0].set_value(["L1H1:3>1"]).run()
    assert app.query_params["edits"] == "L1H1:3>1" and not app.exception
    button = {one.label: one for one in app.main.button}
    button["Undo"].click().run()
    assert app.query_params["edits"] == "L2H0:3>1,L1H1:3>1"
    next(one for one in app.main.button if one.label == "Remove all").click().run()
    assert app.query_params["edits"] == "none" and "Nothing is edited" in read(app)


def test_undo_brings_no_edit_of_another_text():
    app = page(layer="2", head="0", edits="L2H0:3>1")
    next(one for one in app.main.button if one.label == "Remove all").click().run()
    next(one for one in app.text_area if one.label == "Text").set_value(KEYS).run()
    assert next(one for one in app.main.button if one.label == "Undo").disabled and not app.exception
    app.multiselect[0].set_value([]).run()
    next(one for one in app.main.button if one.label == "Undo").click().run()
    assert "edits" not in app.query_params, "what the text opened with"
    assert next(one for one in app.main.button if one.label == "Undo").disabled


def test_words_are_named_without_a_pointer():
    app = page(layer="2", head="0", edits="none")
    app.selectbox(key="cut_query").set_value(4).run()
    app.selectbox(key="cut_key").set_value(1).run()
    next(one for one in app.main.button if one.label == "Cut the link").click().run()
    assert app.query_params["edits"] == "L2H0:3>0"
    assert any(one.label == "Restore the link" for one in app.main.button)
    app.selectbox(key="cut_way").set_value("self").run()
    next(one for one in app.main.button if one.label == "Replace the row").click().run()
    assert app.query_params["edits"] == "L2H0:3=self" and not app.exception


def test_edits_that_cannot_be_made_are_told_and_another_text_has_none(minilm):
    app = page(layer="2", head="0", edits="L2H0:99>1,L2H0:3>1")
    assert "There is no word 99" in read(app) and app.multiselect[0].value == ["L2H0:3>1"]
    assert not notices(app)
