"""Clicks on pictures that are drawn anew meanwhile, in Chromium: none may be lost.

Each is sent at the worst moment, which the page itself tells, so the tests do not hang on how fast the machine is.
"""

from __future__ import annotations

import pytest

from tests.helpers.browser import DRAWN, address, idle, place

ATLAS = ".st-key-atlas_minilm"
FLOW = ".st-key-picture_flow"
STEPS = ".st-key-picture_steps"

# page, picture, part of its width and height that is clicked, what the address then says
PICTURES = {
    "score": ("explore?layer=3&head=3", ATLAS, 1.5 / 12, 4.5 / 6, {"layer": "4", "head": "1"}),
    "maps": ("explore?layer=3&head=3&atlas=maps", ATLAS, 1.5 / 12, 4.5 / 6, {"layer": "4", "head": "1"}),
    "words": ("layers", FLOW, 2.5 / 15, 0.5, {"word": "1"}),
    "steps": ("inside", STEPS, 0.12, 0.75, {"step": "masked"}),
}


@pytest.fixture
def still(person):
    """Opens a page on which nothing moves any more, down to this picture."""

    def opened(address: str, picture: str):
        page = person(address, height=1800)
        page.wait_for_selector(f"{picture} {DRAWN}")
        page.wait_for_timeout(1500)
        idle(page)
        page.locator(picture).first.scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        return page

    return opened


# A choice after which the picture is drawn anew.
VIEWS = ".st-key-choose_view button"


def draw_anew(page, which: int = 1) -> None:
    """As a press of another choice does it, without the pointer: the picture is drawn anew."""
    if "/explore" in page.url:
        page.locator(VIEWS).nth(which).evaluate("choice => choice.click()")
    else:  # other pages' choices refill the picture that is there
        page.emulate_media(color_scheme="dark")


def says(page, wanted: dict[str, str]) -> None:
    """Wait until the address says this."""
    found: dict[str, str] = {}
    for _ in range(60):
        found = address(page)
        if wanted.items() <= found.items():
            return
        page.wait_for_timeout(250)
    pytest.fail(f"The click was lost: {wanted} is not in {found}")


@pytest.mark.parametrize("which", PICTURES)
def test_a_click_is_heard_though_the_picture_is_drawn_anew_before_it_is_let_go(still, which):
    address, picture, across, down, wanted = PICTURES[which]
    page = still(address, picture)
    page.mouse.move(*place(page, f"{picture} {DRAWN}", across, down))
    page.mouse.down()
    page.evaluate("where => { window.before = document.querySelector(where) }", f"{picture} path.background")
    draw_anew(page)
    page.wait_for_function(
        "where => !window.before.isConnected && document.querySelector(where)", arg=f"{picture} path.background"
    )
    page.mouse.up()
    says(page, wanted)


@pytest.mark.parametrize("which", PICTURES)
def test_a_click_is_heard_the_moment_a_picture_is_drawn(still, which):
    address, picture, across, down, wanted = PICTURES[which]
    page = still(address, picture)
    page.evaluate(
        """([where, across, down]) => {
            const before = document.querySelector(where), soon = new MessageChannel();
            soon.port1.onmessage = () => {
                const box = document.querySelector(where).getBoundingClientRect();
                const clientX = box.x + across * box.width, clientY = box.y + down * box.height;
                const at = { bubbles: true, cancelable: true, view: window, clientX, clientY };
                document.elementFromPoint(clientX, clientY).dispatchEvent(new MouseEvent('click', at));
            };
            const seen = new MutationObserver(() => {
                const now = document.querySelector(where);
                if (!now || now === before) return;
                seen.disconnect();
                soon.port2.postMessage(0);  // after what the page does at once, before anything else
            });
            seen.observe(document.body, { childList: true, subtree: true });
        }""",
        [f"{picture} path.background", across, down],
    )
    draw_anew(page)
    says(page, wanted)


def test_a_person_presses_as_long_as_people_do_soon_after_another_choice(still):
    _, picture, *_ = PICTURES["score"]
    page = still("explore?layer=3&head=3", picture)
    for head, pause in enumerate((0, 20, 50, 100, 150, 300), start=4):
        at = place(page, f"{picture} {DRAWN}", (head + 0.5) / 12, 4.5 / 6)
        page.locator(VIEWS).nth(head % 2).click()
        page.wait_for_timeout(pause)
        page.mouse.click(*at, delay=100)
        page.wait_for_function("head => location.search.includes(`layer=4&head=${head}`)", arg=head)
        page.wait_for_timeout(300)
        idle(page)


def test_a_press_that_moves_on_is_no_click(still):
    address, picture, across, down, _ = PICTURES["score"]
    page = still(address, picture)
    x, y = place(page, f"{picture} {DRAWN}", across, down)
    page.mouse.move(x, y)
    page.mouse.down()
    draw_anew(page)
    says(page, {"layer": "3", "head": "3"})
    page.wait_for_timeout(1500)
    page.mouse.move(x + 60, y)
    page.mouse.up()
    page.wait_for_timeout(1500)
    says(page, {"layer": "3", "head": "3"})
