"""The command that lays all heads out by similarity."""

from __future__ import annotations

import argparse

from dashboard.commands.shared import check_out, out, show_progress, whole_number, written
from dashboard.formats import endings, format_of


def add(commands) -> None:
    heads_map = commands.add_parser("map", help="a map of all heads by similarity over the built-in sentences")
    heads_map.add_argument("--model", default="minilm", help="a catalogue name, a hub id or a folder (default: minilm)")
    heads_map.add_argument(
        "--limit", type=whole_number, default=None, help="read at most so many of the sentences, evenly spread"
    )
    heads_map.add_argument(
        "--part",
        choices=("encoder", "decoder", "cross"),
        help="of an encoder–decoder: which part's heads (default: the encoder's); a decoder reads each sentence as its "
        "target, with the same sentence as its source",
    )
    out(heads_map, "table", "figure")
    heads_map.set_defaults(run=run_map)


def run_map(args: argparse.Namespace) -> int:
    check_out(args)
    from dashboard.analyses.similarity import api
    from dashboard.analyses.similarity.text import map_finding
    from dashboard.capture import open_model
    from dashboard.export.save import save

    model = open_model(args.model, fetch_missing=True, progress=show_progress)
    found = api.map_heads(model, limit=args.limit, part=args.part or "", progress=show_progress)
    print(map_finding(found))
    table = format_of(args.out) in endings("table")
    save(found.table if table else api.draw_map(found), args.out)
    return written(args.out)
