"""What a person waits for on “Inside a head”: a token chosen, measured in Chromium, and `verify` in full."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, sync_playwright

from bench.page import page_of, print_clicks, print_row, text_of
from tools.chromium import ARGUMENTS, find
from tools.server import running

CHOICES = 12

# From the key press, as the page sees it, to the frame after both pictures are redrawn.
CHOSEN = """
(name) => { window.painted = new Promise(resolve => addEventListener('keydown', () => {
    const start = performance.now();
    const has = (key) => document.querySelector(`.st-key-picture_${key} [role="graphics-document"]`)
        ?.ariaLabel?.includes(name);
    const look = () => {
        if (has('row') && has('steps')) requestAnimationFrame(() => resolve(performance.now() - start));
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}, { once: true, capture: true })); }
"""


def choices(browser: Browser, url: str, tokens: int) -> tuple[list[float], list[int]]:
    """Seconds from Enter on another token to both pictures painted, and bytes sent for it, `CHOICES` times."""
    took, sizes = [], []
    first = tokens // 2 // 20 * 20  # texts repeat after 20 words: neighbours differ, token k + 1 is word k
    address = f"{url}/inside?{urlencode({'text': text_of(tokens), 'layer': 3, 'head': 4, 'query': first + 2})}"
    words = text_of(tokens).split()
    with page_of(browser, address) as (page, received):
        page.wait_for_selector(".st-key-picture_steps [role=graphics-document]", timeout=60_000)
        page.wait_for_timeout(2500)
        for index in range(CHOICES):
            token = first + (4 if index % 2 == 0 else 2)
            box = page.get_by_role("combobox", name="Token that looks")
            box.click()
            box.fill(f"{token} {words[token - 1]}")
            page.wait_for_timeout(400)
            before = sum(received)
            page.evaluate(CHOSEN, f"“{words[token - 1]}” looks")
            page.keyboard.press("Enter")
            took.append(page.evaluate("window.painted") / 1000)
            page.wait_for_timeout(900)
            sizes.append(sum(received) - before)
    return took, sizes


def check_everything() -> None:
    from dashboard import open_model, verify

    text = text_of(4000)
    for name, limit in (("minilm", 512), ("smollm2", 2048)):
        model = open_model(name)
        for sort, encoding in (
            ("1 token", model.encode("a", bos=False)),
            ("12 tokens", model.encode(text, limit=12)),
            ("the limit", model.encode(text, limit=limit)),
        ):
            begun = time.perf_counter()
            table = verify(model, encoding)
            print_row(
                f"verify {name}, {sort}" + (f" ({len(encoding):,} tokens)" if sort == "the limit" else ""),
                f"{time.perf_counter() - begun:7.2f} s, largest difference of weights {table['weights'].max():.1e}, "
                f"of output {table['output'].max():.1e}",
            )


def main() -> None:
    print("\nInside a head")
    check_everything()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        with running(Path(folder) / "log.txt") as url:
            for tokens in (64, 512):
                print_clicks(f"another token at n = {tokens}", *choices(browser, url, tokens))
        browser.close()


if __name__ == "__main__":
    main()
