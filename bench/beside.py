"""BertViz and CircuitsVis beside us: from a text to the picture of its heads, and a click on another head, in Chromium.

Both are got from PyPI and npm for the run alone, with what they load from the net, which is served here from files. All
read the same text with the same weights. They draw every layer or a whole layer at once; we draw the head that is
looked at and a small map of each of the others.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, Route, sync_playwright

from bench.page import clicks, page_of, print_row, text_of, wait_for_head
from tools.chromium import ARGUMENTS, find
from tools.server import running

PYTHON = ("bertviz==1.4.1", "circuitsvis==1.43.3")
SCRIPTS = {"d3": "d3@5.7.0", "jquery": "jquery@2.1.0", "require": "requirejs@2.3.6"}
FILES = {"d3": "dist/d3.min.js", "jquery": "dist/jquery.min.js", "require": "require.js"}
TOKENS = (64, 256)
TIMES = 3
WAIT = 170_000  # milliseconds for a picture

PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
BERTVIZ_DRAWN = "() => document.querySelectorAll('svg line').length > 10"
CIRCUITSVIS_DRAWN = """() => [...document.querySelectorAll('canvas, img, svg')].some(
    one => one.getBoundingClientRect().width > 50)"""
# A click on one of BertViz' squares shows or hides its head.
BERTVIZ_CLICK = """async () => {
  const square = [...document.querySelectorAll('rect')].filter(one => {
    const { width, height } = one.getBoundingClientRect();
    return width > 8 && width < 40 && Math.abs(width - height) < 6;
  })[3];
  const begun = performance.now();
  square.dispatchEvent(new MouseEvent('click', { bubbles: true, view: window }));
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - begun;
}"""


def get(folder: Path) -> dict[str, Path]:
    """Put the two libraries where Python finds them; the scripts that their pages load, by name."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--target", str(folder), *PYTHON], check=True)
    sys.path.append(str(folder))
    found = {}
    for name, package in SCRIPTS.items():
        packed = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True
        ).stdout.split()[-1]
        with tarfile.open(folder / packed) as archive:
            archive.extractall(folder / name, filter="data")
        found[name] = folder / name / "package" / FILES[name]
    return found


def makers(tokens: int) -> dict[str, tuple[Callable[[], str], str]]:
    """By library: what makes its HTML of this text, the model's pass included, and when that is drawn."""
    import torch
    from bertviz import head_view  # pyright: ignore[reportMissingImports]
    from circuitsvis.attention import attention_heads  # pyright: ignore[reportMissingImports]
    from transformers import AutoModel, AutoTokenizer

    from dashboard import open_model

    folder = open_model("minilm").source.folder
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def read() -> tuple[tuple[torch.Tensor, ...], list[str]]:
        given = tokenizer(text_of(tokens), return_tensors="pt")
        with torch.inference_mode():
            weights = model(**given, output_attentions=True).attentions
        return weights, tokenizer.convert_ids_to_tokens(given["input_ids"][0])

    def circuitsvis() -> str:
        weights, labels = read()
        return attention_heads(weights[5][0], labels).local_src

    return {
        "BertViz": (lambda: head_view(*read(), html_action="return").data, BERTVIZ_DRAWN),
        "CircuitsVis": (circuitsvis, CIRCUITSVIS_DRAWN),
    }


def seconds_of(page: Page, folder: Path, make: Callable[[], str], drawn: str) -> float:
    """From the call to the painted picture."""
    file = folder / "picture.html"
    begun = time.perf_counter()
    file.write_text(f"<!doctype html><meta charset=utf-8><body>{make()}", encoding="utf-8")
    page.goto(file.as_uri())
    page.wait_for_function(drawn, timeout=WAIT)
    page.evaluate(PAINTED)
    return time.perf_counter() - begun


def ours(browser: Browser, url: str, tokens: int) -> float:
    """From a text that this server has not read to its painted picture, in another page of the browser."""
    took = []
    for turn in range(TIMES + 1):
        text = text_of(tokens - turn) + " and" * turn
        choices = urlencode({"text": text, "unit": "tokens", "layer": 5, "head": 11})
        begun = time.perf_counter()
        with page_of(browser, f"{url}/explore?{choices}") as (page, _):
            wait_for_head(page, "L5H11")
            took.append(time.perf_counter() - begun)
    return statistics.median(took[1:])  # the first waits for the server's start, too


def main() -> None:
    print("\nBeside others, minilm, from the text to the picture, and another head")
    if shutil.which("npm") is None:
        print("  Not measured: the others load scripts that npm fetches, and there is no npm here.")
        return
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        scripts = get(folder)
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)

        def serve(route: Route) -> None:
            wanted = re.search("require|jquery|d3", route.request.url.rpartition("/")[2])
            if wanted:
                route.fulfill(path=scripts[wanted.group()], content_type="text/javascript")
            else:
                route.abort()

        with running(folder / "log.txt") as url:
            for tokens in TOKENS:
                took, click = ours(browser, url, tokens), statistics.median(clicks(browser, url, tokens)[0])
                print_row(f"Two Heads, {tokens} tokens", f"{took:6.2f} s, a click {1000 * click:5.0f} ms")
        for tokens in TOKENS:
            for library, (make, drawn) in makers(tokens).items():
                took, click = [], []
                for _ in range(TIMES if tokens < 200 else 1):
                    page = browser.new_page(viewport={"width": 1440, "height": 900})
                    page.route(lambda address: address.startswith("http"), serve)
                    took.append(seconds_of(page, folder, make, drawn))
                    if library == "BertViz":
                        click.append(page.evaluate(BERTVIZ_CLICK))
                    page.close()
                more = f", a click {statistics.median(click):5.0f} ms" if click else ""
                print_row(f"{library}, {tokens} tokens", f"{statistics.median(took):6.2f} s{more}")
        browser.close()
