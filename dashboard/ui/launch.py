"""Starting the server, and what the first page will need while the browser is still on its way."""

from __future__ import annotations

import os
import socket
import threading
import time
import webbrowser
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

ROOT = Path(__file__).resolve().parents[2]
CHOSEN = "STREAMLIT_SERVER_ALLOWED_HOSTS"  # whoever sets it knows by which names the dashboard is reached


def launch(port: int, address: str, *, headless: bool) -> None:
    """Serve the dashboard until it is stopped, as `streamlit run dashboard` does from the project's folder, behind a
    door (`dashboard.ui.door`)."""
    from click.exceptions import Abort
    from streamlit.web import cli

    from dashboard.ui.door import names

    os.chdir(ROOT)  # where .streamlit/config.toml lies
    threading.Thread(target=_warm_up, daemon=True).start()
    if not headless:
        threading.Thread(target=_open_browser, args=(address, port), daemon=True).start()
    with suppress(Abort):  # Ctrl+C: the server has closed already
        cli.main(
            [
                "run",
                str(ROOT / "dashboard" / "served.py"),
                f"--server.address={address}",
                f"--server.port={port}",
                *(() if CHOSEN in os.environ else (f"--server.allowedHosts={name}" for name in names(address))),
                "--server.headless=true",
            ],  # we open the browser ourselves: Streamlit's way brings its own advertisement
            prog_name="streamlit",
            standalone_mode=False,
        )


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
    """Import what takes seconds, read the embedded model once, and import what the pages need. What fails here is told
    by the page that needs it."""
    from dashboard.errors import UserError

    import_module("dashboard.analyses.explore.api")
    from dashboard.capture import open_model

    with suppress(UserError):
        open_model("minilm").encode("Ready.").axis("words")
    for part in iter_modules([str(ROOT / "dashboard" / "ui")]):
        import_module(f"dashboard.ui.{part.name}")
