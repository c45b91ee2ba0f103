"""The command that attributes a prediction to the words of a text."""

from __future__ import annotations

import argparse

from dashboard.commands.shared import (
    check_out,
    check_second,
    dotted,
    out,
    read,
    show_progress,
    text_and_model,
    whole_number,
    written,
)

STEPS = 240  # as in `dashboard.analyses.attribution.api`, which imports numpy


def add(commands) -> None:
    attribute = commands.add_parser(
        "attribute", help="what each token adds to a prediction, and which heads look at the words that add most"
    )
    text_and_model(attribute)
    attribute.add_argument("--pair", metavar="TEXT", help="a second text, for a classifier of sentence pairs")
    attribute.add_argument(
        "--answer",
        default="",
        metavar="WORD",
        help="a next word, or a class by name or number (default: the most probable outcome)",
    )
    attribute.add_argument("--rival", default="", metavar="WORD", help="what it is compared with (default: none)")
    attribute.add_argument(
        "--steps",
        type=whole_number,
        default=STEPS,
        metavar="N",
        help=f"the most points of the path of integrated gradients (default: {STEPS})",
    )
    attribute.add_argument("--heads", metavar="FILE", help=f"also write a row per head: {dotted('table')}")
    out(attribute, "table")
    attribute.set_defaults(run=run_attribute)


def run_attribute(args: argparse.Namespace) -> int:
    check_out(args)
    check_second(args, "heads")
    from dashboard.analyses.attribution.api import attribute
    from dashboard.analyses.attribution.text import attribution_finding, attribution_remarks, heads_finding
    from dashboard.export.save import save

    model, encoding = read(args)
    found = attribute(
        model,
        encoding,
        answer=args.answer,
        rival=args.rival,
        steps=args.steps,
        bos=args.bos,
        progress=show_progress,
    )
    print(attribution_finding(found), *attribution_remarks(found), heads_finding(found), sep="\n")
    save(found.table, args.out)
    if args.heads:
        save(found.heads, args.heads)
        written(args.heads)
    return written(args.out)
