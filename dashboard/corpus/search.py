"""Heads by a pattern over a treebank or a text file."""

from __future__ import annotations

from pathlib import Path

from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.matches import LIMIT, Matches, Progress, matches
from dashboard.heads.pattern import Pattern
from dashboard.text import read_text, read_treebank

READERS = {".conllu": read_treebank, ".txt": read_text}


def search(
    model: AttentionModel,
    path: str | Path,
    pattern: Pattern,
    *,
    limit: int = LIMIT,
    bos: bool = True,
    progress: Progress | None = None,
) -> Matches:
    """Every head on the pairs of words of a corpus that fit a pattern; see `dashboard.heads.matches`.

    path: a treebank (.conllu) or plain English text (.txt, UTF-8), read as a stream and no further than needed

    Raises UserError where the file cannot be read, and as `matches` does.
    """
    path = Path(path)
    if path.suffix.lower() not in READERS:
        raise UserError(f"{path.name} is neither a treebank (.conllu) nor a text (.txt). Choose one that is.")
    said = {"path": str(path), "limit": limit, "bos": bos}
    sentences = READERS[path.suffix.lower()](path)
    return matches(model, sentences, pattern, path.name, limit=limit, bos=bos, progress=progress, reading=said)
