"""A text of 8,192 tokens on smollm2: the pass, the page that opens a head of it, another head, and how smoothly its map
zooms and moves in Chromium."""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import psutil
from playwright.sync_api import Page, sync_playwright

from bench.page import DRAWN, page_of, print_row, text_of, wait_for_head
from dashboard import open_model
from dashboard.analyses.explore.long_text import read_long
from dashboard.analyses.explore.map_tiles import overview
from dashboard.heads.head_id import HeadId
from tools.chromium import ARGUMENTS, find
from tools.server import running

TOKENS = 8192
HEADS = (HeadId(3, 4), HeadId(20, 5), HeadId(29, 8))
SECONDS = 3
WAIT = 300_000  # milliseconds for the first picture

# Counts the frames of so many seconds, and the longest time between two of them in ms, into `window.counted`.
COUNT = """(seconds) => {
  window.counted = (async () => {
    const frame = () => new Promise(requestAnimationFrame);
    const begun = await frame();
    let before = begun, count = 0, longest = 0;
    while (before - begun < 1000 * seconds) {
      const now = await frame();
      longest = Math.max(longest, now - before);
      before = now;
      count += 1;
    }
    return [1000 * count / (before - begun), longest];
  })();
}"""

# Notes in `window.passed` when the bar that tells of the pass went away.
PASSED = """() => {
  let told = false;
  const look = () => {
    const bar = document.querySelector('[data-testid="stProgress"]');
    if (told && !bar) { window.passed = performance.now(); return; }
    told ||= Boolean(bar);
    requestAnimationFrame(look);
  };
  look();
}"""


def text() -> str:
    """Of as many tokens for smollm2 as `TOKENS`, the start token counted: each of these words is one token."""
    return text_of(TOKENS + 1)  # that counts two special tokens, here is one


def engine() -> None:
    model = open_model("smollm2")
    encoded = model.encode(text())
    before = psutil.Process().memory_info().rss
    begun = time.perf_counter()
    reading = read_long(model, encoded)
    print_row(f"pass over {len(encoded):,} tokens", f"{time.perf_counter() - begun:7.2f} s")
    took = []
    for head in HEADS:
        begun = time.perf_counter()
        rows = reading.rows(head)
        overview(rows, rows.axis.special)
        took.append(time.perf_counter() - begun)
    print_row("another head, without the page", f"slowest {max(took):.2f} s of {len(took)}")
    print_row("memory above the model's", f"{(psutil.Process().memory_info().rss - before) / 1e6:7.0f} MB")


def smooth(page: Page, way: str) -> tuple[float, float]:
    """(frames a second, the longest between two in ms) while a hand zooms in and out, or drags to and fro."""
    box = page.locator(".two-heads-map canvas").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    if way == "move":
        page.mouse.down()
    page.evaluate(COUNT, SECONDS)
    begun = time.perf_counter()
    while (part := (time.perf_counter() - begun) / SECONDS) < 1:
        if way == "zoom":
            page.mouse.wheel(0, -60 if part < 0.5 else 60)
        else:
            away = 150 * math.sin(12 * part)
            page.mouse.move(x + away, y + away)
    if way == "move":
        page.mouse.up()
    return tuple(page.evaluate("window.counted"))


def main() -> None:
    print(f"\nA long text, smollm2, {TOKENS:,} tokens")
    engine()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        asked = {"model": "smollm2", "unit": "tokens", "layer": 3, "head": 4}
        with (
            running(Path(folder) / "log.txt") as url,
            page_of(browser, f"{url}/explore?{urlencode(asked)}") as (page, _),
        ):
            page.set_default_timeout(WAIT)
            wait_for_head(page, "L3H4")
            begun = time.perf_counter()
            page.goto(f"{url}/explore?{urlencode({**asked, 'text': text()})}")
            page.evaluate(PASSED)
            page.locator(".two-heads-map").wait_for()
            drawn = page.evaluate(DRAWN, "L3H4")
            print_row("page from the text to the picture", f"{time.perf_counter() - begun:7.2f} s, the pass included")
            after = (drawn - page.evaluate("window.passed")) / 1000
            print_row("of which after the pass", f"{after:7.2f} s")
            page.wait_for_timeout(2000)
            canvas = page.locator(".two-heads-map canvas")
            canvas.focus()
            frames, longest = smooth(page, "zoom")
            print_row("the map while it zooms", f"{frames:5.0f} frames a second, the longest {longest:.0f} ms")
            canvas.press("0")
            canvas.press("+")
            canvas.press("+")
            page.wait_for_timeout(2000)
            frames, longest = smooth(page, "move")
            print_row("the map while it is dragged", f"{frames:5.0f} frames a second, the longest {longest:.0f} ms")
        browser.close()
