"""The commands for the dashboard itself: launch it, list the models."""

from __future__ import annotations

import argparse
import errno
import socket

from dashboard.commands.shared import show_progress, whole_number
from dashboard.errors import UserError


def add(commands) -> None:
    app = commands.add_parser("app", help="launch the dashboard")
    app.add_argument(
        "--port", type=whole_number, default=None, help="the port to listen on (default: the first free one from 8501)"
    )
    app.add_argument("--address", default="127.0.0.1", help="the interface to listen on (default: this machine only)")
    app.add_argument("--headless", action="store_true", help="do not open a browser")
    app.set_defaults(run=run_app)

    models = commands.add_parser("models", help="list the models, or get one")
    models.add_argument("--get", metavar="NAME", help="download a model of the catalogue")
    models.set_defaults(run=run_models)


def run_app(args: argparse.Namespace) -> int:
    port = free_port(args.port, args.address)
    from dashboard.ui.server.launch import launch

    launch(port, args.address, headless=args.headless)
    return 0


def free_port(asked: int | None, address: str) -> int:
    """The port that was asked for, or the first free one. Raises UserError where it is none, or taken."""
    port = first_free_port(address) if asked is None else asked
    if not 0 < port < 65536:
        raise UserError(f"There is no port {port}. Choose one between 1 and 65535, like 8501.")
    if not _can_listen(address, port):
        raise UserError(f"Port {port} is taken. Name another with --port, or leave it out to get the first free one.")
    return port


def first_free_port(address: str, start: int = 8501, tries: int = 50) -> int:
    """The first free port of this interface from `start` on. Raises UserError if there is none."""
    for port in range(start, start + tries):
        if _can_listen(address, port):
            return port
    raise UserError(f"No free port between {start} and {start + tries - 1}. Name one with --port.")


def _can_listen(address: str, port: int) -> bool:
    """Whether the port is free. Raises UserError for an address that this machine does not have."""
    try:
        [(family, kind, _, _, where), *_] = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
        probe = socket.socket(family, kind)
    except (OSError, UnicodeError, ValueError):
        raise UserError(f"“{address[:80]}” is no address of this machine. 127.0.0.1 is this machine alone.") from None
    with probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where)
        except OSError as wrong:
            if wrong.errno == errno.EADDRNOTAVAIL:
                raise UserError(
                    f"“{address[:80]}” is no address of this machine. 127.0.0.1 is this machine alone."
                ) from None
            return False
        return True


def run_models(args: argparse.Namespace) -> int:
    from dashboard.models import fetch, listing

    if args.get is not None:
        print(fetch(args.get, progress=show_progress))
        return 0
    rows = [{"name": "name", "state": "state", "size": "size", "layers": "layers", "heads": "heads", "hub_id": "model"}]
    rows += listing()
    widths = {column: max(len(row[column]) for row in rows) for column in rows[0]}
    for row in rows:
        print("  ".join(row[column].ljust(width) for column, width in widths.items()).rstrip())
    print("Also: the path of a folder with safetensors or of a GGUF file, or a hub id like owner/name.")
    return 0
