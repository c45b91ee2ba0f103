"""The command that scores all heads over a text."""

from __future__ import annotations

import argparse

from dashboard.commands.shared import as_words, check_out, out, pair, part, read, text_and_model, twin, written


def add(commands) -> None:
    scores = commands.add_parser("scores", help="how much each head follows simple patterns, a row per head")
    text_and_model(scores)
    pair(scores)
    part(scores)
    twin(scores, "also the scores (untrained_…)")
    out(scores, "table")
    scores.set_defaults(run=run_scores)


def run_scores(args: argparse.Namespace) -> int:
    check_out(args)
    from dashboard.analyses.scores import api
    from dashboard.export.provenance import provenance_of_text
    from dashboard.export.save import save

    model, encoding = read(args)
    options = as_words(args) | ({"between": args.between} if args.between else {})
    table = api.scores(model, encoding, between=args.between, twin=args.twin)
    options |= {"twin": True} if args.twin else {}
    save(table, args.out, provenance_of_text(model, encoding, "scores", bos=args.bos, **options))
    return written(args.out)
