"""A server for others, started as `two-heads serve` starts it, behind nginx where there is one, and what its visitors
see: their models, their own work, and that they go on after a process or the whole server was killed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from websockets.sync.client import connect

from dashboard.commands.app import first_free_port
from dashboard.serving.visitor import new_key as visitor_key
from tests.helpers.browser import idle
from tools import nginx
from tools.server import ROOT, answers

CONFIG = """
models = ["minilm"]
processes = 2
path = "heads"
[limits]
characters = 500
"""
CONNECTED = ".stApp[data-test-connection-state=CONNECTED]"


class Server:
    """`two-heads serve` with two processes, and nginx before it."""

    def __init__(self, folder: Path):
        self.folder, self.port, self.monitor = folder, first_free_port("127.0.0.1", 19701), 19801
        (folder / "two-heads.toml").write_text(CONFIG)
        self.url = f"http://127.0.0.1:{self.port}/heads"
        self.start()

    def start(self) -> None:
        self.monitor = first_free_port("127.0.0.1", 19801)
        asked = [sys.executable, "-m", "dashboard", "serve"]
        env = dict(os.environ) | {"PYTHONPATH": str(ROOT), "TWO_HEADS_CACHE": str(self.folder / "cache")}
        with (self.folder / "served.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [*asked, "--port", str(self.port), "--monitor", str(self.monitor)],
                cwd=self.folder,
                env=env,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 90
        while not all(answers(f"http://127.0.0.1:{self.port + k}/heads") for k in (0, 1)):
            assert self.process.poll() is None and time.monotonic() < until, self.log()
            time.sleep(0.2)

    def log(self) -> str:
        return (self.folder / "served.txt").read_text(errors="replace")

    def of_jobs(self, *states: str) -> int:
        """How many jobs are in these states, after what a monitor is told."""
        said = self.told("metrics")
        return sum(int(float(re.search(rf'jobs{{state="{state}"}} (\S+)', said)[1])) for state in states)

    def told(self, what: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.monitor}/{what}", timeout=10) as answer:
            return answer.read().decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    there = Server(folder)
    with ExitStack() as stack:
        if nginx.find():
            there.url = stack.enter_context(nginx.before([there.port, there.port + 1], folder)) + "/heads"
        yield there
        there.process.terminate()
        assert there.process.wait(20) == 0
    assert "Traceback" not in there.log() and "Models: minilm. Texts of up to 500 characters." in there.log()


@pytest.fixture
def visitor(chromium, server):
    """Opens a tab of another visitor each time."""
    contexts = []

    def come(address: str = ""):
        who = {"username": "class", "password": nginx.PASSWORD}
        contexts.append(
            chromium.new_context(
                viewport={"width": 1440, "height": 900}, ignore_https_errors=True, http_credentials=who
            )
        )
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.sent = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda sent: page.sent.append(sent)))
        page.goto(f"{server.url}/{address}")
        return page

    yield come
    for one in contexts:
        one.close()


def test_a_visitor_reads_with_its_models_and_no_other(visitor, server):
    page = visitor()
    page.locator(".words button").first.wait_for()
    page.goto(f"{server.url}/explore?model=/etc/passwd")
    page.get_by_text("This server has the models minilm. Choose one of them.").first.wait_for()
    page.goto(f"{server.url}/explore?text={'word+' * 120}")
    page.get_by_text("This server reads texts of up to 500 characters.").first.wait_for()
    assert page.request.get(f"{server.url}/_stcore/health").ok
    assert page.request.get(f"{server.url}/_stcore/metrics").status == 404
    page.goto(f"{server.url}/models")
    page.get_by_role("heading", name="MiniLM", exact=True).wait_for()
    idle(page)
    assert not page.get_by_text("From the hub").count() and not page.locator("[data-testid=stFileUploader]").count()


def test_no_page_loads_from_elsewhere_or_breaks_its_own_rules(visitor, server):
    page, wrong, here = visitor(), [], server.url.removesuffix("/heads")
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    page.on(
        "request", lambda asked: None if asked.url.startswith((here, "data:", "blob:")) else wrong.append(asked.url)
    )
    for name in ("start", "explore", "edit", "toy", "similarity", "report"):  # with a component or a chart of each kind
        page.goto(f"{server.url}/{name}")
        idle(page)
    assert wrong == []
    answer = page.request.get(server.url + "/explore")
    assert answer.headers["referrer-policy"] == "no-referrer" and "script-src 'self' blob:" in str(answer.headers)
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_cookie_holds_the_key_and_work_belongs_to_it(visitor, server):
    one, other = visitor("corpus"), visitor("corpus")
    [cookie] = [cookie for cookie in one.context.cookies() if cookie["name"] == "two_heads"]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax" and len(cookie["value"]) == 32
    assert cookie["secure"] == server.url.startswith("https") and "two_heads" not in one.evaluate("document.cookie")
    one.get_by_label("Name of the profile").fill("Mine alone")
    one.get_by_role("button", name="Start the profile").click()
    one.get_by_text("Mine alone", exact=True).wait_for()
    other.reload()
    other.get_by_role("button", name="Start the profile").wait_for()
    idle(other)
    assert not other.get_by_text("Mine alone").count()
    assert 'two_heads_jobs{state="going"} 1.0' in server.told("metrics") and server.told("health") == "ok\n"
    one.sent.clear()
    one.reload()
    one.get_by_role("button", name="Stop").click()
    one.get_by_role("button", name="Continue").wait_for()
    stopping = [message for message in one.sent if isinstance(message, bytes)]
    one.get_by_role("button", name="Continue").click()
    one.get_by_role("button", name="Stop").wait_for()
    one.goto("about:blank")
    foreign = said_to(server, stopping, visitor_key())
    assert b"Mine alone" not in foreign and server.of_jobs("going", "waiting") == 1
    assert b"Mine alone" in said_to(server, stopping, cookie["value"])
    until = time.monotonic() + 15
    while server.of_jobs("going", "waiting"):  # the same messages with the key
        assert time.monotonic() < until
        time.sleep(0.5)


def said_to(server, messages, key: str) -> bytes:
    """What a process answers to these messages of a tab, sent by a browser with this key."""
    url, got = f"ws://127.0.0.1:{server.port}/heads/_stcore/stream", bytearray()
    headers = {"Cookie": f"two_heads={key}"}
    with connect(url, subprotocols=["streamlit"], additional_headers=headers, max_size=None) as socket:
        for message in messages:
            socket.send(message)
            with suppress(TimeoutError):
                while True:
                    got += socket.recv(1)
    return bytes(got)


def head_of(page, head: int) -> None:
    page.get_by_label("Head", exact=True).first.fill(str(head))
    page.keyboard.press("Enter")
    page.locator("h5", has_text=f"L2H{head} ").first.wait_for()


def test_everyone_goes_on_with_the_next_click_after_a_kill(visitor, server):
    tabs = [visitor(f"explore?text=Visitor+number+{k}+reads&layer=2&head={k}") for k in range(3)]
    for k, tab in enumerate(tabs):
        tab.locator("h5", has_text=f"L2H{k} ").first.wait_for()
        idle(tab)
    for one in psutil.Process(server.process.pid).children():
        one.kill()  # the processes that show pages, each by itself
    go_on(tabs, server, 4)
    server.process.kill()
    server.process.wait()
    server.start()
    go_on(tabs, server, 8)


def go_on(tabs, server, first: int) -> None:
    time.sleep(2)
    until = time.monotonic() + 90
    while not all(answers(f"http://127.0.0.1:{server.port + k}/heads") for k in (0, 1)):
        assert time.monotonic() < until, server.log()
        time.sleep(0.2)
    for k, tab in enumerate(tabs):
        tab.wait_for_timeout(1000)
        tab.locator(CONNECTED).wait_for(timeout=60_000)
        idle(tab)
        head_of(tab, first + k)
        assert f"Visitor+number+{k}" in tab.url and f"head={first + k}" in tab.url


def test_logs_have_no_texts(server):
    for file in server.folder.glob("*.txt"):
        assert "number+1" not in file.read_text(errors="replace"), file


def test_what_cannot_be_served_ends_with_a_sentence(tmp_path):
    def said(config: str) -> str:
        (tmp_path / "two-heads.toml").write_text(config)
        asked = [sys.executable, "-m", "dashboard", "serve"]
        env = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(asked, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 2 and "Traceback" not in done.stderr
        return done.stderr

    assert "owner/name" in said('models = ["owner/name"]') and "models = " not in said('models = ["owner/name"]')
    assert "[limits] characters" in said("[limits]\ncharacters = 1")
