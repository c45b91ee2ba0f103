"""50 tokens that smollm2 writes: by themselves, as the library writes them, and one by one on the page."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import torch
from playwright.sync_api import sync_playwright
from transformers import AutoModelForCausalLM

from bench.page import page_of, print_row
from dashboard import open_model, write
from tools.chromium import ARGUMENTS, find
from tools.server import running

TOKENS = 50
TEXT = "Once upon a time"
WAIT = 60_000  # milliseconds

# Seconds from a click on “Write” to the first token and to the last, and how many steps were seen on the way.
WATCH = """async () => {
  const page = document.querySelector('[data-testid="stMain"]');
  const shown = () => /([0-9,]+) of [0-9,]+ tokens/.exec(page.innerText)?.[1];
  const over = () => document.querySelector('.st-key-token_next');
  document.querySelector('[class*="st-key-write_on"] button').click();
  const begun = performance.now();
  const seen = new Set();
  let first = null;
  while (!over()) {
    await new Promise(requestAnimationFrame);
    const now = shown();
    if (now) { seen.add(now); first ??= performance.now(); }
  }
  return [(first - begun) / 1000, (performance.now() - begun) / 1000, seen.size];
}"""


def engine() -> None:
    """The text by itself, held against the library's own greedy search."""
    model = open_model("smollm2")
    begun = time.perf_counter()
    written = write(model, TEXT, tokens=TOKENS)
    took = time.perf_counter() - begun
    library = AutoModelForCausalLM.from_pretrained(model.source.folder).eval()
    ids = torch.tensor([model.encode(TEXT).ids])
    begun = time.perf_counter()
    with torch.inference_mode():
        theirs = library.generate(ids, max_new_tokens=TOKENS, do_sample=False)[0]
    print_row(f"{len(written.tokens)} tokens by themselves", f"{took:6.2f} s")
    same = "the same" if theirs.tolist() == list(written.encoding.ids) else "not the same"
    print_row("generate of the library", f"{time.perf_counter() - begun:6.2f} s, {same} text")


def main() -> None:
    print(f"\nWhat the model writes, smollm2, {TOKENS} tokens")
    engine()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        asked = {"model": "smollm2", "text": TEXT, "write": TOKENS}
        with (
            running(Path(folder) / "log.txt") as url,
            page_of(browser, f"{url}/writing?{urlencode(asked)}") as (page, _),
        ):
            page.set_default_timeout(WAIT)
            page.locator("[class*='st-key-write_on'] button").wait_for()
            page.wait_for_timeout(2000)
            first, last, steps = page.evaluate(WATCH)
            print_row("on the page", f"{last:6.2f} s, the first after {first:.2f} s, {steps} steps seen")
        browser.close()
