"""The command that carries heads over from one text to another."""

from __future__ import annotations

import argparse
import sys

from dashboard.commands.shared import check_out, model_and_bos, out, show_progress, standard_input, written
from dashboard.errors import UserError


def add(commands) -> None:
    patch = commands.add_parser(
        "patch", help="put each head of one text into another and measure what it recovers, a row per head"
    )
    patch.add_argument("text", metavar="TEXT A", nargs="?", help="the text that heads are taken from, in quotes")
    patch.add_argument(
        "other", metavar="TEXT B", nargs="?", help="the text that they are put into, with as many tokens"
    )
    model_and_bos(patch)
    patch.add_argument(
        "--answers",
        metavar="A,B",
        default="",
        help='the two next words to compare, like "are,is" (default: the most probable token after each text)',
    )
    patch.add_argument("--heads", default="", metavar="HEADS", help="like L2H9,L5H1 (default: all)")
    patch.add_argument(
        "--position",
        default="all",
        metavar="WHERE",
        help="all: at all tokens; each: at one token after the other; or a word of TEXT B, or its number from 0 "
        "(default: all)",
    )
    patch.add_argument("--direct", action="store_true", help="also measure the path to the logits alone")
    patch.add_argument("--mlps", action="store_true", help="also carry over the feed-forward part of each layer")
    patch.add_argument(
        "--path",
        metavar="HEAD,HEAD",
        help="how much of the first head’s effect goes through the second, of a later layer",
    )
    patch.add_argument(
        "--set",
        metavar="NAME",
        help="in place of two texts: a ready set of pairs (agreement, pronouns, indirect_object, capitals, negation)",
    )
    out(patch, "table")
    patch.set_defaults(run=run_patch)


def run_patch(args: argparse.Namespace) -> int:
    check_out(args)
    if args.set is not None:
        return run_set(args)
    if args.text is None or args.other is None:
        raise UserError("There are two texts to give, in quotes: the first has the heads, the second takes them.")
    from dashboard.analyses.patching.api import patch, patch_path
    from dashboard.analyses.patching.text import patch_finding, patch_remarks, path_finding
    from dashboard.capture import open_model
    from dashboard.capture.weight_file import check_runs
    from dashboard.export.save import save
    from dashboard.heads.head_id import listed_heads

    answers = answers_of(args.answers)
    pair = listed_heads(args.path) if args.path else []
    if args.path and (len(pair) != 2 or args.direct or args.mlps or args.heads or args.position != "all"):
        raise UserError("--path is of two heads, like L2H9,L5H1. Leave out --heads, --position, --direct and --mlps.")
    a, b = (standard_input() if typed == "-" else typed for typed in (args.text, args.other))
    model = open_model(args.model, fetch_missing=True, progress=show_progress)
    check_runs(model)
    if model.note:
        print(model.note, file=sys.stderr)
    if pair:
        path = patch_path(model, a, b, *pair, answers=answers, bos=args.bos)
        print(path_finding(path))
        save(path.table, args.out)
        return written(args.out)
    found = patch(
        model,
        a,
        b,
        answers=answers,
        heads=listed_heads(args.heads) or None,
        position=args.position,
        direct=args.direct,
        mlps=args.mlps,
        bos=args.bos,
        progress=show_progress,
    )
    print(patch_finding(found), *patch_remarks(found), sep="\n")
    save(found.table, args.out)
    return written(args.out)


def run_set(args: argparse.Namespace) -> int:
    others = (args.text, args.other, args.answers, args.heads, args.path, args.direct, args.mlps)
    if any(others) or args.position != "all":
        raise UserError("--set measures all heads in pairs of its own. Leave out the texts and the other options.")
    from dashboard.analyses.patching.set_api import patch_set
    from dashboard.analyses.patching.text import set_finding, set_remarks
    from dashboard.capture import open_model
    from dashboard.export.save import save

    model = open_model(args.model, fetch_missing=True, progress=show_progress)
    found = patch_set(model, args.set, bos=args.bos, progress=show_progress)
    print(set_finding(found, model.title), *set_remarks(found), sep="\n")
    save(found.table, args.out)
    return written(args.out)


def answers_of(typed: str) -> tuple[str, str]:
    """The two answers of "are,is"; two of "" where none are given. Raises UserError for another number."""
    found = [one.strip() for one in typed.split(",")] if typed else ["", ""]
    if len(found) != 2:
        raise UserError(f"--answers has {len(found)} words in “{typed[:60]}”. Give two, like are,is.")
    return found[0], found[1]
