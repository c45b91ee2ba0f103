"""A person lets a model write, stops it, goes elsewhere meanwhile, and looks at a token."""

from __future__ import annotations

from urllib.parse import quote

from tests.helpers.browser import idle, picture, settled

TEXT = "The keys to the cabinet"
WRITTEN = picture("written")


def page_of(person, tokens: int):
    page = person(f"writing?model=smollm2&write={tokens}&text={quote(TEXT)}", height=1400)
    page.get_by_role("button", name="Write", exact=False).first.wait_for()
    return page


def test_a_stop_keeps_what_was_written_and_another_token_can_be_chosen(person):
    page = page_of(person, 200)
    page.locator(".st-key-write_on button, [class*=st-key-write] button").first.click()
    page.locator("[data-testid=stCode]").first.wait_for()  # the first token stands there
    page.get_by_role("button", name="Stop").click()
    idle(page)
    shown = page.locator("[data-testid=stCode]").first.inner_text()
    assert shown.startswith(TEXT) and len(shown) < 600, "it was stopped long before 200 tokens"
    before = page.url
    page.get_by_role("button", name="Next").click()
    page.wait_for_function("before => location.href !== before", arg=before)
    assert "written=1" in page.url and not page.locator("[data-testid=stException]").count()


def test_another_page_in_the_middle_is_drawn(person):
    page = page_of(person, 200)
    page.locator(".st-key-write_on button, [class*=st-key-write] button").first.click()
    page.get_by_role("button", name="Stop").wait_for()
    page.get_by_test_id("stSidebar").get_by_role("link", name="All heads").click()
    assert settled(page, "SmolLM2")
    assert page.locator("h1").inner_text() == "All heads" and not page.get_by_role("button", name="Stop").count()
