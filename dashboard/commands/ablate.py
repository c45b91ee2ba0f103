"""The command that ablates heads and measures what changes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dashboard.commands.shared import (
    check_out,
    check_second,
    dotted,
    model_and_bos,
    out,
    part,
    read,
    show_progress,
    twin,
    warn_of_latin1,
    whole_number,
    written,
)
from dashboard.errors import UserError
from dashboard.formats import endings, format_of

ONE_PART = "An ablation is in one part of the model. Name heads that begin with the same letter: L, D or X."


def add(commands) -> None:
    ablate = commands.add_parser("ablate", help="ablate heads and measure what changes, a row per head")
    ablate.add_argument(
        "text",
        metavar="TEXT|FILE",
        help="the text, in quotes (- reads standard input); or a treebank (.conllu, .conllup, .conll), English text "
        "(.txt), or the word builtin: the built-in sentences",
    )
    model_and_bos(ablate)
    part(ablate)
    which = ablate.add_mutually_exclusive_group()
    which.add_argument(
        "--heads", default="", metavar="HEADS", help="like L2H0,L5H1; each is ablated alone, see --together"
    )
    which.add_argument("--all", action="store_true", help="all heads, one after the other (default)")
    ablate.add_argument(
        "--together", action="store_true", help="joint ablation of the named heads: one row for all of them"
    )
    ablate.add_argument(
        "--by", choices=("zero", "mean"), default="zero", help="what replaces a head's output (default: zero)"
    )
    ablate.add_argument(
        "--sentences",
        type=whole_number,
        default=None,
        metavar="N",
        help="of a file, at most N sentences, evenly spread over it (default: all)",
    )
    ablate.add_argument(
        "--changed", metavar="FILE", help=f"of a text, also write the predictions that change: {dotted('table')}"
    )
    ablate.add_argument(
        "--word",
        metavar="WORD",
        help="of a text: what the model predicts in the place of this word, with the heads of --heads together and "
        f"without them; written as a table, or drawn: {dotted('figure')}",
    )
    ablate.add_argument(
        "--rival",
        metavar="WORD",
        default="",
        help="with --word: what it is compared with (default: the most probable other token)",
    )
    twin(ablate, "also the effects (untrained_…)")
    out(ablate, "table")
    ablate.set_defaults(run=run_ablate)


def run_ablate(args: argparse.Namespace) -> int:
    if args.word is not None:
        return run_at_word(args)
    if args.rival:
        raise UserError("--rival is what --word is compared with. Name the word as well, like --word are --rival is.")
    check_out(args)
    check_second(args, "changed")
    from dashboard.analyses.ablation import api
    from dashboard.analyses.ablation.text import effect_finding
    from dashboard.capture import open_model
    from dashboard.capture.language import language_head
    from dashboard.export.save import save
    from dashboard.heads.head_id import listed_heads, part_of

    heads = listed_heads(args.heads) or None
    if args.together and heads is None:
        raise UserError("--together ablates the heads of --heads jointly. Name them, like --heads L2H0,L5H1.")
    file = corpus_of(args.text)
    if file is None:
        if args.sentences is not None:
            raise UserError("--sentences is for a file. A text is read whole.")
        model, encoding = read(args, part_of(heads or (), ONE_PART), runs=True)
        if args.changed and language_head(model) is None:
            raise UserError(f"{model.title} has no language-model head, so it predicts nothing. Leave out --changed.")
        effect = api.ablate(
            model,
            encoding,
            heads,
            together=args.together,
            by=args.by,
            bos=args.bos,
            progress=show_progress,
            twin=args.twin,
        )
    else:
        if args.part in ("decoder", "cross") or args.target or args.beams:
            raise UserError("A file has no targets. Give the source in quotes, with --target, or leave out --part.")
        if args.changed:
            raise UserError("--changed is for a text. Of a file, the table holds the share of predictions that change.")
        warn_of_latin1(file)
        model = open_model(args.model, fetch_missing=True, progress=show_progress)
        effect = api.ablate_in(
            model,
            file,
            heads,
            together=args.together,
            by=args.by,
            sentences=args.sentences,
            bos=args.bos,
            progress=show_progress,
            twin=args.twin,
        )
        for one in effect.left_out[:5]:
            print(f"Left out: sentence {one.index + 1}, line {one.line}: {one.reason}.", file=sys.stderr)
        if len(effect.left_out) > 5:
            print(f"Left out: {len(effect.left_out) - 5:,} more.", file=sys.stderr)
    print(effect_finding(effect.table, model.title))
    save(effect.table, args.out)
    if args.changed:
        save(effect.changed, args.changed, api.provenance_of_effect(effect))
        written(args.changed)
    return written(args.out)


def run_at_word(args: argparse.Namespace) -> int:
    args.endings = endings("table", "figure")
    check_out(args)
    from dashboard.analyses.ablation.draw_at_word import ablate_at_word, draw_at_word
    from dashboard.analyses.ablation.text import at_word_finding, at_word_remarks
    from dashboard.export.save import save
    from dashboard.heads.head_id import listed_heads, part_of

    if not (heads := listed_heads(args.heads)):
        raise UserError("--word shows one prediction, without the heads that are named. Name them, like --heads L2H0.")
    if args.twin:
        raise UserError("--twin is for the table of effects. Leave out --word, or --twin.")
    if args.changed or args.sentences is not None or corpus_of(args.text) is not None:
        raise UserError("--word is for one text. Leave out --changed and --sentences, and give the text in quotes.")
    model, encoding = read(args, part_of(heads, ONE_PART), runs=True)
    found = ablate_at_word(
        model, encoding, heads, args.word, rival=args.rival, by=args.by, bos=args.bos, progress=show_progress
    )
    print(at_word_finding(found), *at_word_remarks(found), sep="\n")
    save(found.table if format_of(args.out) in endings("table") else draw_at_word(found), args.out)
    return written(args.out)


def corpus_of(typed: str) -> Path | None:
    """The file that the argument names; None for a text.

    An argument with a file's ending is a file, unless it has spaces and does not exist. The reader of a missing file
    raises the error.
    """
    from dashboard.corpus.builtin import BUILTIN, builtin_corpus
    from dashboard.text.corpus_file import ENDINGS

    if typed == BUILTIN:
        return builtin_corpus()
    if not typed.lower().endswith(ENDINGS) or len(typed) > 4096:
        return None
    try:
        is_file = Path(typed).is_file()
    except (OSError, ValueError):
        return None
    return Path(typed) if is_file or len(typed.split()) == 1 else None
