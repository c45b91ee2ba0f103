"""Cutting links where a head is drawn: on “All heads” and “Inside a head”, and in cross attention."""

from __future__ import annotations

import json
import struct

import pytest

from dashboard import edit, of_part, open_model
from dashboard.analyses.edit.text import edit_finding
from tests.helpers.pages import headings, opened, read
from tests.helpers.sentences import plain
from tests.helpers.two_stacks import SOURCE, TARGET

EDITS = "L2H0:3>1,L1H1:3>1"


def sent_map(app) -> dict:
    """What the map under the hand was sent, without its weights."""
    for one in app.get("bidi_component"):
        if one.proto.component_name == "two_heads_map":
            [size] = struct.unpack("<I", one.proto.bytes[:4])
            return json.loads(one.proto.bytes[4 : 4 + size])
    raise AssertionError("no map")


@pytest.mark.parametrize("page", ["explore", "inside"])
def test_the_switch_cuts_on_the_page_itself_and_off_it_is_as_before(page, minilm):
    app = opened(page, layer="2", head="0", edits=EDITS)
    before = headings(app)
    found = edit(minilm, app.session_state["choices"].text, EDITS.split(","))
    assert plain(edit_finding(found)) not in plain(read(app)) and not app.multiselect
    app.toggle(key="choose_cutting").set_value(True).run()
    assert not app.exception and app.query_params["cutting"] == "yes"
    assert plain(edit_finding(found)) in plain(read(app)) and app.multiselect[0].value == EDITS.split(",")
    assert sent_map(app)["cuts"] == [[4, 2]]
    app.multiselect[0].set_value(EDITS.split(",")[1:]).run()
    assert app.query_params["edits"] == EDITS.split(",")[1] and sent_map(app)["cuts"] == []
    next(one for one in app.main.button if one.label == "Undo").click().run()
    assert sent_map(app)["cuts"] == [[4, 2]]
    app.toggle(key="choose_cutting").set_value(False).run()
    assert headings(app) == before and not app.multiselect and "cutting" not in app.query_params


def test_until_a_hand_cuts_a_link_nothing_is_cut_there():
    app = opened("explore", layer="2", head="0", cutting="yes", view="reading", together="layer")
    assert not app.exception and "Nothing is edited" in read(app) and not app.multiselect
    assert sent_map(app)["cuts"] == [] and app.session_state["choices"].view == "heatmap"


def test_a_long_text_is_too_long_to_cut_and_the_page_says_so(monkeypatch):
    from dashboard.ui import caches

    monkeypatch.setattr(caches, "TOKENS_AT_MOST", 8)
    app = opened("explore", model="smollm2", layer="2", head="0", cutting="yes")
    assert not app.exception and "up to 8 tokens" in read(app)
    assert not any("edited" in one for one in headings(app)) and app.toggle(key="choose_cutting").value


@pytest.mark.parametrize("page", ["edit", "explore"])
def test_links_of_cross_attention_are_cut_on_its_map(page, bart, monkeypatch):
    monkeypatch.setattr("dashboard.ui.paths.check_model", lambda name: None)
    here = {"model": str(bart), "text": SOURCE, "target": TARGET, "part": "cross", "layer": "1", "head": "2"}
    app = opened(page, edits="X1H2:1>3,X1H2:2=uniform", cutting="yes", view="arcs", **here)
    assert not app.exception and not app.error
    model = of_part(open_model(str(bart)), "cross", SOURCE)
    found = edit(model, TARGET, ["X1H2:1>3", "X1H2:2=uniform"])
    assert plain(edit_finding(found)) in plain(read(app))
    sent, rows, columns = sent_map(app), found.encoding.axis("words"), found.keys.axis("words")
    assert sent["shape"] == [len(rows.labels), len(columns.labels)] and not sent["causal"]
    assert [one["labels"] for one in sent["sides"]] == [list(rows.labels), list(columns.labels)]
    [[row, column]], [replaced] = sent["cuts"], sent["replaced"]
    named = lambda encoding, k: [encoding.word_of[token] for token in encoding.axis("words").members[k]]  # noqa: E731
    assert (named(found.encoding, row), named(found.keys, column)) == (
        [1] * len(rows.members[row]),
        [3] * len(columns.members[column]),
    )
    assert set(named(found.encoding, replaced)) == {2}
