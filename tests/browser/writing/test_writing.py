"""A person lets a model write, stops it, goes elsewhere meanwhile, and looks at a token."""

from __future__ import annotations

from urllib.parse import quote

from tests.helpers.browser import idle, picture, settled

LONG = "Once upon a time", "The keys to the cabinet and"  # the model writes hundreds of tokens after each
MANY = 500
WRITTEN = picture("written")


def page_of(person, text: str):
    page = person(f"writing?model=smollm2&write={MANY}&text={quote(text)}", height=1400)
    page.get_by_role("button", name="Write", exact=False).first.wait_for()
    return page


def test_a_stop_keeps_what_was_written_and_another_token_can_be_chosen(person):
    page = page_of(person, LONG[0])
    page.locator(".st-key-write_on button, [class*=st-key-write] button").first.click()
    page.locator("[data-testid=stCode]").first.wait_for()  # the first token stands there
    page.get_by_role("button", name="Stop").click()
    idle(page)
    shown = page.locator("[data-testid=stCode]").first.inner_text()
    assert shown.startswith(LONG[0]) and len(shown) < 1200, f"it was stopped long before {MANY} tokens"
    before = page.url
    page.get_by_role("button", name="Next").click()
    page.wait_for_function("before => location.href !== before", arg=before)
    assert "written=1" in page.url and not page.locator("[data-testid=stException]").count()


def test_another_page_in_the_middle_is_drawn(person):
    page = page_of(person, LONG[1])
    page.locator(".st-key-write_on button, [class*=st-key-write] button").first.click()
    page.get_by_role("button", name="Stop").wait_for()
    page.get_by_test_id("stSidebar").get_by_role("link", name="All heads").click()
    assert settled(page, "SmolLM2")
    assert page.locator("h1").inner_text() == "All heads" and not page.get_by_role("button", name="Stop").count()
