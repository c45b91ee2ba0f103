"""What the commands share: arguments, reading the model and the text, and messages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from dashboard.errors import UserError
from dashboard.formats import FORMATS, Holds, endings, format_of

if TYPE_CHECKING:
    from dashboard.capture import AttentionModel
    from dashboard.heads.head_id import Part
    from dashboard.text import Encoding


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one sentence, without the usage lines before it."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` lists what there is.")


def whole_number(typed: str) -> int:
    try:
        return int(typed)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{typed}” is not a whole number") from None


def text_and_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "text",
        metavar="TEXT",
        nargs="?",
        help="the text, in quotes; - reads standard input; a file of weights has its own, so leave it out",
    )
    model_and_bos(parser)


def model_and_bos(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        default="minilm",
        help="a catalogue name, a hub id, a folder, or a file of attention weights, .npz (default: minilm)",
    )
    parser.add_argument(
        "--no-bos",
        dest="bos",
        action="store_false",
        help="do not put a beginning-of-sequence token in front of a causal model's text",
    )
    parser.add_argument(
        "--prompt", metavar="TEXT", help="the beginning of the text, if a model wrote the rest, which is then marked"
    )


def pair(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pair", metavar="TEXT", help="a second text, read with the first as the tokenizer encodes sentence pairs"
    )
    parser.add_argument(
        "--between",
        choices=("AA", "AB", "BA", "BB"),
        help="of a pair: which attention; AB: from the first text to the second",
    )
    parser.add_argument(
        "--as",
        dest="read_as",
        choices=("text", "words"),
        default="text",
        help="words: split the text at its spaces and read its words one by one",
    )


def part(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--part",
        choices=("encoder", "decoder", "cross"),
        help="of an encoder–decoder: which part's heads (default: the encoder's)",
    )
    parser.add_argument(
        "--target", metavar="TEXT", help="of an encoder–decoder: what its decoder reads; TEXT is the source"
    )
    parser.add_argument(
        "--beams",
        type=whole_number,
        metavar="N",
        help="in place of --target: the target that the model writes, by a search over N beams (1 to 8; 1: the most "
        "probable token at each step)",
    )


def twin(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--twin",
        action="store_true",
        help=f"{what} of the untrained twin: the same configuration with weights as they are before training",
    )


def unit(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument("--unit", choices=("tokens", "words"), default=default, help=f"default: {default}")
    parser.add_argument(
        "--special", choices=("show", "hide"), default="show", help="hide special tokens and renormalise"
    )


def out(parser: argparse.ArgumentParser, *holds: Holds, required: bool = True, help: str = "the file to write") -> None:
    """The argument ``--out``: a file that holds one of these, in any format of `dashboard.formats`."""
    parser.add_argument("--out", required=required, metavar="FILE", help=f"{help}: {dotted(*holds)}")
    parser.set_defaults(endings=endings(*holds))


def dotted(*holds: Holds) -> str:
    """The endings of the files that hold one of these, as help lists them: ".csv .xlsx .parquet"."""
    return " ".join(f".{ending}" for ending in endings(*holds))


def check_out(args: argparse.Namespace) -> None:
    """Refuse a file that cannot be written, before the model is loaded for nothing."""
    from dashboard.export.write import check_target

    check_target(args.out, args.endings)


def check_second(args: argparse.Namespace, name: str) -> None:
    """The same of a second table, which this option names; it needs a file of its own."""
    if path := getattr(args, name):
        check_out(argparse.Namespace(out=path, endings=args.endings))
        if Path(path).absolute() == Path(args.out).absolute():
            raise UserError(f"--out and --{name} are two tables. Name two files.")


_NO_TEXT = "There is no text. Give it in quotes, or - to read standard input."


def read(
    args: argparse.Namespace,
    part: Part = "",
    rewritten: Callable[[AttentionModel, str], str] | None = None,
    runs: bool = False,
):
    """The model, or that part of it, and the encoded text; notes about both go to standard error. rewritten: what is
    read in place of the text; runs: whether weights of a file are not enough"""
    from dashboard.capture import open_model, read_part
    from dashboard.capture.weight_file import check_runs
    from dashboard.text import reading_notes

    typed = standard_input() if args.text == "-" else args.text
    if typed is None and not args.model.lower().endswith(".npz"):
        raise UserError(_NO_TEXT)
    model = open_model(args.model, fetch_missing=True, progress=show_progress)
    if runs:
        check_runs(model)
    if model.note:
        print(model.note, file=sys.stderr)
    if rewritten is not None and typed is not None:
        typed = rewritten(model, typed)
    text = model.own_text if typed is None else typed
    if text is None:
        raise UserError(_NO_TEXT)
    if args.prompt is not None:
        text = _continued(text, args)
    second = getattr(args, "pair", None)
    if second is None and getattr(args, "between", None):
        raise UserError("--between chooses among the links of a sentence pair. Give the second text: --pair TEXT.")
    which: Part = part or getattr(args, "part", None) or ""
    reading = {"bos": args.bos, "pair": second, **as_words(args)}
    model, encoding = read_part(model, text, which, _target(args, model, text), **reading)
    for note in reading_notes(encoding, model.title, model.limit):
        print(note, file=sys.stderr)
    return model, encoding


def _continued(text: str | Encoding, args: argparse.Namespace) -> str:
    """The text with where its prompt ends. Raises UserError if it does not begin with that, or cannot be told apart."""
    from dashboard.text.stretches import Continued

    if not isinstance(text, str) or as_words(args) or getattr(args, "pair", None) is not None:
        raise UserError("--prompt is for one text that is read as it stands. Leave it out.")
    if not text.startswith(args.prompt):
        raise UserError(f"The text does not begin with “{args.prompt[:60]}”. Give its own beginning: --prompt TEXT.")
    return Continued.of(text, len(args.prompt))


def _target(args: argparse.Namespace, model: AttentionModel, source: str | Encoding) -> str | None:
    """The target that was given, or that the model writes where beams were; then it goes to standard error."""
    from dashboard.capture import of_part, write_target

    given, beams = getattr(args, "target", None), getattr(args, "beams", None)
    if beams is None:
        return given
    if given is not None:
        raise UserError("--beams writes the target by the model. Leave --target or --beams out.")
    written = write_target(of_part(model, "decoder", source), beams=beams)
    if not written:
        raise UserError("The model ends this text at once, so it writes nothing. Give the target: --target TEXT.")
    print(f"Target: {written}", file=sys.stderr)
    return written


def as_words(args: argparse.Namespace) -> dict[str, Any]:
    """The option that reads the text word by word; empty if it is read as it is."""
    return {"as_words": True} if getattr(args, "read_as", "text") == "words" else {}


def warn_of_latin1(file: str | Path) -> None:
    """Print to standard error if a treebank is read as Latin-1. Raises UserError if it cannot be read."""
    from dashboard.text.charset import not_utf8_file
    from dashboard.text.corpus_file import is_treebank

    if is_treebank(Path(file)) and (sentence := not_utf8_file(file)):
        print(sentence, file=sys.stderr)


def warn_of_picture(args: argparse.Namespace, text: str, views: Sequence = ()) -> None:
    """Print the notes that the page shows with a picture: which part of a long text it holds, and missing fonts."""
    from dashboard.analyses.explore import api
    from dashboard.export import font_notice

    name = "heatmap" if args.view in ("compare", "difference") else args.view
    both = [views[0], api.fit_for(views[0], name)] if views else []
    whole, drawn = (max(len(one.queries), len(one.keys)) for one in both) if both else (0, 0)
    if drawn < whole:
        print(
            f"One picture holds {drawn:,} {views[0].unit}: the first of {whole:,} are drawn. "
            "`attention` writes all of them, and `--view long-text` draws them in squares.",
            file=sys.stderr,
        )
    if FORMATS[format_of(args.out)].sets_text and (notice := font_notice(text)):
        print(notice, file=sys.stderr)


def standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError("Standard input is not UTF-8 text. Save the text as UTF-8 and try again.") from None
    except (AttributeError, ValueError, OSError):
        raise UserError("There is no standard input to read. Give the text in quotes instead of “-”.") from None


_last_line: list[str] = []


def show_progress(fraction: float, sentence: str) -> None:
    """Print progress to standard error: on a terminal one line that changes, in a log a line for each new sentence."""
    if sys.stderr.isatty():
        print(f"\r\033[K{fraction:4.0%}  {sentence}", end="\n" if fraction >= 1 else "", file=sys.stderr, flush=True)
    elif _last_line != [sentence]:
        _last_line[:] = [sentence]
        print(f"{fraction:4.0%}  {sentence}", file=sys.stderr)


def written(path: str) -> int:
    print(f"Wrote {path}", file=sys.stderr)
    return 0
