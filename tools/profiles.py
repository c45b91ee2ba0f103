"""`make profiles TREEBANK=FILE.conllu`: the profiles that come with the dashboard, made again.

They hold numbers and references and nothing of the treebank itself, so that its licence only requires naming it:
author, licence, commit. The arguments give that, or a .json file of the same name next to the treebank: an object with
name, licence, repository, commit.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from dashboard.analyses.profile.library import SHIPPED
from dashboard.analyses.profile.run import profile
from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.models import CATALOGUE

SOURCE = ("name", "licence", "repository", "commit")


def source_of(treebank: Path, stated: dict[str, str | None]) -> dict[str, str]:
    """The source of a treebank: the stated parts, and the rest from the file next to it.

    Raises UserError if that file is not such an object, or neither gives licence and commit.
    """
    beside, found = treebank.with_suffix(".json"), {}
    if beside.exists():
        try:
            found = json.loads(beside.read_bytes())
        except (OSError, ValueError) as error:
            raise UserError(f"{beside.name} cannot be read. Mend it, or move it away.") from error
        if not isinstance(found, dict) or not all(isinstance(found.get(part, ""), str) for part in SOURCE):
            raise UserError(f"{beside.name} is not an object of texts: {', '.join(SOURCE)}. Mend it, or move it away.")
    source = {part: stated.get(part) or found.get(part) for part in SOURCE}
    for part in ("licence", "commit"):
        if not source[part]:
            raise UserError(f"The treebank’s {part} is not known. Name it: ARGS='--{part} …'.")
    return {part: text for part, text in source.items() if text}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.profiles", description=__doc__.partition("\n")[0])
    parser.add_argument("treebank", type=Path)
    parser.add_argument("--models", nargs="+", choices=list(CATALOGUE), default=list(CATALOGUE))
    for part in SOURCE:
        parser.add_argument(f"--{part}")
    args = parser.parse_args(arguments)
    try:
        source = source_of(args.treebank, vars(args))
        for name in args.models:
            out = SHIPPED / f"{name}-{args.treebank.stem}"
            model = open_model(name, fetch_missing=True, progress=show_progress)
            made = profile(model, args.treebank, out, texts=False, source=source, progress=show_progress)
            size = sum(file.stat().st_size for file in out.iterdir())
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # kB on Linux
            print(f"{out.name}: {made.about['seconds']} s, peak so far {peak:.2f} GB, {size / 1e3:.0f} kB")
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    return 0


def show_progress(fraction: float, sentence: str) -> None:
    print(f"{fraction:4.0%}  {sentence}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
