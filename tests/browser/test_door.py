"""A running dashboard answers this machine's own names, and no page of another site connects to it or frames it."""

import http.client
import os
import secrets
import signal
import subprocess
import sys
import time
from base64 import b64encode
from urllib.parse import urlsplit

import pytest

from dashboard.commands.app import first_free_port
from tools.server import ROOT, answers


@pytest.fixture(scope="session")
def ask(dashboard_url):
    """A function that sends a request with these headers; (status, headers)."""
    at = urlsplit(dashboard_url)

    def sent(path="/", **headers):
        line = http.client.HTTPConnection(at.hostname, at.port, timeout=20)
        line.putrequest("GET", path, skip_host=True)
        for name, value in ({"Host": at.netloc} | headers).items():
            line.putheader(name.replace("_", "-"), value)
        line.endheaders()
        answer = line.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}
        line.close()
        return found

    sent.host, sent.port = at.netloc, at.port
    return sent


def connect(ask, **headers):
    key = b64encode(secrets.token_bytes(16)).decode()
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": key}
    return ask("/_stcore/stream", **asked | headers)[0]


FOREIGN = ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "x@localhost", "localhost/x", "10.1.2.3")


@pytest.mark.parametrize("path", ["/", "/explore", "/_stcore/health", "/static/index.html", "/media/x.png"])
def test_a_rebound_name_is_answered_nowhere(ask, path):
    for host in FOREIGN:
        assert ask(path, Host=f"{host}:{ask.port}")[0] == 421, host


def test_a_rebound_page_does_not_connect(ask):
    for host in FOREIGN:
        assert connect(ask, Host=f"{host}:{ask.port}", Origin=f"http://{host}:{ask.port}") == 403, host


def test_this_machines_own_names_are_answered(ask):
    for host in (f"127.0.0.1:{ask.port}", f"localhost:{ask.port}", f"LocalHost:{ask.port}", f"[::1]:{ask.port}"):
        assert ask(Host=host)[0] == 200
        assert connect(ask, Host=host, Origin=f"http://{host}") == 101
        assert connect(ask, Host=host) == 101  # a program, which has no page


def test_a_page_of_another_site_does_not_connect(ask):
    for origin in (
        "http://evil.example",
        f"http://evil.example:{ask.port}",
        "null",
        "http://[",
        "file://",
        f"http://localhost:{ask.port + 1}",
        f"http://x@{ask.host}",
    ):
        assert connect(ask, Origin=origin) == 403, origin


def test_no_other_site_shows_the_pages_in_a_frame(ask):
    for path in ("/", "/compare", "/_stcore/health", "/static/nothing-here"):
        _, headers = ask(path)
        assert headers["content-security-policy"] == "frame-ancestors 'self'"
        assert headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.skipif(os.name != "posix", reason="Windows sends Ctrl+C to a whole console")
def test_ctrl_c_ends_it_without_a_traceback(tmp_path):
    port = first_free_port("127.0.0.1", start=19501, tries=400)
    with (tmp_path / "log").open("wb") as log:
        asked = [sys.executable, "-m", "dashboard", "app", "--headless", "--port", str(port)]
        server = subprocess.Popen(asked, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            until = time.monotonic() + 90
            while not answers(f"http://127.0.0.1:{port}") and time.monotonic() < until:
                time.sleep(0.2)
            server.send_signal(signal.SIGINT)
            assert server.wait(30) == 0
        finally:
            server.kill()
    said = (tmp_path / "log").read_text()
    assert f"http://127.0.0.1:{port}" in said and "Traceback" not in said and "Error" not in said
