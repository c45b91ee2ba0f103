"""The command that replaces heads by their own models and measures what is kept."""

from __future__ import annotations

import argparse
import sys

from dashboard.commands.shared import check_out, out, show_progress, warn_of_latin1, whole_number, written
from dashboard.formats import endings, format_of


def add(commands) -> None:
    needs = commands.add_parser(
        "needs", help="replace heads by their own models of position, syntax and context: what is kept, a row per head"
    )
    needs.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="builtin",
        help="a treebank (.conllu, .conllup, .conll) or English text (.txt); default: builtin, the built-in sentences",
    )
    needs.add_argument("--model", default="minilm", help="a catalogue name, a hub id or a folder (default: minilm)")
    needs.add_argument(
        "--no-bos",
        dest="bos",
        action="store_false",
        help="do not put a beginning-of-sequence token in front of a causal model's text",
    )
    needs.add_argument("--heads", default="", metavar="HEADS", help="like L2H9,L5H1 (default: all)")
    needs.add_argument(
        "--sentences",
        type=whole_number,
        default=200,
        metavar="N",
        help="measure over at most N sentences, evenly spread over the file (default: 200); the models are fitted on "
        "all of it",
    )
    needs.add_argument(
        "--figure",
        choices=("position", "position_syntax", "position_context", "all", "syntax", "context"),
        default="all",
        help="what is drawn, where a picture is written (default: all)",
    )
    out(needs, "table", "figure")
    needs.set_defaults(run=run_needs)


def run_needs(args: argparse.Namespace) -> int:
    check_out(args)
    from pathlib import Path

    from dashboard.analyses.profile.needs.api import draw_needs, needs
    from dashboard.analyses.profile.needs.text import WHY, correlation_said, needs_finding, needs_remarks
    from dashboard.capture import open_model
    from dashboard.corpus.builtin import BUILTIN
    from dashboard.export.save import save
    from dashboard.heads.head_id import listed_heads

    path = None if args.file == BUILTIN else Path(args.file)
    if path is not None:
        warn_of_latin1(path)
    heads = listed_heads(args.heads) or None
    model = open_model(args.model, fetch_missing=True, progress=show_progress)
    if model.note:
        print(model.note, file=sys.stderr)
    found = needs(model, path, heads, sentences=args.sentences, bos=args.bos, progress=show_progress)
    said = [needs_finding(found.table), correlation_said(found.correlation(args.figure), args.figure)]
    print(*said, *needs_remarks(found.table), WHY, sep="\n")
    save(found.table if format_of(args.out) in endings("table") else draw_needs(found, args.figure), args.out)
    return written(args.out)
