"""The command that serves the dashboard to others."""

from __future__ import annotations

import argparse
from pathlib import Path

from dashboard import serving
from dashboard.commands.app import first_free_port, free_port
from dashboard.commands.shared import whole_number
from dashboard.errors import UserError
from dashboard.installed import COMMAND

MONITOR = 9464


def add(commands) -> None:
    serve = commands.add_parser("serve", help="serve the dashboard to others: only the models and limits that you name")
    serve.add_argument(
        "--config",
        metavar="FILE",
        default=serving.FILE,
        help=f"which models and limits (default: {serving.FILE} in this folder)",
    )
    serve.add_argument(
        "--port",
        type=whole_number,
        default=None,
        help="the port to listen on, and the ones after it where the file asks for several processes (default: as for "
        "app)",
    )
    serve.add_argument(
        "--address", default="127.0.0.1", help="the interface to listen on (default: this machine, for a proxy)"
    )
    serve.add_argument(
        "--monitor",
        metavar="PORT",
        type=whole_number,
        default=None,
        help=f"the port of this machine at which a monitor asks (default: the first free one from {MONITOR})",
    )
    serve.set_defaults(run=run_serve)


def run_serve(args: argparse.Namespace) -> int:
    rules = serving.read_rules(Path(args.config))
    _check_there(rules)
    first = free_port(args.port, args.address)
    ports = [first, *(free_port(port, args.address) for port in range(first + 1, first + rules.processes))]
    monitor = first_free_port("127.0.0.1", MONITOR) if args.monitor is None else free_port(args.monitor, "127.0.0.1")
    from dashboard.ui.server.processes import serve

    print(f"Models: {', '.join(rules.models)}. Texts of up to {rules.characters:,} characters.")
    for port in ports:
        print(f"Pages: http://{args.address}:{port}/{rules.path}")
    print(f"For a monitor: http://127.0.0.1:{monitor}/health and /metrics", flush=True)
    serve(rules, ports, args.address, monitor)
    return 0


def _check_there(rules: serving.Rules) -> None:
    """Raises UserError for a model that is not on this machine: a server fetches none."""
    from dashboard.models import find

    for name in rules.models:
        try:
            find(name)
        except UserError as wrong:
            how = f"Fetch it with “{COMMAND} models --get {name}”, or take it out of the file"
            raise UserError(f"“{name}” is to be served and cannot be opened. {how}. ({wrong})") from wrong
