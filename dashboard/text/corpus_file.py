"""The files that a corpus can be, and who reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from dashboard.errors import UserError
from dashboard.text import LeftOut, ParsedSentence, read_text, read_treebank
from dashboard.text.treebank import ENDINGS as TREEBANKS

TEXT = ".txt"
READERS = dict.fromkeys(TREEBANKS, read_treebank) | {TEXT: read_text}
ENDINGS = tuple(READERS)

Reader = Callable[..., Iterator[ParsedSentence | LeftOut]]


def reader_of(path: Path) -> Reader:
    """What reads the sentences of a file, by its ending. Raises UserError where it is no corpus."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        named = f"{', '.join(TREEBANKS[:-1])} or {TREEBANKS[-1]}"
        raise UserError(f"{path.name} is neither a treebank ({named}) nor a text ({TEXT}). Choose one that is.")
    return reader


def is_treebank(path: Path) -> bool:
    """By its ending."""
    return path.suffix.lower() in TREEBANKS
