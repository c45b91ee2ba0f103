"""The gallery from the entry, without a browser."""

from __future__ import annotations

from urllib.parse import parse_qs, urlparse

from dashboard.analyses.gallery.api import FINDINGS
from dashboard.analyses.gallery.text import TITLES
from dashboard.errors import UserError
from dashboard.ui import caches
from tests.helpers.pages import opened, read, said
from tests.helpers.sentences import plain


def test_every_finding_has_a_card_with_its_picture_and_a_link_into_the_state():
    app = opened("gallery")
    assert not app.exception and not app.error
    text = read(app)
    for finding in FINDINGS:
        assert f"**{TITLES[finding.name]}**" in text, finding.name
    links = [one.proto for one in app.get("page_link") if one.proto.label.startswith("Open")]
    assert [link.page for link in links] == [finding.page for finding in FINDINGS]
    asked = [parse_qs(urlparse(f"?{link.query_string}").query) for link in links]
    assert asked[8]["model"] == ["smollm2"] and asked[8]["layer"] == ["18"] and asked[8]["head"] == ["6"]
    assert len(app.get("vega_lite_chart")) + len(app.get("arrow_vega_lite_chart")) == 12


def test_without_a_model_its_cards_say_what_to_do(monkeypatch):
    there = caches.opened

    def missing(name, *more):
        if name == "smollm2":
            raise UserError("SmolLM2 is not on this machine.")
        return there(name, *more)

    monkeypatch.setattr(caches, "opened", missing)
    app = opened("gallery")
    assert not app.exception
    assert plain(said(app)).count("SmolLM2 is not on this machine.") == 3 and "L3H1 links" in said(app)
