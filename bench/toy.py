"""What a person waits for at the toy: a switch, and a cell of a table, from the press to the painted steps."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.page import page_of, print_clicks
from tools.chromium import ARGUMENTS, find
from tools.server import running

CHANGES = 12
MOST = 0.2  # seconds

# From the key press, as the page sees it, to the frame after the numbers of the steps have changed.
CHANGED = """
() => { window.painted = new Promise(resolve => {
    const numbers = () => document.querySelector('.st-key-picture_toy_steps [role="graphics-document"]')?.textContent;
    const begin = () => {
        const start = performance.now(), was = numbers();
        const look = () => {
            if (numbers() && numbers() !== was) requestAnimationFrame(() => resolve(performance.now() - start));
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    };
    for (const kind of ['click', 'keydown']) addEventListener(kind, begin, { once: true, capture: true });
}); }
"""


def switched(page: Page, _index: int) -> None:
    page.get_by_text("Causal mask", exact=True).first.click()


def typed(page: Page, index: int) -> None:
    cell = page.locator(".st-key-edit_w_q input").first
    cell.evaluate("(cell, number) => { cell.value = number; cell.focus(); }", f"{1.1 + index / 10:.1f}")
    page.keyboard.press("Enter")


def changes(browser: Browser, url: str, change) -> tuple[list[float], list[int]]:
    """Seconds from a change to the painted steps, and bytes sent for it, after one to warm up."""
    took, sizes = [], []
    with page_of(browser, f"{url}/toy") as (page, received):
        page.wait_for_selector(".st-key-picture_toy_steps [role=graphics-document]", timeout=60_000)
        page.wait_for_timeout(2500)
        for index in range(CHANGES + 1):
            before = sum(received)
            page.evaluate(CHANGED)
            change(page, index)
            took.append(page.evaluate("window.painted") / 1000)
            page.wait_for_timeout(900)
            sizes.append(sum(received) - before)
    return took[1:], sizes[1:]


def main() -> None:
    """Print both medians. Exit status 1 if one is over its limit."""
    print("\nToy attention")
    slow = False
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        with running(Path(folder) / "log.txt") as url:
            for what, change in (("a switch", switched), ("a cell of a table", typed)):
                took, sizes = changes(browser, url, change)
                print_clicks(what, took, sizes)
                slow |= statistics.median(took) > MOST
        browser.close()
    if slow:
        sys.exit("A change of the toy takes over 200 ms.")


if __name__ == "__main__":
    main()
