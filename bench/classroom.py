"""A class at a server for others: `two-heads serve` with several processes, each person with a text of their own.

Everybody chooses another head every five seconds and opens another page twice a minute; some of them sit at Chromium.
Each person stays with one process, as the proxies' files see to it. Every picture is checked against the engine.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from playwright.async_api import Browser, Page, async_playwright

from bench import people as crowd
from bench.page import DRAWN
from bench.people import HEADS, HEADS_PAGE, LAYERS, PAGES, Seen, check, names_of, print_row, raised_in, spread, text_of
from dashboard.heads.head_id import HeadId
from dashboard.serving.visitor import COOKIE, new_key
from tools.chromium import ARGUMENTS, find
from tools.server import ROOT, running

EVERY, PAGE_SHARE = 5.0, 1 / 6  # seconds between two choices; the share of them that opens another page
MOST = 1.0  # seconds of a picture, 95th percentile
LARGEST = 6e9  # bytes of all processes together
GROWTH = 1.05  # of the memory after the first third


class Memory:
    """The memory of a process and all that it started, in bytes, what they share counted once; every two seconds."""

    def __init__(self, port: int):
        shown = crowd.listening(port)
        self._first = shown.parent() or shown
        self.seen: list[int] = []

    def now(self) -> int:
        return sum(one.memory_full_info().pss for one in (self._first, *self._first.children(recursive=True)))

    def cpu(self) -> float:
        every = (self._first, *self._first.children(recursive=True))
        return sum(times.user + times.system for times in (one.cpu_times() for one in every))

    async def keep(self) -> None:
        while True:
            self.seen.append(await asyncio.to_thread(self.now))
            await asyncio.sleep(2)


async def at_chromium(browser: Browser, url: str, number: int, names: Sequence[str], seconds: float) -> Seen:
    """One person at Chromium, as `people.visit`."""
    dice, seen = random.Random(number), Seen(text_of(names[number], number))
    head = HeadId(dice.randrange(LAYERS), dice.randrange(HEADS))
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    page.on("pageerror", lambda wrong: seen.errors.append(str(wrong)[:200]))
    await asyncio.sleep(EVERY * dice.random())
    address = urlencode({"text": seen.text, "layer": head.layer, "head": head.head})
    begun = time.perf_counter()
    await page.goto(f"{url}/{HEADS_PAGE}?{address}")
    await _painted(page, head, begun, seen)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(EVERY * (0.8 + 0.4 * dice.random()))
        if dice.random() < PAGE_SHARE:
            other = dice.choice(PAGES)
            begun = time.perf_counter()
            await page.locator(f'.two-heads-pages a[data-path$="{other}"]').first.click()
            await page.wait_for_url(f"**/{other}*")
            await page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
            seen.pages.append((other, time.perf_counter() - begun))
            await asyncio.sleep(EVERY * (0.8 + 0.4 * dice.random()))
            begun = time.perf_counter()
            await page.locator(f'.two-heads-pages a[data-path$="{HEADS_PAGE}"]').first.click()
        else:
            head = HeadId(head.layer, (head.head + dice.randrange(1, HEADS)) % HEADS)
            field = page.get_by_label("Head", exact=True).first
            await field.fill(str(head.head))
            begun = time.perf_counter()
            await field.press("Enter")
        await _painted(page, head, begun, seen)
    await context.close()
    return seen


async def _painted(page: Page, head: HeadId, begun: float, seen: Seen) -> None:
    try:
        async with asyncio.timeout(30):
            await page.evaluate(DRAWN, f"{head},")
        seen.heads.append(time.perf_counter() - begun)
    except TimeoutError:
        seen.errors.append(f"no picture of {head} in 30 s")


async def lesson(ports: Sequence[int], number: int, seconds: float, browsers: int) -> tuple[list[Seen], Memory, float]:
    """A class of so many for so long, of whom `browsers` sit at Chromium: what they got, memory, cores."""
    names, memory = names_of(number), Memory(ports[0])
    addresses = [f"http://127.0.0.1:{ports[k % len(ports)]}" for k in range(number)]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        keeping, cpu, begun = asyncio.create_task(memory.keep()), memory.cpu(), time.monotonic()
        seen = await asyncio.gather(
            *(at_chromium(browser, addresses[k], k, names, seconds) for k in range(browsers)),
            *(
                crowd.visit(addresses[k], k, names, seconds, cookie=f"{COOKIE}={new_key()}")
                for k in range(browsers, number)
            ),
        )
        share = (memory.cpu() - cpu) / (time.monotonic() - begun)
        keeping.cancel()
        await browser.close()
    await asyncio.to_thread(check, seen)
    return seen, memory, share


def main(people: int = 30, seconds: float = 300, processes: int = 2, browsers: int = 6) -> None:
    """Print the table. Exit status 1 after an error, a wrong picture, too long a wait, or too much memory."""
    crowd.EVERY, crowd.PAGE_SHARE = EVERY, PAGE_SHARE
    print(
        f"\n{people} people for {seconds:.0f} s, {browsers} at Chromium, {processes} processes, {os.cpu_count()} cores"
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "two-heads.toml").write_text(f"processes = {processes}\n")
        log = Path(folder) / "log.txt"
        env = dict(os.environ) | {"PYTHONPATH": str(ROOT), "TWO_HEADS_CACHE": str(Path(folder) / "cache")}
        with running(log, asked=["serve"], folder=Path(folder), env=env) as url:
            first = int(url.rpartition(":")[2])
            time.sleep(8)  # the other processes, and what each opens ahead
            seen, memory, share = asyncio.run(lesson(range(first, first + processes), people, seconds, browsers))
        said = log.read_text(errors="replace")
    raised = [*raised_in(said), *(line for line in said.splitlines() if "ended with status" in line)]
    at_chromium = [took for one in seen[:browsers] for took in one.heads]
    heads = [took for one in seen for took in one.heads]
    errors, wrong = [[message for one in seen for message in getattr(one, name)] for name in ("errors", "wrong")]
    print_row("picture of a head", spread(heads))
    print_row("  painted in Chromium", spread(at_chromium))
    print_row("another page, whole", spread([took for one in seen for _, took in one.pages]))
    print_row("errors, wrong answers, raised", f"{len(errors)}, {len(wrong)}, {len(raised)}")
    for message in dict.fromkeys(errors + wrong + raised):
        print_row("", message[:200])
    parts = [f"{np.mean(part) / 1e6:.0f}" for part in np.array_split(memory.seen, 6)]
    print_row("memory of all processes, six parts", f"{', '.join(parts)} MB")
    print_row("processor time of the server", f"{share:.2f} of {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})")
    third = len(memory.seen) // 3
    grown = np.mean(memory.seen[-third:]) > GROWTH * np.mean(memory.seen[third : 2 * third])
    if errors or wrong or raised or np.percentile(heads, 95) > MOST or max(memory.seen) > LARGEST or grown:
        sys.exit("The server does not hold what it must with this class.")
