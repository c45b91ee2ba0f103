"""The door of the server: which requests it answers, who may show the pages in a frame, and a visitor's key.

A site that a person visits can point its own name to 127.0.0.1 (DNS rebinding). The browser then takes the answers of
this server for that site's own and lets its scripts read them. The request still names the site as its host, so the
server answers only requests to this machine's own names: those of `server.allowedHosts`. Streamlit checks them only
for a page's connection; here the check covers every request. A page of another site can neither connect nor show our
pages in a frame, where a person would click on something they do not see.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import socket
from base64 import b64encode
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from dashboard import serving
from dashboard.serving import visitor
from dashboard.serving.visitor import COOKIE
from dashboard.ui.page_list import LEADS_TO
from dashboard.ui.server import counts

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

OWN = ("localhost", "127.0.0.1", "::1")
NO_FRAMES = {"content-security-policy": "frame-ancestors 'self'", "x-frame-options": "SAMEORIGIN"}
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",  # an address holds the text
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
REFUSED = (
    "This dashboard does not answer to this name. Open it as http://127.0.0.1 with its port. To let others "
    "reach it, put the name into STREAMLIT_SERVER_ALLOWED_HOSTS and start it again.\n"
)
COUNTS = "/_stcore/metrics"
"""What Streamlit counts: the names of our functions and how often each was called. Nothing for visitors."""
_POLICY_VIOLATION = 1008  # RFC 6455


class Door:
    """ASGI middleware: refuses requests to a foreign host and connections from a foreign page; forbids frames. On a
    server for others it keeps Streamlit's counts to itself, and gives a browser without a key one with the page."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]):
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(raw=scope["headers"])
        host, origin = headers.get("host"), headers.get("origin")
        if scope["type"] == "websocket":
            if is_host_allowed(host) and from_here(origin, host):
                with counts.connected():
                    await self.app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return

        there, stranger = serving.rules(), False
        if there and scope["method"] == "GET" and not _has_key(headers):
            stranger = True  # the whole page, and not “unchanged”: that is no answer to put a cookie on
            scope = {**scope, "headers": [one for one in scope["headers"] if not one[0].lower().startswith(b"if-")]}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                back = MutableHeaders(scope=message)
                back.update(NO_FRAMES | HEADERS)
                if there:
                    back["content-security-policy"] = sources()
                if there and stranger and back.get("content-type", "").startswith("text/html"):
                    _give_key(headers, back, there)
            await send(message)

        answer = self.app if is_host_allowed(host) else PlainTextResponse(REFUSED, status_code=421)
        if there and scope["path"].endswith(COUNTS):
            answer = PlainTextResponse("Not found\n", status_code=404)
        await answer(scope, receive, guarded)


class LeadOn:
    """ASGI middleware: redirects another address of a page to the page, with all choices (`page_list.LEADS_TO`)."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]):
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        before, _, last = path.rstrip("/").rpartition("/")
        answer = self.app
        if scope["type"] == "http" and last in LEADS_TO and "/" not in before.strip("/"):
            query = scope["query_string"].decode("ascii", "replace")
            # Relative, so that it also works behind a proxy that adds a path.
            here = "../" if path.endswith("/") else "./"
            answer = RedirectResponse(f"{here}{LEADS_TO[last]}{'?' if query else ''}{query}", status_code=308)
        await answer(scope, receive, send)


def _has_key(asked: Headers) -> bool:
    try:
        cookie = SimpleCookie(asked.get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    return cookie is not None and visitor.is_key(cookie.value)


def _give_key(asked: Headers, back: MutableHeaders, rules: serving.Rules) -> None:
    """Give a browser that has no key one: for a year, and out of reach of scripts."""
    cookie = f"{COOKIE}={visitor.new_key()}; Path=/{rules.path}; Max-Age={365 * visitor.DAY}; HttpOnly; SameSite=Lax"
    secure = asked.get("x-forwarded-proto") == "https"
    back.append("set-cookie", cookie + "; Secure" * secure)
    back["cache-control"] = "no-store"


@lru_cache(maxsize=1)
def sources() -> str:
    """Where a page of a server for others may load from: this server alone, and its own scripts.

    Streamlit's page has scripts in its text, which are known by their hash; components are scripts that it makes in the
    browser (`blob:`).
    """
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inside = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    known = [b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in inside]
    scripts = " ".join(["'self'", "blob:", *(f"'sha256-{one}'" for one in known)])
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def from_here(origin: str | None, host: str | None) -> bool:
    """Whether a connection comes from a page of this server, from one that `server.corsAllowedOrigins` lists, or from
    no page at all (a browser always sends the origin)."""
    if origin is None or origin in config.get_option("server.corsAllowedOrigins"):
        return True
    try:
        return host is not None and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def names(address: str) -> list[str]:
    """The host names that a server on this interface answers to.

    Always the names of the loopback; for another interface also its address; for all interfaces also the machine's
    name and addresses.
    """
    try:
        at = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return list(dict.fromkeys([*OWN, address.lower()]))
    if not at.is_unspecified:
        return list(dict.fromkeys([*OWN, str(at)]))
    own = socket.gethostname().lower()
    found = [own, f"{own}.local", socket.getfqdn().lower()]
    with suppress(OSError):  # the name may not resolve
        found += [str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(own, None)]
    found += filter(None, map(_leads_out, (("8.8.8.8", socket.AF_INET), ("2001:4860:4860::8888", socket.AF_INET6))))
    return list(dict.fromkeys([*OWN, *found]))


def _leads_out(way: tuple[str, socket.AddressFamily]) -> str | None:
    """This machine's address on the interface to the network. Nothing is sent: UDP has no connection."""
    try:
        with socket.socket(way[1], socket.SOCK_DGRAM) as probe:
            probe.connect((way[0], 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None
