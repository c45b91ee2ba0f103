"""The door of the server: who may ask, and who may show the pages in a frame.

A site that a person visits can give its own name the address 127.0.0.1 (DNS rebinding); the browser then takes what
answers here for that site's own, and lets its scripts read it. The request still names the site as its host, so only
requests to this machine's own names are answered: those of `server.allowedHosts`. Streamlit itself looks at that only
where a page connects; here it holds for every request. A page of another site cannot connect either, nor show ours in
a frame of its own, where a person would click on what they do not see.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from dashboard.ui.page_list import LEADS_TO

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

OWN = ("localhost", "127.0.0.1", "::1")
NO_FRAMES = {"content-security-policy": "frame-ancestors 'self'", "x-frame-options": "SAMEORIGIN"}
REFUSED = (
    "This dashboard does not answer to this name. Open it as http://127.0.0.1 with its port, or, where others shall "
    "reach it, put the name into STREAMLIT_SERVER_ALLOWED_HOSTS and start it again.\n"
)
_POLICY_VIOLATION = 1008  # RFC 6455


class Door:
    """ASGI middleware: refuses requests to a foreign host and connections from a foreign page; forbids frames."""

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
                await self.app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return

        async def framed_by_nobody(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(NO_FRAMES)
            await send(message)

        answer = self.app if is_host_allowed(host) else PlainTextResponse(REFUSED, status_code=421)
        await answer(scope, receive, framed_by_nobody)


class LeadOn:
    """ASGI middleware: another address of a page leads to the page, with all its choices (`page_list.LEADS_TO`)."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]):
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        before, _, last = path.rstrip("/").rpartition("/")
        answer = self.app
        if scope["type"] == "http" and last in LEADS_TO and "/" not in before.strip("/"):
            query = scope["query_string"].decode("ascii", "replace")
            # Relative, so that it holds behind whatever path the server stands.
            here = "../" if path.endswith("/") else "./"
            answer = RedirectResponse(f"{here}{LEADS_TO[last]}{'?' if query else ''}{query}", status_code=308)
        await answer(scope, receive, send)


def from_here(origin: str | None, host: str | None) -> bool:
    """Whether a connection comes from a page of this server, from one that `server.corsAllowedOrigins` lists, or from
    no page at all (a browser always says from which)."""
    if origin is None or origin in config.get_option("server.corsAllowedOrigins"):
        return True
    try:
        return host is not None and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def names(address: str) -> list[str]:
    """The hosts that a server on this interface answers to: this machine's own, and where it listens on others than
    the loopback, the interface's, or of all of them the machine's name and addresses."""
    try:
        at = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return list(dict.fromkeys([*OWN, address.lower()]))
    if not at.is_unspecified:
        return list(dict.fromkeys([*OWN, str(at)]))
    own = socket.gethostname().lower()
    found = [own, f"{own}.local", socket.getfqdn().lower()]
    with suppress(OSError):  # the name may be in no directory
        found += [str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(own, None)]
    found += filter(None, map(_leads_out, (("8.8.8.8", socket.AF_INET), ("2001:4860:4860::8888", socket.AF_INET6))))
    return list(dict.fromkeys([*OWN, *found]))


def _leads_out(way: tuple[str, socket.AddressFamily]) -> str | None:
    """This machine's address on the interface that leads to the network. Nothing is sent: UDP knows no connection."""
    try:
        with socket.socket(way[1], socket.SOCK_DGRAM) as probe:
            probe.connect((way[0], 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None
