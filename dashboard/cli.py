"""The same engine without a browser.

Exit status 0; 1 where `verify` finds a difference; 2 with one sentence on standard error. The file's ending picks the
format.
"""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

from dashboard.errors import UserError

CHART_VIEWS = ("heatmap", "lines", "arcs", "reading", "compare", "difference", "atlas")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage lines before it."""

    def error(self, message: str) -> NoReturn:
        raise UserError(
            f"{message[:1].upper()}{message[1:]}. `python -m dashboard {self._asked()}--help` lists what there is."
        )

    def _asked(self) -> str:
        command = self.prog.rpartition("dashboard")[2].strip()
        return f"{command} " if command else ""


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        asked = build_parser().parse_args(arguments)
        return asked.run(asked) or 0
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. Nothing was written.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `… | head` closed the pipe: there is nobody left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> Parser:
    parser = Parser(prog="python -m dashboard", description="Look inside transformer attention.", allow_abbrev=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)

    app = commands.add_parser("app", help="launch the dashboard")
    app.add_argument(
        "--port", type=whole_number, default=None, help="the port to listen on (default: the first free one from 8501)"
    )
    app.add_argument("--address", default="127.0.0.1", help="the interface to listen on (default: this machine only)")
    app.add_argument("--headless", action="store_true", help="do not open a browser")
    app.set_defaults(run=run_app)

    models = commands.add_parser("models", help="list the models, or get one")
    models.add_argument("--get", metavar="NAME", help="bring a model of the catalogue to this machine")
    models.set_defaults(run=run_models)

    attention = commands.add_parser("attention", help="the weights of one head over a text")
    _text_and_model(attention)
    attention.add_argument("--layer", type=whole_number, required=True, help="counted from 0")
    attention.add_argument("--head", type=whole_number, required=True, help="counted from 0")
    _unit(attention, "tokens")
    _out(attention, ".csv .parquet .npz")
    attention.set_defaults(run=run_attention)

    scores = commands.add_parser("scores", help="pattern scores, a row per head")
    _text_and_model(scores)
    _out(scores, ".csv .parquet")
    scores.set_defaults(run=run_scores)

    chart = commands.add_parser("chart", help="a picture of heads over a text")
    _text_and_model(chart)
    chart.add_argument("--heads", default="", help="like L2H0,L2H9 (for the atlas: the heads to outline)")
    chart.add_argument("--view", choices=CHART_VIEWS, default="heatmap")
    chart.add_argument("--score", default="previous", help="what colours the atlas (default: previous)")
    chart.add_argument("--theme", choices=("light", "dark"), default="light")
    _unit(chart, "words")
    _out(chart, ".png .svg .pdf .html .json")
    chart.set_defaults(run=run_chart)

    verify = commands.add_parser("verify", help="our built-in attention against the model's own, a row per layer")
    _text_and_model(verify)
    verify.add_argument("--out", metavar="FILE", help="also write the table: .csv .parquet")
    verify.set_defaults(run=run_verify, endings=("csv", "parquet"))

    find = commands.add_parser("find", help="heads by example: which give most along pairs of words, a row per head")
    _text_and_model(find)
    find.add_argument(
        "--pairs", required=True, metavar="PAIRS",
        help="like \"says>chef,9>1\": the word that looks, >, the word looked at; by text or by number, from 0",
    )  # fmt: skip
    _out(find, ".csv .parquet")
    find.set_defaults(run=run_find)

    profile = commands.add_parser("profile", help="all heads over a treebank or a text file")
    profile.add_argument(
        "file", metavar="FILE", help="a treebank (.conllu), a text (.txt), or the word builtin: our own sentences"
    )
    profile.add_argument("--model", default="minilm", help="a catalogue name, a hub id or a folder (default: minilm)")
    profile.add_argument("--out", required=True, metavar="DIR", help="the folder to write to; what stopped goes on")
    profile.add_argument("--limit", type=whole_number, default=None, help="read only so many sentences")
    profile.add_argument("--format", choices=("csv", "parquet"), default="parquet", help="default: parquet")
    profile.add_argument(
        "--parser", metavar="NAME", help="a spaCy model of your own that parses the text: a package or a folder"
    )
    many = profile.add_mutually_exclusive_group()
    many.add_argument(
        "--workers", type=whole_number, default=1, metavar="N", help="processes that share the work (default: 1)"
    )
    many.add_argument("--scheduler", metavar="ADDRESS", help="a Dask cluster that does it, like tcp://127.0.0.1:8786")
    profile.set_defaults(run=run_profile)
    return parser


def whole_number(typed: str) -> int:
    try:
        return int(typed)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{typed}” is not a whole number") from None


def _text_and_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", help="the text, in quotes; - reads standard input")
    parser.add_argument("--model", default="minilm", help="a catalogue name, a hub id or a folder (default: minilm)")
    parser.add_argument(
        "--no-bos",
        dest="bos",
        action="store_false",
        help="do not put a beginning-of-sequence token in front of a causal model's text",
    )


def _unit(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument("--unit", choices=("tokens", "words"), default=default, help=f"default: {default}")
    parser.add_argument(
        "--special", choices=("show", "hide"), default="show", help="hide special tokens and renormalise"
    )


def _out(parser: argparse.ArgumentParser, endings: str) -> None:
    parser.add_argument("--out", required=True, metavar="FILE", help=f"the file to write: {endings}")
    parser.set_defaults(endings=tuple(ending.lstrip(".") for ending in endings.split()))


def run_app(asked: argparse.Namespace) -> int:
    port = first_free_port(asked.address) if asked.port is None else asked.port
    if not 0 < port < 65536:
        raise UserError(f"There is no port {port}. Choose one between 1 and 65535, like 8501.")
    if not _can_listen(asked.address, port):
        raise UserError(f"Port {port} is taken. Name another with --port, or leave it out to get the first free one.")
    from dashboard.ui.launch import launch

    launch(port, asked.address, headless=asked.headless)
    return 0


def first_free_port(address: str, start: int = 8501, tries: int = 50) -> int:
    """The first port from `start` on that is free on this interface. Raises UserError where none is."""
    for port in range(start, start + tries):
        if _can_listen(address, port):
            return port
    raise UserError(f"No free port between {start} and {start + tries - 1}. Name one with --port.")


def _can_listen(address: str, port: int) -> bool:
    """Whether the port is free. Raises UserError for an address that is none of this machine's."""
    try:
        [(family, kind, _, _, where), *_] = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
        probe = socket.socket(family, kind)
    except (OSError, UnicodeError, ValueError):
        raise UserError(f"“{address[:80]}” is no address of this machine. 127.0.0.1 is this machine alone.") from None
    with probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where)
        except OSError as wrong:
            if wrong.errno == errno.EADDRNOTAVAIL:
                raise UserError(
                    f"“{address[:80]}” is no address of this machine. 127.0.0.1 is this machine alone."
                ) from None
            return False
        return True


