"""Many walks at a server of their own, one after another or some at once, and what they found."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from playwright.sync_api import sync_playwright

from bench.page import print_row
from bench.walks.walker import Walk, Walker
from dashboard.errors import UserError
from dashboard.files import cache_dir
from dashboard.jobs.job import find as job_of
from dashboard.jobs.record import JOB
from tools.chromium import ARGUMENTS, find
from tools.server import ROOT, running

SHARED = ("models", "export")  # of the cache; reports, profiles and measurements are the walks' own
PICTURES = ROOT / "build" / "walks"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Path]]:
    """A dashboard that keeps what people make in this folder and reaches for no network: its address and its log."""
    cache = folder / "cache"
    cache.mkdir()
    for name in SHARED:
        if (there := cache_dir() / name).is_dir():
            (cache / name).symlink_to(there, target_is_directory=True)
    log = folder / "log.txt"
    env = os.environ | {"TWO_HEADS_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    with running(log, env=env) as url:
        yield url, log


def walk_all(
    url: str, log: Path, numbers: Sequence[int], actions: int, seed: int, at_once: int = 1, minutes: float = 1e6
) -> Iterator[Walk]:
    """The walks of these numbers, in the order in which they end. minutes: no walk begins later"""
    left, done = SimpleQueue[int](), SimpleQueue[Walk]()
    for number in numbers:
        left.put(number)
    until = time.monotonic() + 60 * minutes

    def work() -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
            walker = Walker(browser, url, log, PICTURES, seed)
            while time.monotonic() < until:
                try:
                    number = left.get_nowait()
                except Empty:
                    break
                done.put(walker.walk(number, actions))
                stop_jobs(log.parent)
            browser.close()

    with ThreadPoolExecutor(at_once) as pool:
        working = [pool.submit(work) for _ in range(at_once)]
        while not (all(one.done() for one in working) and done.empty()):
            try:
                yield done.get(timeout=1)
            except Empty:
                continue
        for one in working:
            one.result()


def stop_jobs(folder: Path) -> None:
    """Measurements that a walk began would slow down the next one."""
    for file in folder.rglob(JOB):
        if (job := job_of(file.parent)) is not None:
            with suppress(UserError):
                job.stop()


def main(
    walks: int = 20,
    actions: int = 30,
    seed: int = 0,
    walk: int | None = None,
    at_once: int = 1,
    minutes: float = 1e6,
) -> None:
    """Walk and print what was found. walk: only this one. Exit status 1 if anything was wrong."""
    numbers = range(walks) if walk is None else [walk]
    print(f"\n{len(numbers)} random walks of {actions} actions, seed {seed}", flush=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    found: list[Walk] = []
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (url, log):
        for one in walk_all(url, log, numbers, actions, seed, at_once, minutes):
            found.append(one)
            if one.wrong or walk is not None:
                print(one, flush=True)
                if walk is not None:
                    print("\n".join(one.reasons))
            elif len(found) % 20 == 0:
                print(f"{told(found)} so far", flush=True)
    print_row("walks, actions, with a defect", told(found))
    kinds = Counter(sentence.partition(":")[0] for one in found for sentence in one.wrong)
    print_row("defects by kind", ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or "none")
    missed = sum((one.missed for one in found), Counter())
    print_row("gone before the click", ", ".join(f"{what} {n}" for what, n in missed.most_common(8)) or "none")
    for sentence, count in sum((one.warnings for one in found), Counter()).most_common(5):
        print_row("warning in the console", f"{count} × {sentence}")
    for seconds, action, page in sorted((took for one in found for took in one.took), reverse=True)[:5]:
        print_row("slowest", f"{seconds:5.1f} s {action} on {page}")
    if any(one.wrong for one in found):
        sys.exit("Something is wrong with the dashboard, or with the walk.")


def told(found: Sequence[Walk]) -> str:
    return f"{len(found)}, {sum(len(one.actions) for one in found):,}, {sum(bool(one.wrong) for one in found)}"
