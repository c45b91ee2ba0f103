"""What a person waits for: the first page, the second, another sentence there, and a click on another head, measured in
Chromium."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

from tools.chromium import ARGUMENTS, find
from tools.server import running

CLICKS = 20
WORDS = "the chef who trained in the city says that this dish is her favourite food and the best of all"


def text_of(tokens: int) -> str:
    """A text of this many tokens for minilm, [CLS] and [SEP] counted: each of these words is one token."""
    words = WORDS.split()
    return " ".join(words[index % len(words)] for index in range(tokens - 2))


# Resolves when the picture of the requested head has been painted: each frame looks for it at its start, and that frame
# is painted when the next one starts.
DRAWN = """
(name) => new Promise((resolve) => {
  const look = () => {
    const drawn = document.querySelector('.st-key-picture_head [role="graphics-document"]')?.ariaLabel?.includes(name);
    requestAnimationFrame(drawn ? () => resolve(performance.now()) : look);
  };
  requestAnimationFrame(look);
})
"""


@contextmanager
def page_of(browser: Browser, url: str) -> Iterator[tuple[Page, list[int]]]:
    """A page at 1440 × 900, and the sizes of everything that the server sends it."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    page.goto(url)
    yield page, received
    context.close()


def print_row(what: str, figures: str) -> None:
    """A line of a benchmark: what was measured, then the figures, all in one column."""
    print(f"  {what:<34}{figures}")


def print_clicks(what: str, seconds: Sequence[float], sizes: Sequence[int]) -> None:
    """The row of a repeated click: median, slowest, and the bytes that the server sent for it."""
    print_row(
        what,
        f"median {statistics.median(seconds) * 1000:5.0f} ms (slowest {max(seconds) * 1000:.0f}), "
        f"{statistics.median(sizes) / 1000:.0f} kB sent",
    )


def wait_for_head(page: Page, name: str) -> None:
    page.evaluate(DRAWN, name)


# The position of a head's cell of the atlas on the screen.
CELL = """
([layer, head]) => {
  const atlas = document.querySelector('[class*=st-key-atlas] [role="graphics-document"]');
  const box = atlas.querySelector('path.background').getBoundingClientRect();
  return [box.x + (head + 0.5) * box.width / 12, box.y + (layer + 0.5) * box.height / 6];
}
"""


def clicks(browser: Browser, url: str, tokens: int) -> tuple[list[float], list[int]]:
    """Seconds from a click on a head in the atlas to its painted picture, and bytes sent for it, `CLICKS` times."""
    seconds, sizes = [], []
    address = f"{url}/explore?{urlencode({'text': text_of(tokens), 'unit': 'tokens', 'layer': 5, 'head': 11})}"
    with page_of(browser, address) as (page, received):
        wait_for_head(page, "L5H11")
        page.wait_for_timeout(2000)
        for index in range(CLICKS):
            layer, head = 3 + index // 12, index % 12
            page.mouse.move(*page.evaluate(CELL, [layer, head]))
            page.wait_for_timeout(300)
            before = sum(received)
            # The clock starts in the page, when the button is pressed.
            page.evaluate(
                f"""(name) => {{ window.painted = new Promise(resolve =>
                    addEventListener('pointerdown', async () => {{
                        const start = performance.now();
                        resolve(await ({DRAWN})(name) - start);
                    }}, {{ once: true, capture: true }})); }}""",
                f"L{layer}H{head},",
            )
            page.mouse.down()
            page.mouse.up()
            seconds.append(page.evaluate("window.painted") / 1000)
            page.wait_for_timeout(700)
            sizes.append(sum(received) - before)
    return seconds, sizes


# Seconds of a click on this example of Start until its words stand under the arcs, which come in the same moment.
SENTENCE = """
async ([label, word]) => {
  const chip = [...document.querySelectorAll('.st-key-start_example button')].find(one => one.innerText === label);
  const begun = performance.now();
  chip.click();
  const there = () => [...document.querySelectorAll('*')].some(one =>
    [...(one.shadowRoot?.querySelectorAll('.words button') ?? [])].some(button => button.innerText === word));
  while (!there()) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return (performance.now() - begun) / 1000;
}
"""
EXAMPLES = (("Agreement across a clause", "cabinet"), ("A garden path", "barn"), ("A list", "lemons"))
WORD = ".words button"  # of the sentence on Start


def sentences(browser: Browser, url: str) -> list[float]:
    """Seconds from a click on an example to its arcs on Start, each read for the first time by this server."""
    with page_of(browser, url) as (page, _):
        page.wait_for_selector(WORD)
        page.wait_for_timeout(2000)
        seconds = []
        for label, word in EXAMPLES:
            seconds.append(page.evaluate(SENTENCE, [label, word]))
            page.wait_for_timeout(1500)
    return seconds


def main() -> None:
    print("\nThe page in Chromium, minilm")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        start = time.perf_counter()
        with running(Path(folder) / "log.txt") as url:
            with page_of(browser, url) as (page, _):
                page.wait_for_selector(WORD)
                print_row("first page after server start", f"{time.perf_counter() - start:7.2f} s")
                begun = time.perf_counter()
                again = page.context.new_page()
                again.goto(url)
                again.wait_for_selector(WORD)
                print_row("second page", f"{time.perf_counter() - begun:7.2f} s")
            begun = time.perf_counter()
            with page_of(browser, url) as (page, _):
                page.wait_for_selector(WORD)
            print_row("a browser that was never here", f"{time.perf_counter() - begun:7.2f} s")
            took = sentences(browser, url)
            print_row("another sentence on Start", f"slowest {max(took) * 1000:5.0f} ms of {len(took)}")
            for tokens in (64, 256, 512):
                print_clicks(f"another head at n = {tokens}", *clicks(browser, url, tokens))
        browser.close()


if __name__ == "__main__":
    main()