def run_models(asked: argparse.Namespace) -> int:
    from dashboard.models import fetch, listing

    if asked.get is not None:
        print(fetch(asked.get, progress=_say))
        return 0
    rows = [{"name": "name", "state": "state", "size": "size", "layers": "layers", "heads": "heads", "hub_id": "model"}]
    rows += listing()
    widths = {column: max(len(row[column]) for row in rows) for column in rows[0]}
    for row in rows:
        print("  ".join(row[column].ljust(width) for column, width in widths.items()).rstrip())
    print("Also: the path of a folder with safetensors, or a hub id like owner/name.")
    return 0


def run_attention(asked: argparse.Namespace) -> int:
    _check_out(asked)
    from dashboard import api
    from dashboard.heads import HeadId

    if asked.layer < 0 or asked.head < 0:
        raise UserError("Layers and heads are counted from 0.")
    model, encoding = _read(asked)
    view = api.attention(model, encoding, HeadId(asked.layer, asked.head), unit=asked.unit, special=asked.special)
    api.save(view, asked.out, api.provenance(model, [view], "matrix", bos=asked.bos))
    return _written(asked.out)


def run_scores(asked: argparse.Namespace) -> int:
    _check_out(asked)
    from dashboard import api

    model, encoding = _read(asked)
    api.save(api.scores(model, encoding), asked.out, api.provenance_of_text(model, encoding, "scores", bos=asked.bos))
    return _written(asked.out)


def run_chart(asked: argparse.Namespace) -> int:
    _check_out(asked)
    from dashboard import api
    from dashboard.heads import HeadId

    names = [name for name in asked.heads.split(",") if name.strip()]
    heads = list(dict.fromkeys(HeadId.parse(name) for name in names))
    if asked.view == "atlas":
        api.known_score(asked.score)
    elif not heads:
        raise UserError("Name the heads to draw: --heads L2H0, or several with commas between them.")
    model, encoding = _read(asked)
    heads = [api.existing_head(model, head) for head in heads]
    if asked.view == "atlas":
        table = api.overview(model, encoding, thumbnails=False, induction=asked.score == "induction")
        chart = api.draw_atlas(table, asked.score, model=model.title, theme=asked.theme, tray=heads)
        options = {"score": asked.score, "theme": asked.theme, "bos": asked.bos}
        outlined = {"tray": [str(head) for head in heads]} if heads else {}
        provenance = api.provenance_of_text(model, encoding, "atlas", **options, **outlined)
    else:
        views = api.attentions(model, encoding, heads, unit=asked.unit, special=asked.special)
        chart = api.draw(views, asked.view, theme=asked.theme)
        provenance = api.provenance(model, views, asked.view, theme=asked.theme, bos=asked.bos)
    api.save(chart, asked.out, provenance)
    return _written(asked.out)


