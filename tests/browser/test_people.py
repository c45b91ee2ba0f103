"""Several people at once by Streamlit's own protocol, and tabs that stand open: the benchmark of many, in small."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bench import people
from bench.people import Seen, check, crowd, idle, names_of, raised_in, text_of
from bench.visitor import Visitor
from dashboard.analyses.explore import api
from dashboard.analyses.profile.library import place_for
from dashboard.heads.head_id import HeadId
from dashboard.jobs.record import write


def run(work):
    """Asynchronous work in a thread of its own: the browser's tests may have left a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_three_people_see_their_own_text_and_the_head_they_chose(dashboard_url, monkeypatch):
    monkeypatch.setattr(people, "EVERY", 0.8)
    monkeypatch.setattr(people, "PAGE_SHARE", 0.4)
    seen, watch, _ = run(crowd(dashboard_url, 3, 8))
    assert [said for one in seen for said in one.errors + one.wrong] == []
    assert min(len(one.drawn) for one in seen) >= 3 and sum(len(one.pages) for one in seen) >= 1
    assert len(watch.memory) > 5 and max(watch.memory) > 10**8


def test_a_wrong_picture_is_told(minilm):
    text = text_of("Zelda", 0)
    view = api.attention(minilm, text, "L1H2", unit="words")

    def told(head: str, words: list[str], weights: np.ndarray) -> list[str]:
        seen = Seen(text, drawn=[(HeadId.parse(head), words, weights)])
        check([seen])
        return seen.wrong

    words = list(view.labels)
    assert told("L1H2", words, view.weights) == []
    off = view.weights.copy()
    off[3, 1] += 0.001
    assert told("L1H2", words, off) and told("L1H3", words, view.weights) and told("L1H2", words[::-1], view.weights)
    assert told("L1H2", words, np.full_like(view.weights, np.nan))


def test_a_tab_of_somebody_else_is_told(dashboard_url, monkeypatch):
    monkeypatch.setattr(people, "EVERY", 0.5)
    names = names_of(2)
    monkeypatch.setattr(people, "text_of", lambda name, number: text_of(names[0], 0))
    seen = run(people.visit(dashboard_url, 1, names, 0.1))
    assert seen.wrong and names[0] in seen.wrong[0]


def test_idle_tabs_ask_for_nothing(dashboard_url):
    share, new, asked = run(idle(dashboard_url, seconds=4))
    assert asked == 0
    assert share < 0.25  # 5 % of a core is what the benchmark asks for, on a quiet machine
    assert new < 30


def test_an_exception_in_the_log_is_found():
    coloured = "\x1b[31m│ \x1b[0mgiven\n\x1b[1;91mKeyError: \x1b[0m\x1b[32m'no key'\x1b[0m\n  Stopping...\n"
    plain = "Traceback (most recent call last):\n  File\ndashboard.errors.UserError: No.\n"
    assert raised_in(coloured + plain) == ["KeyError: 'no key'", "dashboard.errors.UserError: No."]
    assert raised_in("  URL: http://127.0.0.1:18501\n") == []


@pytest.fixture
def job():
    """A job that seems to be going, which says how far it is when it is told."""
    out = place_for("Benchmark of people")
    out.mkdir(parents=True)

    def told(state: str) -> None:
        asked = {"model": "minilm", "path": "builtin.conllu", "limit": 20}
        about = {"asked": asked, "pid": os.getpid(), "beat": time.time(), "fraction": 0.1, "sentence": "Reading"}
        write(out, about | {"state": state})

    yield told
    shutil.rmtree(out)


def test_a_tab_looks_every_second_while_work_goes_on_and_no_longer(dashboard_url, job):
    async def watched() -> tuple[int, int, bool]:
        job("going")
        async with Visitor(dashboard_url, page="corpus") as tab:
            run = await tab.go()
            assert not run.errors
            await asyncio.sleep(3.5)
            while_going = tab.ticks
            job("stopped")
            await asyncio.sleep(4)
            then = tab.ticks
            await asyncio.sleep(3)
            return while_going, tab.ticks - then, b"Continue" in run.text

    going, after, told = run(watched())
    assert going >= 2 and after == 0 and told
