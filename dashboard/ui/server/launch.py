"""Starting the server, and what the first page will need while the browser is still on its way."""

from __future__ import annotations

import os
import socket
import threading
import time
import webbrowser
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import dashboard
from dashboard.installed import HOME
from dashboard.ui.server import quiet
from dashboard.ui.server.put_off import put_off

CHOSEN = "STREAMLIT_SERVER_ALLOWED_HOSTS"  # a person who sets it knows the names of this server
_started_in: list[str] = []  # the person's folder, until the server is up


def launch(port: int, address: str, *, headless: bool, called: Sequence[str] = (), more: Sequence[str] = ()) -> None:
    """Serve the dashboard until it is stopped, behind the door (`dashboard.ui.server.door`).

    The settings are those of our `.streamlit/config.toml`, whatever the current folder is.

    called: names of the server besides the machine's own; more: further settings, as arguments of Streamlit
    """
    from click.exceptions import Abort
    from streamlit.web import cli

    from dashboard.ui.server.door import names

    hosts = [] if CHOSEN in os.environ else [*names(address), *called]
    put_off()
    _started_in.append(os.getcwd())
    os.chdir(HOME)  # Streamlit reads `.streamlit` in the current folder; it must read ours
    if not headless:
        threading.Thread(target=_open_browser, args=(address, port), daemon=True).start()
    with suppress(Abort):  # Ctrl+C: the server has closed already
        cli.main(
            [
                "run",
                str(Path(dashboard.__file__).with_name("served.py")),
                f"--server.address={address}",
                f"--server.port={port}",
                *(f"--server.allowedHosts={name}" for name in hosts),
                "--server.headless=true",
                *more,
            ],  # we open the browser ourselves: Streamlit would print its own advertisement
            prog_name="streamlit",
            standalone_mode=False,
        )


@asynccontextmanager
async def back(app: object) -> AsyncIterator[None]:
    """Around the server's life: once Streamlit has read its settings, paths are relative to the person's folder."""
    if _started_in:
        os.chdir(_started_in.pop())
        threading.Thread(target=_warm_up, daemon=True).start()
    yield


def _open_browser(address: str, port: int, seconds: float = 60) -> None:
    """Show the dashboard as soon as it answers."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address, f"[{address}]" if ":" in address else address)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with socket.create_connection((host.strip("[]"), port), timeout=1):
                break
        except OSError:
            time.sleep(0.2)
    webbrowser.open(f"http://{host}:{port}")


def _warm_up() -> None:
    """Import the slow libraries, open the embedded model for the first page, and import what the pages need.

    A page reports what it needs and cannot get, so errors are ignored here.
    """
    from dashboard.errors import UserError

    with quiet.no_collections():
        import_module("dashboard.analyses.explore.api")
        from dashboard.ui.caches import open_ahead

        with suppress(UserError):
            open_ahead("minilm").encode("Ready.").axis("words")
        for part in iter_modules([str(Path(__file__).parents[1])]):
            import_module(f"dashboard.ui.{part.name}")