def run_verify(asked: argparse.Namespace) -> int:
    """Exit status 1 where a difference is more than rounding."""
    if asked.out:
        _check_out(asked)
    from dashboard import anatomy, api

    model, encoding = _read(asked)
    table = anatomy.verify(model, encoding, progress=_say if len(encoding) > 256 else None)
    print(f"{'layer':>5}  {'begins with':<11}  {'weights':>8}  {'output':>8}  largest output")
    for row in table.itertuples():
        print(f"{row.layer:>5}  {row.begins:<11}  {row.weights:8.1e}  {row.output:8.1e}  {row.size:.4g}")
    if asked.out:
        api.save(table, asked.out, api.provenance_of_text(model, encoding, "verify", bos=asked.bos))
        _written(asked.out)
    return int(anatomy.differs(table))


def run_find(asked: argparse.Namespace) -> int:
    _check_out(asked)
    from dashboard import api, search
    from dashboard.heads.examples import example_finding, looks_ahead

    model, encoding = _read(asked)
    found = search.find_heads(model, encoding, asked.pairs, bos=asked.bos)
    if found.masked:
        print(f"Left out: {looks_ahead(found.words, found.masked, found.model)}", file=sys.stderr)
    print(example_finding(found))
    api.save(found.table, asked.out)
    return _written(asked.out)


def run_profile(asked: argparse.Namespace) -> int:
    from dashboard.capture import open_model
    from dashboard.corpus import BUILTIN, builtin_corpus, profile
    from dashboard.text import not_english_file

    file = str(builtin_corpus()) if asked.file == BUILTIN else asked.file
    if file.lower().endswith(".txt") and not asked.parser and (sentence := not_english_file(file)):
        print(sentence, file=sys.stderr)
    model = open_model(asked.model, fetch_missing=True, progress=_say)
    try:
        profile(
            model, file, asked.out, limit=asked.limit, format=asked.format, workers=asked.workers,
            scheduler=asked.scheduler, parser=asked.parser, progress=_say,
        )  # fmt: skip
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.", file=sys.stderr)
        return 130
    return 0


def _check_out(asked: argparse.Namespace) -> None:
    """Refuse a file that cannot be written before the model is loaded for nothing."""
    from dashboard.export.write import check_target

    check_target(asked.out, asked.endings)


def _read(asked: argparse.Namespace):
    """The model and the text as it sees it; what a person should know about it goes to standard error."""
    from dashboard.capture import open_model

    text = _standard_input() if asked.text == "-" else asked.text
    model = open_model(asked.model, fetch_missing=True, progress=_say)
    encoding = model.encode(text, bos=asked.bos)
    if encoding.left_out:
        print(
            f"{model.title} reads at most {model.limit:,} tokens: the last {encoding.left_out:,} were left out.",
            file=sys.stderr,
        )
    if lost := [encoding.words[index].form for index in encoding.lost_words]:
        named = ", ".join(map(repr, lost[:5])) + (" …" if len(lost) > 5 else "")
        print(f"{len(lost)} of the words gave this model no token and are left out: {named}.", file=sys.stderr)
    return model, encoding


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError("Standard input is not UTF-8 text. Save the text as UTF-8 and try again.") from None
    except (AttributeError, ValueError, OSError):
        raise UserError("There is no standard input to read. Give the text in quotes instead of “-”.") from None


_said: list[str] = []


def _say(fraction: float, sentence: str) -> None:
    """Progress on standard error: on a terminal one line that changes, in a log a line when there is news."""
    if sys.stderr.isatty():
        print(f"\r\033[K{fraction:4.0%}  {sentence}", end="\n" if fraction >= 1 else "", file=sys.stderr, flush=True)
    elif _said != [sentence]:
        _said[:] = [sentence]
        print(f"{fraction:4.0%}  {sentence}", file=sys.stderr)


def _written(path: str) -> int:
    print(f"Wrote {path}", file=sys.stderr)
    return 0
