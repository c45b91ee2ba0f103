"""The command that lets a model write on after a text."""

from __future__ import annotations

import argparse

from dashboard.commands.shared import (
    check_out,
    out,
    read,
    show_progress,
    text_and_model,
    whole_number,
    written,
)
from dashboard.errors import UserError
from dashboard.formats import endings, format_of


def add(commands) -> None:
    write = commands.add_parser("write", help="what a causal model writes after a text, a row per token")
    text_and_model(write)
    write.set_defaults(model="smollm2")
    write.add_argument(
        "--tokens", type=whole_number, default=50, metavar="N", help="how many tokens at most (default: 50)"
    )
    write.add_argument(
        "--temperature",
        type=_number,
        default=0.0,
        metavar="T",
        help="0: each token is the most probable one (default); above 0: tokens are drawn, at 1 by the model's own "
        "probabilities",
    )
    write.add_argument(
        "--top-k",
        type=whole_number,
        default=0,
        metavar="K",
        help="draw among the K most probable tokens (default: all)",
    )
    write.add_argument(
        "--seed", type=whole_number, default=0, metavar="S", help="the same seed draws the same tokens (default: 0)"
    )
    write.add_argument("--chat", action="store_true", help="read the text as a message, in the model's chat template")
    out(write, "table", "figure", required=False, help="also write the tokens with their alternatives, or a picture")
    write.set_defaults(run=run_write)


def run_write(args: argparse.Namespace) -> int:
    if args.out:
        check_out(args)
    from dashboard.analyses.writing import api
    from dashboard.export.save import save

    if not args.temperature and (args.top_k or args.seed):
        raise UserError("--top-k and --seed are for drawn tokens. Give a --temperature above 0, or leave them out.")
    model, encoding = read(args, rewritten=api.chat_prompt if args.chat else None, runs=True)
    how = {"tokens": args.tokens, "temperature": args.temperature, "top_k": args.top_k, "seed": args.seed}
    found = api.write(model, encoding, **how, bos=args.bos, progress=show_progress)
    print(found.encoding.text)
    if args.out:
        save(found.table if format_of(args.out) in endings("table") else api.draw_written(found), args.out)
        written(args.out)
    return 0


def _number(typed: str) -> float:
    try:
        return float(typed)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{typed}” is not a number") from None
