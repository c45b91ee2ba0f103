"""The command that finds heads by example."""

from __future__ import annotations

import argparse
import sys

from dashboard.commands.shared import check_out, out, part, read, text_and_model, written


def add(commands) -> None:
    find = commands.add_parser("find", help="heads by example: which attend most along pairs of words, a row per head")
    text_and_model(find)
    part(find)
    find.add_argument(
        "--pairs",
        required=True,
        metavar="PAIRS",
        help='query > key, like "says>chef,9>1"; each word by its text or its number, from 0. With --part cross: '
        "a word of the target > a word of the source; heads are then ranked by alignment error",
    )
    out(find, "table")
    find.set_defaults(run=run_find)


def run_find(args: argparse.Namespace) -> int:
    check_out(args)
    from dashboard.analyses.find_heads import api
    from dashboard.analyses.find_heads.by_example import looks_ahead
    from dashboard.analyses.find_heads.text import example_finding
    from dashboard.export.save import save

    model, encoding = read(args)
    if model.part == "cross":
        return _aligners(args, model, encoding)
    found = api.find_heads(model, encoding, args.pairs, bos=args.bos)
    if found.masked:
        print(f"Left out: {looks_ahead(found.words, found.masked, found.model)}", file=sys.stderr)
    print(example_finding(found))
    save(found.table, args.out)
    return written(args.out)


def _aligners(args: argparse.Namespace, model, encoding) -> int:
    """The heads of cross attention by their alignment error."""
    from dashboard.analyses.find_heads.aligner_text import finding
    from dashboard.analyses.find_heads.find_aligners import find_aligners
    from dashboard.export.save import save

    found = find_aligners(model, encoding, args.pairs, bos=args.bos)
    print(finding(found))
    save(found.table, args.out)
    return written(args.out)
