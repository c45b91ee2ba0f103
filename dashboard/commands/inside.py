"""The command that checks our built-in attention against the model's own."""

from __future__ import annotations

import argparse

from dashboard.commands.shared import check_out, out, part, read, show_progress, text_and_model, written


def add(commands) -> None:
    verify = commands.add_parser("verify", help="compare our built-in attention with the model's own, a row per layer")
    text_and_model(verify)
    part(verify)
    out(verify, "table", required=False, help="also write the table")
    verify.set_defaults(run=run_verify)


def run_verify(args: argparse.Namespace) -> int:
    """Exit status 1 if a difference is more than rounding."""
    if args.out:
        check_out(args)
    from dashboard.analyses.inside import api
    from dashboard.export.provenance import provenance_of_text
    from dashboard.export.save import save

    model, encoding = read(args, runs=True)
    table = api.verify(model, encoding, progress=show_progress if len(encoding) > 256 else None)
    print(f"{'layer':>5}  {'begins with':<11}  {'weights':>8}  {'output':>8}  largest output")
    for row in table.itertuples():
        print(f"{row.layer:>5}  {row.begins:<11}  {row.weights:8.1e}  {row.output:8.1e}  {row.size:.4g}")
    if args.out:
        save(table, args.out, provenance_of_text(model, encoding, "verify", bos=args.bos))
        written(args.out)
    return int(api.differs(table))
