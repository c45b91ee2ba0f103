"""Random walks in Chromium, bounded: the benchmark of walks, in small. `tests/unit/test_walks.py` has their dice."""

from __future__ import annotations

import time

import pytest

from bench.walks import choose, walker
from bench.walks.run import served
from bench.walks.walker import Walker

WALKS, ACTIONS, SECONDS = 2, 30, 45.0


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A server of the walks' own, and its log."""
    with served(tmp_path_factory.mktemp("walks")) as there:
        yield there


@pytest.mark.parametrize("number", range(WALKS))
def test_a_random_walk_finds_nothing_wrong(chromium, here, tmp_path, monkeypatch, number):
    monkeypatch.setattr(choose, "HURRIED", 0)  # the benchmark's hand hurries; here the same happens on any machine
    walk = Walker(chromium, *here, tmp_path).walk(number, ACTIONS, time.monotonic() + SECONDS)
    assert not walk.wrong, str(walk)
    assert len(walk.actions) > ACTIONS / 3


BREAKS = {
    "script": "setTimeout(() => { throw new Error('broken') }, 500)",
    "request": "if (location.protocol === 'http:') fetch('/media/nothing-is-here.png')",
    "text": """setInterval(() => {
        const top = document.querySelector('.st-key-text_menu p');
        if (top) top.textContent = '“Another text”';
    }, 50)""",
}


@pytest.mark.parametrize("kind", BREAKS)
def test_what_a_page_does_wrong_is_told_with_the_way_to_it(chromium, here, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(walker, "SCREEN", f"{walker.SCREEN}\n{BREAKS[kind]}")
    monkeypatch.setattr(walker, "TRIES", 2)
    url, log = here
    walk = Walker(chromium, f"{url}/explore", log, tmp_path).walk(7, 2)
    assert kind in {sentence.partition(":")[0] for sentence in walk.wrong}
    assert walk.screenshot.stat().st_size > 1000 and "--walk 7 --seed 0" in str(walk)
