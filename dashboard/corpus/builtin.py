"""What comes with the dashboard: a corpus of our own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

BUILTIN = "builtin"
"""What one types in place of a file to name the corpus that comes with the dashboard."""

_HERE = Path(__file__).parent


@lru_cache(maxsize=1)
def builtin_size() -> int:
    """How many sentences it has."""
    return sum(line.startswith("# sent_id") for line in builtin_corpus().read_text(encoding="utf-8").splitlines())


def builtin_corpus() -> Path:
    """The treebank that comes with the dashboard: English sentences written for it, in nine registers, with parses.

    CoNLL-U by spaCy's English model, so the relations are ClearNLP's. Each register is a document of it.
    """
    return _HERE / "english" / "builtin.conllu"
