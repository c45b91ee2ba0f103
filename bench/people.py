"""Many people at one dashboard: each has a text of their own, chooses another head every three seconds, and opens
another page now and then. The pictures are checked against the engine, and the server's time and memory are printed.

Then three idle tabs on “Corpora”: their cost, and how long a new page takes meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import psutil

from bench.visitor import Run, Visitor
from dashboard.analyses.explore import api
from dashboard.capture import open_model
from dashboard.heads.head_id import HeadId
from dashboard.models import CATALOGUE
from tools.server import running

EVERY = 3.0  # seconds between two heads
PAGE_SHARE = 0.15  # of the choices open another page
PAGES = (
    "inside",
    "layers",
    "query_key",
    "profile",
    "find_heads",
    "ablation",
    "compare",
    "similarity",
    "corpus",
    "models",
    "toy",
)
PICTURE, HEADS_PAGE = "picture_head", "explore"  # of a head, and the page that draws it
GROWTH = 1.03  # memory of a round divided by that of the round before it, from the third on
MOST = 2.0  # seconds that a picture may take at the 95th percentile
ROUNDED = 2e-4  # a drawn weight is rounded to four digits
FAINT = 0.01  # weights that may be left out of a drawing, and what they may sum to in a row is 12 of them
# None of them stands in the sentences and stories that come with the package.
NAMES = (
    "Zelda",
    "Yolanda",
    "Wanda",
    "Viktor",
    "Ulrich",
    "Thea",
    "Silas",
    "Rosalind",
    "Quentin",
    "Philippa",
    "Osvaldo",
    "Nikolaus",
    "Marlon",
    "Leopold",
    "Katya",
    "Jasper",
    "Ingrid",
    "Humphrey",
    "Gudrun",
    "Fabian",
    "Ermintrude",
    "Dagmar",
    "Cosima",
    "Boris",
)
MODEL, LAYERS, HEADS = "minilm", 6, 12


@dataclass
class Seen:
    """What one person got, with one model.

    heads: seconds to the picture of a chosen head; pages: to the end of another page, by its path
    errors, wrong: sentences; drawn: (head, the picture's words, its weights with NaN where none is drawn)
    """

    text: str
    model: str = MODEL
    heads: list[float] = field(default_factory=list)
    pages: list[tuple[str, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    drawn: list[tuple[HeadId, list[str], np.ndarray]] = field(default_factory=list)


def names_of(people: int) -> list[str]:
    """A unique name for each person."""
    return [NAMES[k % len(NAMES)] + (str(k // len(NAMES)) if k >= len(NAMES) else "") for k in range(people)]


def text_of(name: str, number: int) -> str:
    """A text that only this person has, of 16 to 40 words, so that its heatmap holds the weights as numbers."""
    return f"{name} says that " + "the old cook in the city knows that " * (1 + number % 4) + "the soup is good."


async def visit(
    url: str, number: int, names: Sequence[str], seconds: float, model: str = MODEL, cookie: str = ""
) -> Seen:
    """One person with a model, for `seconds` from the first picture on. cookie: what their browser sends"""
    dice, name = random.Random(number), names[number]
    seen = Seen(text_of(name, number), model)
    card = CATALOGUE[model]
    others = re.compile(rb"\b(" + "|".join(other for other in names if other != name).encode() + rb")\b")
    head = HeadId(dice.randrange(card.layers), dice.randrange(card.heads))
    query = urlencode({"model": model, "text": seen.text, "layer": head.layer, "head": head.head})
    await asyncio.sleep(EVERY * dice.random())

    def look(run: Run, wanted: HeadId | None, page: str = "") -> None:
        seen.errors += run.errors
        if len(names) > 1 and (found := others.search(run.text)):
            seen.wrong.append(f"{name} was shown a text of {found[1].decode()}’s")
        if wanted is None:
            seen.pages.append((page, run.seconds or time.perf_counter() - run.begun))
            if page not in ("corpus", "models", "toy", "similarity") and name.encode() not in run.text:
                seen.wrong.append(f"the page “{page}” of {name} does not have their text")
        elif pictures := [(spec, at) for key, spec, at in run.pictures if key == PICTURE]:
            spec, at = pictures[-1]
            seen.heads.append(at)
            words, weights = read_heatmap(spec)
            if not spec["title"]["text"][0].startswith(f"{wanted} "):
                seen.wrong.append(f"{name} asked for {wanted} and was shown {spec['title']['text'][0]}")
            seen.drawn.append((wanted, words, weights))
        else:
            seen.errors.append(f"{name} was shown no picture of {wanted}")

    async with Visitor(url, query, cookie=cookie) as tab:
        look(await tab.go(HEADS_PAGE), head)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(EVERY * (0.8 + 0.4 * dice.random()))
            if dice.random() < PAGE_SHARE:
                page = dice.choice(PAGES)
                look(await tab.go(page), None, page)
                await asyncio.sleep(EVERY * (0.8 + 0.4 * dice.random()))
                look(await tab.go(HEADS_PAGE), head)
            elif dice.random() < 0.2:
                head = HeadId((head.layer + dice.randrange(1, card.layers)) % card.layers, head.head)
                look(await tab.choose("choose_layer", head.layer), head)
            else:
                head = HeadId(head.layer, (head.head + dice.randrange(1, card.heads)) % card.heads)
                look(await tab.choose("choose_head", head.head), head)
    return seen


def read_heatmap(spec: dict) -> tuple[list[str], np.ndarray]:
    """The words of a drawn heatmap and its weights (n, n), NaN where none is drawn."""
    words = next(one["value"] for one in spec["params"] if one["name"] == "words0")
    weights = np.full((len(words), len(words)), np.nan)
    for row in spec["layer"][0]["data"]["values"]:
        weights[row["i"], row["j"]] = row["w"]
    return words, weights


def check(people: Sequence[Seen]) -> None:
    """Compare every picture with the engine, which reads the text itself."""
    models = {name: open_model(name) for name in {seen.model for seen in people}}
    for seen in people:
        every = sorted({head for head, _, _ in seen.drawn})
        views = dict(zip(every, api.attentions(models[seen.model], seen.text, every, unit="words"), strict=True))
        for head, words, weights in seen.drawn:
            view = views[head]
            if list(view.labels) != words:
                seen.wrong.append(f"{head} of “{seen.text}” has the words {words}")
                continue
            there = ~np.isnan(weights)
            apart = np.abs(weights - view.weights)[there].max(initial=0)
            left = np.where(there, 0, view.weights)
            if not there.any() or apart > ROUNDED or left.max() > FAINT or left.sum(1).max() > 12 * FAINT:
                seen.wrong.append(f"{head} of “{seen.text}” is off by {apart:.4f}, left out {left.max():.4f}")


def listening(port: int) -> psutil.Process:
    """The process that listens at a port of this machine."""
    [pid] = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid
    }
    return psutil.Process(pid)


class Watch:
    """The server's memory (bytes) every second and its processor time (seconds), including its child processes."""

    def __init__(self, url: str):
        self._process = listening(int(url.rsplit(":", 1)[1]))
        self.memory: list[int] = []

    def cpu(self) -> float:
        whole = [self._process, *self._process.children(recursive=True)]
        return sum(times.user + times.system for times in (one.cpu_times() for one in whole))

    def memory_now(self) -> int:
        return self._process.memory_info().rss

    async def keep(self) -> None:
        while True:
            self.memory.append(self.memory_now())
            await asyncio.sleep(1)


async def crowd(
    url: str, people: int, seconds: float, models: Sequence[str] = (MODEL,), first: int = 0
) -> tuple[list[Seen], Watch, float]:
    """Everybody at once, with the models in turn: what they got, the server's memory, its processor time in cores.

    first: the number of the first person, so that a second crowd has other names and texts
    """
    watch, names = Watch(url), names_of(first + people)
    keeping, cpu, begun = asyncio.create_task(watch.keep()), watch.cpu(), time.monotonic()
    seen = await asyncio.gather(
        *(visit(url, number, names, seconds, models[number % len(models)]) for number in range(first, first + people))
    )
    share = (watch.cpu() - cpu) / (time.monotonic() - begun)
    keeping.cancel()
    await asyncio.to_thread(check, seen)
    return seen, watch, share


async def idle(url: str, tabs: int = 3, seconds: float = 20) -> tuple[float, float, int]:
    """Open tabs on “Corpora”: their share of a core, the seconds of a new page meanwhile, and the tabs' requests."""
    watch, there = Watch(url), [Visitor(url, page="corpus") for _ in range(tabs)]
    try:
        for tab in there:
            await tab.__aenter__()
            await tab.go()
        await asyncio.sleep(2)
        cpu, ticks = watch.cpu(), sum(tab.ticks for tab in there)
        await asyncio.sleep(seconds)
        share, ticks = (watch.cpu() - cpu) / seconds, sum(tab.ticks for tab in there) - ticks
        async with Visitor(url, urlencode({"text": text_of("Somebody", 1)})) as new:
            run = await new.go(HEADS_PAGE)
        if run.errors or not run.pictures:
            raise RuntimeError(f"The new page did not come: {run.errors}")
        return share, next(at for key, _, at in run.pictures if key == PICTURE), ticks
    finally:
        for tab in there:
            await tab.__aexit__()


def raised_in(log: str) -> list[str]:
    """The last lines of the exceptions in a server's log, coloured or not."""
    return re.findall(r"(?m)^(?:\w+\.)*\w*(?:Error|Exception)\b.*$", re.sub(r"\x1b\[[\d;]*m", "", log))


def print_row(what: str, figures: str) -> None:
    print(f"  {what:<34}{figures}", flush=True)


def spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    low, high = np.percentile(seconds, [50, 95])
    return f"median {low:5.2f} s, 95 % under {high:5.2f} s, slowest {max(seconds):5.2f} s ({len(seconds):,})"


def main(people: int = 20, seconds: float = 90, models: Sequence[str] = (MODEL,), rounds: int = 1) -> None:
    """Print the table. Exit status 1 after an error, a wrong picture or too long a wait, or if the server's memory
    still grows in the last of several rounds, each with other people."""
    cores = os.cpu_count()
    print(f"\n{people} people for {seconds:.0f} s, {', '.join(models)}, {cores} cores, load {os.getloadavg()[0]:.1f}")
    seen: list[Seen] = []
    memory: list[list[int]] = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "log.txt") as url:
        share, new, ticks = asyncio.run(idle(url))
        print_row(
            "three idle tabs on Corpus", f"{share:.1%} of a core, {ticks} requests in 20 s; a new page {new:.2f} s"
        )
        for number in range(rounds):
            some, watch, cpu = asyncio.run(crowd(url, people, seconds, models, number * people))
            seen, memory = seen + some, [*memory, watch.memory]
            parts = [f"{np.mean(part) / 1e6:.0f}" for part in np.array_split(watch.memory, 6)]
            print_row("memory of the server, six parts", f"{', '.join(parts)} MB")
        log = (Path(folder) / "log.txt").read_text(errors="replace")
    raised = raised_in(log)
    heads = [took for one in seen for took in one.heads]
    errors, wrong = [[message for one in seen for message in getattr(one, name)] for name in ("errors", "wrong")]
    print_row("picture of a head", spread(heads))
    print_row("another page, whole", spread([took for one in seen for _, took in one.pages]))
    for page in sorted({page for one in seen for page, _ in one.pages}):
        print_row(f"  {page}", spread([took for one in seen for path, took in one.pages if path == page]))
    print_row("errors, wrong answers, raised", f"{len(errors)}, {len(wrong)}, {len(raised)}")
    for message in dict.fromkeys(errors + wrong + raised):
        print_row("", message[:200])
    print_row("processor time of the server", f"{cpu:.2f} of {cores} cores (load {os.getloadavg()[0]:.1f} after)")
    ends = [float(np.mean(one[-len(one) // 4 :])) for one in memory]
    grown = rounds > 2 and ends[-1] > GROWTH * ends[-2]
    if errors or wrong or raised or np.percentile(heads, 95) > MOST or share > 0.05 or new > MOST or grown:
        sys.exit("The dashboard does not hold what it must with these people.")
