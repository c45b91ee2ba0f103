"""A hand on the model: from a click on a link to the changed prediction in Chromium, and all heads of one text carried
into another at each token."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, sync_playwright

from bench.page import page_of, print_row, text_of
from dashboard import open_model, pair_sets, patch
from tools.chromium import ARGUMENTS, find
from tools.server import running

CLICKS = 12
TOKENS = 64
WAIT = 60_000  # milliseconds
HEADS = {"minilm": (3, 1), "smollm2": (15, 1)}  # by model, in the middle: (layer, head)
SPECIAL = {"minilm": 2, "smollm2": 1}  # tokens of a text, of which `text_of` counts two
SEEN = {"minilm": "edited", "smollm2": "next"}
"""The picture of what changed: the shift of each word, or the next token."""

# The map's corner and the side of its square on the screen.
PLOT = """() => {
  const map = document.querySelector('.two-heads-map');
  const [left, top, side] = map.map.plot();
  const box = map.querySelector('canvas').getBoundingClientRect();
  return [box.x + left, box.y + top, side];
}"""

# Notes in `window.painted` the ms from the moment the button is let go to the painted picture that says this.
WATCH = """([where, says]) => {
  window.painted = new Promise(resolve => addEventListener('pointerup', async () => {
    const begun = performance.now();
    const drawn = () => [...document.querySelectorAll(where)].some(one => one.ariaLabel?.includes(says));
    while (!drawn()) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    resolve(performance.now() - begun);
  }, { once: true, capture: true }));
}"""


def clicks(browser: Browser, url: str, model: str) -> list[float]:
    """Milliseconds of each of `CLICKS` clicks on a cell of a head's map, all links being whole before each."""
    layer, head = HEADS[model]
    asked = {
        "model": model,
        "text": text_of(TOKENS + 2 - SPECIAL[model]),
        "layer": layer,
        "head": head,
        "edits": "none",
        "view": "heatmap",
    }
    took = []
    with page_of(browser, f"{url}/edit?{urlencode(asked)}") as (page, _):
        page.set_default_timeout(WAIT)
        page.get_by_text("Nothing is edited").wait_for()
        page.wait_for_timeout(3000)
        for index in range(CLICKS + 1):  # the first makes what the others find
            left, top, side = page.evaluate(PLOT)
            row, column = 20 + 3 * index, 3 + index
            page.mouse.move(left + (column + 0.5) * side / TOKENS, top + (row + 0.5) * side / TOKENS)
            page.wait_for_timeout(300)
            page.evaluate(WATCH, [f'.st-key-picture_{SEEN[model]} [role="graphics-document"]', f"L{layer}H{head}: "])
            page.mouse.down()
            page.mouse.up()
            took.append(page.evaluate("window.painted"))
            page.wait_for_timeout(800)
            page.get_by_role("button", name="Remove all").click()
            page.get_by_text("Nothing is edited").wait_for()
            page.wait_for_timeout(1200)
    return took[1:]


def main() -> None:
    print(f"\nA link is cut, {TOKENS} tokens; a head is carried over")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        with running(Path(folder) / "log.txt") as url:
            for model in HEADS:
                took = clicks(browser, url, model)
                figures = f"median {statistics.median(took):5.0f} ms (slowest {max(took):.0f})"
                print_row(f"click to the change, {model}", figures)
        browser.close()
    model = open_model("smollm2")
    for name, ready in pair_sets().items():
        pair = ready.pairs[0]
        begun = time.perf_counter()
        found = patch(model, pair.a, pair.b, answers=(pair.answer, pair.rival), position="each")
        what = f"{len(found.table):,} heads and tokens"
        print_row(f"pair of {name.replace('_', ' ')}, smollm2", f"{time.perf_counter() - begun:7.1f} s, {what}")
