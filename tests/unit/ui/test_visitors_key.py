"""The key that the door of a server for others gives to a browser that has none."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.serving import VARIABLE, Rules, environment
from dashboard.serving.visitor import is_key
from dashboard.ui.server import door

KEY = "k" * 32


async def page(request: Request) -> Response:
    if request.headers.get("if-none-match"):
        return Response(status_code=304)
    return HTMLResponse("<p>Two Heads</p>")


async def script(_: Request) -> Response:
    return PlainTextResponse("1", media_type="text/javascript")


@pytest.fixture
def ask(monkeypatch):
    monkeypatch.setattr(door, "is_host_allowed", lambda _: True)
    monkeypatch.setenv(VARIABLE, environment(Rules(path="heads"))[VARIABLE])
    app = Starlette(routes=[Route("/", page, methods=["GET", "POST"]), Route("/a.js", script)])

    def asked(path="/", method="GET", **headers):
        with TestClient(door.Door(app)) as client:
            return client.request(
                method, path, headers={name.replace("_", "-"): said for name, said in headers.items()}
            )

    return asked


def test_a_browser_without_a_key_gets_one_with_the_page(ask):
    first, second = (ask().headers["set-cookie"] for _ in range(2))
    assert first != second and is_key(first.partition("=")[2].partition(";")[0])
    parts = {part.strip() for part in first.split(";")[1:]}
    assert {"Path=/heads", "HttpOnly", "SameSite=Lax"} < parts and "Secure" not in parts
    assert ask().headers["cache-control"] == "no-store"
    assert "; Secure" in ask(x_forwarded_proto="https").headers["set-cookie"]


def test_one_that_has_a_key_keeps_it(ask):
    assert "set-cookie" not in ask(cookie=f"other=1; two_heads={KEY}").headers


@pytest.mark.parametrize(
    "cookie", ["two_heads=", "two_heads=short", "two_heads=../../../etc", "a;;=;two_heads", "\xff="]
)
def test_what_is_no_key_is_replaced(ask, cookie):
    assert is_key(ask(cookie=cookie.encode("latin-1")).headers["set-cookie"][len("two_heads=") :][:32])


def test_a_page_that_is_known_to_the_browser_comes_again_with_a_key(ask):
    assert ask(if_none_match='"x"').status_code == 200
    assert ask(if_none_match='"x"', cookie=f"two_heads={KEY}").status_code == 304


def test_nothing_else_brings_a_key_nor_does_ones_own_machine(ask, monkeypatch):
    assert "set-cookie" not in ask("/a.js").headers and "set-cookie" not in ask(method="POST").headers
    monkeypatch.delenv(VARIABLE)
    answer = ask()
    assert "set-cookie" not in answer.headers and answer.headers["content-security-policy"] == "frame-ancestors 'self'"


def test_what_a_page_may_load_names_this_server_alone(ask):
    rules = dict(one.split(" ", 1) for one in ask().headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'self'" and rules["script-src"].startswith("'self' blob: 'sha256-")
    assert "unsafe" not in rules["script-src"] and "http" not in str(rules)
