"""The command that cuts links of attention and measures what changes."""

from __future__ import annotations

import argparse

from dashboard.commands.shared import check_out, check_second, dotted, model_and_bos, out, part, read, written
from dashboard.errors import UserError

ONE_PART = "Edits are in one part of the model. Name heads that begin with the same letter: L, D or X."


def add(commands) -> None:
    edit = commands.add_parser("edit", help="cut links of attention and measure what changes, a row per token")
    edit.add_argument("text", metavar="TEXT", help="the text, in quotes; - reads standard input")
    model_and_bos(edit)
    part(edit)
    edit.add_argument(
        "--cut",
        action="append",
        required=True,
        metavar="HEAD:QUERY>KEY",
        help='a link, in quotes, as > means a file to a shell: "L2H9:says>chef". A word that stands several times by '
        "its number, from 0; * for all tokens. HEAD:QUERY=WAY replaces the word's row: by uniform, previous, self or "
        "first. Give --cut again for more",
    )
    edit.add_argument(
        "--row",
        choices=("renormalised", "left"),
        default="renormalised",
        help="the rest of a row with a cut: divided by its sum, or left as it is (default: renormalised)",
    )
    edit.add_argument(
        "--answer", default="", metavar="WORD", help="a next word to look at (default: the most probable token)"
    )
    edit.add_argument(
        "--rival", default="", metavar="WORD", help="what it is compared with (default: the most probable other token)"
    )
    edit.add_argument("--next", metavar="FILE", help=f"also write what comes after the text: {dotted('table')}")
    out(edit, "table")
    edit.set_defaults(run=run_edit)


def run_edit(args: argparse.Namespace) -> int:
    check_out(args)
    check_second(args, "next")
    from dashboard.analyses.edit.api import edit
    from dashboard.analyses.edit.text import edit_finding, edit_remarks
    from dashboard.capture.language import language_head
    from dashboard.export.save import save
    from dashboard.heads.head_id import listed_heads, part_of

    named = listed_heads(",".join(dict.fromkeys(one.partition(":")[0] for one in args.cut if ":" in one)))
    model, encoding = read(args, part_of(named, ONE_PART), runs=True)
    if args.next and (not model.predicts_next or language_head(model) is None):
        raise UserError(f"{model.title} predicts no next token. Leave out --next.")
    found = edit(model, encoding, args.cut, row=args.row, answer=args.answer, rival=args.rival, bos=args.bos)
    print(edit_finding(found), *edit_remarks(found), sep="\n")
    save(found.table, args.out)
    if args.next:
        save(found.next, args.next)
        written(args.next)
    return written(args.out)
