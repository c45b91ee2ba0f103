"""What a person does and sees in Chromium."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import TimeoutError

T = TypeVar("T")
DRAWN = "[role=graphics-document]"
PICTURE = f".st-key-picture_head {DRAWN}"
ATLAS = f"[class*=st-key-atlas] {DRAWN}"


def picture(name: str) -> str:
    """The selector of the picture with this key."""
    return f".st-key-picture_{name} {DRAWN}"


def settled(page, says: str, where: str = PICTURE) -> str:
    """Wait for the picture whose description says this, and until it stands still; the whole description."""
    try:
        page.wait_for_function(
            "([where, says]) => [...document.querySelectorAll(where)].some(e => e.ariaLabel.includes(says))",
            arg=[where, says],
        )
    except TimeoutError:
        drawn = page.locator(where).evaluate_all("all => all.map(e => e.ariaLabel)")
        pytest.fail(f"No picture of {says} at {page.url}, {page.locator('h1').all_inner_texts()}, but of {drawn}")
    page.wait_for_timeout(300)
    return page.locator(where).first.get_attribute("aria-label")


def idle(page) -> None:
    """Wait until the page has been drawn to its end."""
    page.wait_for_timeout(200)
    page.wait_for_selector("[data-test-script-state=notRunning]")


def plot(page, where: str) -> tuple[float, float, float, float]:
    """x, y, width and height of the drawing's own area on the screen, in pixels."""
    return page.locator(where).first.evaluate(
        "e => { const b = e.querySelector('path.background').getBoundingClientRect();"
        "return [b.x, b.y, b.width, b.height] }"
    )


def at_rest(page, where: Callable[[], T]) -> T:
    """What `where` says once it says the same twice, half a second apart, with the page drawn to its end.

    What is above a part of the page is drawn when it is, and may move it a second later where the machine is busy.
    """
    before = None
    while (now := where()) != before:
        before = now
        page.wait_for_timeout(500)
        idle(page)
    return now


def box(locator) -> dict[str, float]:
    """x, y, width and height of this part of the page on the screen, in pixels, once it stands still."""
    return at_rest(locator.page, locator.bounding_box)


def map_plot(page) -> tuple[float, float, float]:
    """x, y and side of the squares of a head's map on the screen, in pixels, once it stands still."""
    return at_rest(page, partial(_map_plot, page))


def _map_plot(page) -> tuple[float, float, float]:
    page.wait_for_function("document.querySelector('.two-heads-map')?.map?.plot()[2] > 0")
    return tuple(
        page.locator(".two-heads-map").evaluate(
            "e => { const [left, top, side] = e.map.plot(), b = e.querySelector('canvas').getBoundingClientRect();"
            "return [b.x + left, b.y + top, side] }"
        )
    )


def place(page, where: str, across: float, down: float) -> tuple[float, float]:
    """Where these parts of the drawing's width and height are on the screen."""
    x, y, width, height = plot(page, where)
    return x + across * width, y + down * height


def click_at(page, where: str, across: float, down: float) -> None:
    """Clicks into a drawing, at these parts of its width and height."""
    page.mouse.click(*place(page, where, across, down))


def click_head(page, layer: int, head: int, layers: int = 6, heads: int = 12) -> None:
    """Clicks a cell of the atlas."""
    click_at(page, ATLAS, (head + 0.5) / heads, (layer + 0.5) / layers)


def frame_of(page, layers: int = 6, heads: int = 12) -> tuple[int, int]:
    """The layer and head whose cell the atlas frames."""
    x, y, width, height = plot(page, ATLAS)
    box = page.locator(f'{ATLAS} path[stroke-width="2.25"]').bounding_box()
    across, down = box["x"] + box["width"] / 2 - x, box["y"] + box["height"] / 2 - y
    return int(down / height * layers), int(across / width * heads)


def framed(page, layer: int, head: int) -> None:
    """Wait until the atlas frames this head and no other; it is drawn after the head itself."""
    for _ in range(50):
        if frame_of(page) == (layer, head):
            return
        page.wait_for_timeout(200)
    assert frame_of(page) == (layer, head)


def address(page) -> dict[str, str]:
    """The parameters of the page's address."""
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def download(page, key: str, label: str) -> bytes:
    """The file of this label under the picture with that key, from the dialog with all of them."""
    page.locator(f".st-key-files_{key}").get_by_role("button", name="All files").click()
    dialog = page.get_by_role("dialog")
    with page.expect_download() as waiting:
        dialog.get_by_role("button", name=label, exact=True).click()
    with open(waiting.value.path(), "rb") as file:
        data = file.read()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    return data


def rows_of(csv_file: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file as we write it."""

    return list(csv.DictReader(io.StringIO(csv_file.decode("utf-8-sig"), newline="")))
