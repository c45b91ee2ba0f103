"""A person opens “Inside a head”, chooses a token, and sees its numbers at once."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.helpers.browser import address, download, picture, settled

ROW = picture("row")
STEPS = picture("steps")


@pytest.fixture
def page(new_page, dashboard_url):
    page = new_page()
    page.url_of = lambda **query: f"{dashboard_url}/inside?{urlencode(query)}"
    return page


def choose(page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(option)
    page.keyboard.press("Enter")


def test_a_token_is_followed_and_the_link_reopens_it(page):
    page.goto(page.url_of(layer=3, head=4))
    settled(page, "L3H4: “says”", ROW)
    choose(page, "Query token", "8 ram")
    settled(page, "L3H4: “ram”", ROW)
    choose(page, "Key token", "2 chef")
    settled(page, "“ram” · “chef”: the 32 products", ROW)
    page.get_by_role("radio", name="Scores").or_(page.get_by_role("button", name="Scores", exact=True)).first.click()
    page.wait_for_function("document.querySelector('pre mark')?.innerText.includes('scores = q @ k.mT')")
    assert address(page) == {"layer": "3", "head": "4", "query": "8", "key": "2", "step": "scores"}
    again = page.url
    page.goto("about:blank")
    page.goto(again)
    settled(page, "“ram” · “chef”: the 32 products", ROW)
    page.wait_for_function("document.querySelector('pre mark')?.innerText.includes('scores = q @ k.mT')")


def test_a_click_on_a_map_chooses_its_step_again_and_again(page):
    page.goto(page.url_of(layer=3, head=4))
    settled(page, "L3H4: “says”", STEPS)
    page.wait_for_timeout(1500)
    for title, line in (("Values", "v = "), ("Scores", "scores = q @ k.mT"), ("Values", "v = ")):
        page.locator(STEPS).get_by_text(title, exact=False).first.click(force=True)
        page.wait_for_function("(line) => document.querySelector('pre mark')?.innerText.includes(line)", arg=line)
        page.wait_for_timeout(1200)
    page.get_by_role("radio", name="Scores").or_(page.get_by_role("button", name="Scores", exact=True)).first.click()
    page.wait_for_function("document.querySelector('pre mark')?.innerText.includes('scores = q @ k.mT')")
    page.wait_for_timeout(1200)
    page.locator(STEPS).get_by_text("Values", exact=False).first.click(force=True)
    page.wait_for_function("document.querySelector('pre mark')?.innerText.includes('v = ')")


def test_the_row_is_taken_away_as_a_file_that_opens(page):
    page.goto(page.url_of(head=2))
    settled(page, "L0H2: “says”", ROW)
    for label, start in (("SVG", b"<svg"), ("CSV", b'"step","position","of","value"')):
        assert download(page, "row", label).startswith(start)


@pytest.mark.parametrize("width", [1440, 900])
def test_nothing_is_wider_than_the_page(page, width):
    page.set_viewport_size({"width": width, "height": 1400})
    page.goto(page.url_of(query=13))
    settled(page, "L0H2: “food”", ROW)
    settled(page, "L0H2: “food”", STEPS)
    page.wait_for_timeout(1000)
    widest = page.evaluate(
        """() => {
            const main = document.querySelector('[data-testid=stMainBlockContainer]');
            const edge = main.getBoundingClientRect().right - parseFloat(getComputedStyle(main).paddingRight);
            return Math.max(...[...document.querySelectorAll('[role=graphics-document]')]
                .map(e => e.getBoundingClientRect().right)) - edge;
        }"""
    )
    assert widest <= 1


def test_a_query_chosen_at_512_tokens_sends_little(page):
    """The pictures of a long text are small: nothing n × n goes to the browser."""
    text = "The chef who trained in the city says that this dish is her favourite food. " * 40
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    page.goto(page.url_of(text=text, query=200))
    settled(page, "L0H2: “", ROW)
    page.wait_for_timeout(2000)
    before = sum(received)
    choose(page, "Query token", "300 ")
    page.wait_for_function("location.search.includes('query=300')")
    page.wait_for_timeout(2000)
    assert 5_000 < sum(received) - before < 300_000
