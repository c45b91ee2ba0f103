"""Starting the server, and what the first page will need while the browser is still on its way."""

from __future__ import annotations

import os
import threading
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def launch(port: int, address: str, *, headless: bool) -> None:
    """Serve the dashboard until it is stopped, as `streamlit run dashboard` does from the project's folder."""
    from streamlit.web import cli

    os.chdir(ROOT)  # where .streamlit/config.toml lies
    threading.Thread(target=_warm_up, daemon=True).start()
    cli.main(
        ["run", str(ROOT / "dashboard"), f"--server.address={address}", f"--server.port={port}",
         f"--server.headless={str(headless).lower()}"],
        prog_name="streamlit",
        standalone_mode=False,
    )  # fmt: skip


def _warm_up() -> None:
    """Import what takes seconds and read the embedded model once. What fails here is told by the page that needs it."""
    from dashboard.errors import UserError

    import_module("dashboard.api")
    from dashboard.capture import open_model

    try:
        open_model("minilm").encode("Ready.").axis("words")
    except UserError:
        return
