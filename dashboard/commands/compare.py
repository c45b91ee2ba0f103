"""The command that compares heads over a text."""

from __future__ import annotations

import argparse

from dashboard.commands.shared import check_out, out, part, read, text_and_model, unit, written
from dashboard.errors import UserError


def add(commands) -> None:
    compare = commands.add_parser("compare", help="how similar heads are over a text, a row per pair")
    text_and_model(compare)
    part(compare)
    compare.add_argument("--heads", required=True, help="two or more, like L2H0,L2H9; one is enough with --with")
    compare.add_argument(
        "--with", dest="group", metavar="HEADS", help="compare also with several heads as one: layer:2, all, L2H0,L3H1"
    )
    compare.add_argument(
        "--together",
        choices=("mean", "sum", "max"),
        default="mean",
        help="with --with: their mean (default), sum or maximum",
    )
    unit(compare, "tokens")
    out(compare, "table")
    compare.set_defaults(run=run_compare)


def run_compare(args: argparse.Namespace) -> int:
    check_out(args)
    from dashboard.analyses.compare.api import comparison_table
    from dashboard.analyses.explore.api import attention_together, attentions
    from dashboard.export.save import save
    from dashboard.heads.head_id import listed_heads, part_of

    heads = listed_heads(args.heads)
    if len(heads) < (1 if args.group else 2):
        raise UserError("Name two heads or more to compare: --heads L2H0,L2H9.")
    model, encoding = read(
        args,
        part_of(
            heads, "Heads of two parts look at different texts. Name heads that begin with the same letter: L, D or X."
        ),
    )
    how = {"unit": args.unit, "special": args.special}
    views = attentions(model, encoding, heads, **how)
    if args.group:
        views.append(attention_together(model, encoding, args.group, args.together, **how))
    save(comparison_table(views, bos=args.bos), args.out)
    return written(args.out)
