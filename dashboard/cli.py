"""The same engine without a browser.

Exit status 0; 1 where `verify` finds a difference; 2 with one sentence on standard error. The file's ending picks the
format.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from dashboard.commands import TOPICS
from dashboard.commands.shared import Parser
from dashboard.errors import UserError


def main(arguments: Sequence[str] | None = None, called: str = "python -m dashboard") -> int:
    """Run a command and return the exit status. called: the program's name in help and errors"""
    try:
        args = build_parser(called).parse_args(arguments)
        return args.run(args) or 0
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. Nothing was written.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `… | head` closed the pipe: nobody reads the rest
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def script() -> int:
    """The program ``two-heads``."""
    return main(called="two-heads")


def build_parser(called: str = "python -m dashboard") -> Parser:
    parser = Parser(prog=called, description="Look inside transformer attention.", allow_abbrev=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    for topic in TOPICS:
        import_module(f"dashboard.commands.{topic}").add(commands)
    return parser
