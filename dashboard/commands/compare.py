"""The command that compares heads over a text."""

from __future__ import annotations

import argparse

from dashboard.commands.shared import check_out, out, part, read, text_and_model, unit, written
from dashboard.errors import UserError


def add(commands) -> None:
    compare = commands.add_parser("compare", help="how similar heads are over a text, a row per pair")
    text_and_model(compare)
    part(compare)
    compare.add_argument("--heads", required=True, help="two or more, like L2H0,L2H9")
    unit(compare, "tokens")
    out(compare, "table")
    compare.set_defaults(run=run_compare)


def run_compare(args: argparse.Namespace) -> int:
    check_out(args)
    from dashboard.analyses.compare.api import comparison_table
    from dashboard.analyses.explore.api import attentions
    from dashboard.export.save import save
    from dashboard.heads.head_id import listed_heads, part_of

    heads = listed_heads(args.heads)
    if len(heads) < 2:
        raise UserError("Name two heads or more to compare: --heads L2H0,L2H9.")
    model, encoding = read(
        args, part_of(heads, "Heads of two parts look at different texts. Name heads of one letter.")
    )
    views = attentions(model, encoding, heads, unit=args.unit, special=args.special)
    save(comparison_table(views, bos=args.bos), args.out)
    return written(args.out)
