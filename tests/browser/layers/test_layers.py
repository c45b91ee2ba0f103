"""What a person does on “Long range” and “Through the layers”, in Chromium."""

from __future__ import annotations

from urllib.parse import parse_qs, urlparse

import pytest

SHEET = ".st-key-picture_flow [role=graphics-document]"
JOURNEY = ".st-key-picture_journey [role=graphics-document]"
CHOSEN = ".st-key-picture_reach_head [role=graphics-document]"
ATLAS = "[class*=st-key-reach_atlas] [role=graphics-document]"


@pytest.fixture
def person(chromium, dashboard_url):
    """Opens pages of a fresh session; fails on any error in the console."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1800}, accept_downloads=True)
    page, errors = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: errors.append(str(error)))

    def open_page(address: str):
        page.goto(f"{dashboard_url}/{address}")
        page.wait_for_selector("h1")
        return page

    yield open_page
    context.close()
    assert not errors


def settled(page, where: str, says: str) -> None:
    page.wait_for_function(
        "([where, says]) => [...document.querySelectorAll(where)].some(e => e.ariaLabel.includes(says))",
        arg=[where, says],
    )
    page.wait_for_timeout(400)


def click_cell(page, where: str, across: float, down: float) -> None:
    """Clicks into a drawing, at these parts of its own area."""
    x, y, width, height = page.locator(where).first.evaluate(
        "e => { const b = e.querySelector('path.background').getBoundingClientRect();"
        "return [b.x, b.y, b.width, b.height] }"
    )
    page.mouse.click(x + across * width, y + down * height)


def address(page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def test_a_click_on_a_column_follows_that_word_and_its_picture_downloads(person):
    page = person("layers")
    settled(page, JOURNEY, "“ramen” is moved most")
    settled(page, SHEET, "How far it moves")
    click_cell(page, SHEET, 2.5 / 15, 0.5)  # the second word, after [CLS] and The
    settled(page, JOURNEY, "“chef” is moved most")
    assert address(page) == {"word": "1"}
    page.locator(".st-key-files_journey").get_by_role("button", name="Download").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="SVG", exact=True).click()
    with open(waiting.value.path(), encoding="utf-8") as file:
        svg = file.read()
    assert svg.startswith("<svg") and "chef" in svg and "draw_residual_stream" in svg


def test_a_click_on_the_sheet_of_heads_draws_that_head_against_distance(person):
    page = person("long_range?reach=name")
    settled(page, CHOSEN, "L0H2")
    click_cell(page, ATLAS, 9.5 / 12, 2.5 / 6)
    settled(page, CHOSEN, "L2H9 gives")
    assert address(page) == {"reach": "name", "layer": "2", "head": "9"}
    page.get_by_role("button", name="All texts").click()
    page.get_by_test_id("stDataFrame").first.wait_for()
