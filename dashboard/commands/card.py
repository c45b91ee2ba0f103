"""The command that makes a model's card."""

from __future__ import annotations

import argparse
import sys

from dashboard.commands.shared import show_progress, whole_number, written


def add(commands) -> None:
    card = commands.add_parser("card", help="what a model's heads do, on one page")
    card.add_argument("model", metavar="MODEL", help="a catalogue name, a hub id or a folder")
    card.add_argument(
        "--out", required=True, metavar="DIR", help="the folder to write to; an interrupted run continues"
    )
    card.add_argument(
        "--sentences",
        type=whole_number,
        default=None,
        metavar="N",
        help="read at most N of the built-in sentences (default: all)",
    )
    card.set_defaults(run=run_card)


def run_card(args: argparse.Namespace) -> int:
    from dashboard.analyses.card.api import make_card
    from dashboard.capture import open_model

    model = open_model(args.model, fetch_missing=True, progress=show_progress)
    try:
        card = make_card(model, args.out, sentences=args.sentences, progress=show_progress)
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.", file=sys.stderr)
        return 130
    return max(written(str(file)) for file in card.files)
