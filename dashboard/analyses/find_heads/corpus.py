"""Find heads by a pattern over a treebank or a text file."""

from __future__ import annotations

from pathlib import Path

from dashboard.analyses.find_heads.by_pattern import LIMIT, Matches, Progress, matches
from dashboard.analyses.find_heads.pattern import Pattern
from dashboard.capture import AttentionModel
from dashboard.text.corpus_file import reader_of


def search(
    model: AttentionModel,
    path: str | Path,
    pattern: Pattern,
    *,
    limit: int = LIMIT,
    bos: bool = True,
    progress: Progress | None = None,
) -> Matches:
    """Score every head on the pairs of words of a corpus that fit a pattern; see `by_pattern`.

    path: a treebank (.conllu, .conllup, .conll) or plain English text (.txt, UTF-8), read as a stream, only
        as far as needed

    Raises UserError if the file cannot be read, and as `matches` does.
    """
    path = Path(path)
    options = {"path": str(path), "limit": limit, "bos": bos}
    sentences = reader_of(path)(path)
    return matches(model, sentences, pattern, path.name, limit=limit, bos=bos, progress=progress, reading=options)
