"""The command that profiles all heads over a corpus."""

from __future__ import annotations

import argparse
import sys

from dashboard.commands.shared import show_progress, twin, warn_of_latin1, whole_number
from dashboard.formats import readable


def add(commands) -> None:
    profile = commands.add_parser("profile", help="measure all heads over a treebank or a text file")
    profile.add_argument(
        "file",
        metavar="FILE",
        help="a treebank (.conllu, .conllup, .conll), a text (.txt), or the word builtin: the built-in sentences",
    )
    profile.add_argument("--model", default="minilm", help="a catalogue name, a hub id or a folder (default: minilm)")
    profile.add_argument(
        "--out", required=True, metavar="DIR", help="the folder to write to; an interrupted run continues"
    )
    profile.add_argument("--limit", type=whole_number, default=None, help="read at most so many sentences")
    profile.add_argument("--format", choices=readable(), default="parquet", help="default: parquet")
    profile.add_argument(
        "--parser", metavar="NAME", help="a spaCy model of your own that parses the text: a package or a folder"
    )
    profile.add_argument(
        "--as",
        dest="read_as",
        choices=("text", "words"),
        default="text",
        help="read a treebank's text as it was written (default), or its words one by one",
    )
    twin(profile, "in place of the model, the figures")
    many = profile.add_mutually_exclusive_group()
    many.add_argument(
        "--workers", type=whole_number, default=1, metavar="N", help="processes that share the work (default: 1)"
    )
    many.add_argument("--scheduler", metavar="ADDRESS", help="a Dask cluster that does it, like tcp://127.0.0.1:8786")
    profile.set_defaults(run=run_profile)


def run_profile(args: argparse.Namespace) -> int:
    from dashboard.analyses.profile.run import profile
    from dashboard.capture import open_model
    from dashboard.corpus.builtin import BUILTIN, builtin_corpus
    from dashboard.models.twin.source import UNTRAINED
    from dashboard.text import not_english_file

    file = str(builtin_corpus()) if args.file == BUILTIN else args.file
    if file.lower().endswith(".txt") and not args.parser and (sentence := not_english_file(file)):
        print(sentence, file=sys.stderr)
    warn_of_latin1(file)
    name = UNTRAINED + args.model if args.twin else args.model
    model = open_model(name, fetch_missing=True, progress=show_progress)
    try:
        profile(
            model,
            file,
            args.out,
            limit=args.limit,
            format=args.format,
            workers=args.workers,
            scheduler=args.scheduler,
            parser=args.parser,
            as_words=args.read_as == "words",
            progress=show_progress,
        )
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.", file=sys.stderr)
        return 130
    return 0
