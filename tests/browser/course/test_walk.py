"""A student walks through the ten steps in Chromium."""

from __future__ import annotations

import time

from dashboard.analyses.course.steps import NAMES
from dashboard.analyses.course.text import TITLES
from tests.helpers.browser import address, idle

TEXT = "The cat did not cross the street because it was too tired."
QUICK = 3.0  # seconds, ten times what a click takes on a quiet machine


def test_a_walk_of_ten_guesses_with_back_and_a_link(person):
    page = person(f"course?text={TEXT.replace(' ', '+')}")
    took = []
    for number, name in enumerate(NAMES, 1):
        page.get_by_role("heading", name=f"{number}. {TITLES[name]}").wait_for()
        idle(page)
        assert not page.locator("h5").count(), name  # nothing is given away
        choices = page.get_by_role("radiogroup", name="Your guess").get_by_role("radio")
        begun = time.monotonic()
        choices.last.click()
        page.locator("h5").wait_for()
        took.append(time.monotonic() - begun)
        assert page.locator("h5").inner_text().startswith(("Right.", "You said"))
        page.locator("[role=graphics-document]").first.wait_for()
        if number < len(NAMES):
            page.get_by_role("button", name="Next").click()
            page.wait_for_function(f"location.search.includes('course={number + 1}')")
    assert sorted(took)[len(took) // 2] < QUICK
    page.reload()
    page.get_by_role("heading", name=f"10. {TITLES['reach']}").wait_for()
    page.locator("h5").wait_for()  # the guess is kept
    page.go_back()
    page.locator("h5").wait_for(state="detached")  # and taken back
    page.go_back()
    page.get_by_role("heading", name=f"9. {TITLES['added_most']}").wait_for()
    page.locator("h5").wait_for()  # the guess is kept
    page.get_by_role("link", name="See what every head of the layer adds").click()
    page.get_by_role("heading", name="Inside a head").wait_for()
    assert address(page)["step"] == "output" and address(page)["text"] == TEXT
