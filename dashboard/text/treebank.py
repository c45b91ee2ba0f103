"""A treebank in CoNLL-U, any language, any size → its sentences, one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from dashboard.errors import UserError
from dashboard.text.sentence import ROOT, LeftOut, ParsedSentence, not_a_tree

COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")

# The longest sentences of treebanks have a few hundred words, some 30 kB.
LONGEST_LINE = 2**16
LONGEST_SENTENCE = 2**21

_SPACES = re.compile(" {2,}")
_MARK = b"\xef\xbb\xbf"


def read_treebank(path: str | Path) -> Iterator[ParsedSentence | LeftOut]:
    """The sentences of a CoNLL-U file in their order; those that cannot be used, with the reason and the line.

    A stream: never more than one sentence is held. Words are the syntactic words: multi-word tokens (``1-2``) and
    empty nodes (``1.1``) are passed over. Left out is a sentence that is not UTF-8, has a line without ten columns,
    numbers its words in any way but 1, 2, 3 …, has a word without a form, a head or a relation, or whose heads are
    no tree with one root.

    Raises UserError where the file cannot be read, or is UTF-16.
    """
    with open_binary(path) as file:
        for index, block in enumerate(_blocks(file)):
            yield _sentence(index, block)


def open_binary(path: str | Path) -> BinaryIO:
    """The file, open for reading. Raises UserError where it cannot be read."""
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is no name of a file"
        raise UserError(f"{Path(path).name} cannot be read: {reason}. Choose another file.") from error


@dataclass
class _Block:
    """The lines of one sentence, without comments: each with its number, from 1."""

    line: int
    rows: list[tuple[int, bytes]] = field(default_factory=list)
    size: int = 0
    fault: str | None = None

    def add(self, number: int, row: bytes, whole: bool) -> None:
        self.size += len(row)
        if not whole or self.size > LONGEST_SENTENCE:
            self.fault, self.rows = f"it is too long (line {number})", []
        if self.fault is None:
            self.rows.append((number, row))


def _blocks(file: BinaryIO) -> Iterator[_Block]:
    """What stands between blank lines and has words; comments alone are no sentence."""
    block, number, continued, comment = None, 1, False, False
    while row := file.readline(LONGEST_LINE):
        if number == 1 and not continued:
            if row.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise UserError("The treebank is UTF-16, and CoNLL-U is UTF-8. Save it as UTF-8.")
            row = row.removeprefix(_MARK)
        whole = row.endswith(b"\n") or len(row) < LONGEST_LINE
        if not row.strip() and whole and not continued:
            if block is not None:
                yield block
            block = None
        else:
            comment = comment if continued else row.startswith(b"#")
            if not comment:
                block = block or _Block(number)
                block.add(number, row.rstrip(b"\r\n"), whole and not continued)
        continued = not whole
        number += whole
    if block is not None:
        yield block


def _sentence(index: int, block: _Block) -> ParsedSentence | LeftOut:
    if block.fault:
        return LeftOut(index, block.line, block.fault)
    words: list[dict] = []
    for number, row in block.rows:
        word = _word(row)
        if isinstance(word, str):
            return LeftOut(index, block.line, f"{word} (line {number})")
        if not isinstance(word["id"], int):
            continue
        words.append(word)
        if fault := _fault(word, len(words)):
            return LeftOut(index, block.line, f"{fault} (line {number})")
    if not words:
        return LeftOut(index, block.line, "it has no words")
    heads = tuple(word["head"] - 1 if word["head"] else ROOT for word in words)
    if fault := not_a_tree(heads):
        return LeftOut(index, block.line, fault)
    return ParsedSentence(
        index,
        block.line,
        words=tuple(word["form"] for word in words),
        heads=heads,
        relations=tuple(word["deprel"] for word in words),
        upos=tuple(word["upos"] or "_" for word in words),
        lemmas=tuple(word["lemma"] or "_" for word in words),
    )


def _word(row: bytes) -> dict | str:
    """The columns of a line by the reader's rules, or why it is none."""
    try:
        line = row.decode()
    except UnicodeDecodeError:
        return "it is not UTF-8"
    if (columns := line.count("\t") + 1) != len(COLUMNS):
        return f"a line has {columns} columns in place of ten"
    parse_line, exception, parsers = _reader()
    try:
        # To the reader two spaces divide columns, as a tab does; within a form they do not.
        return parse_line(_SPACES.sub(" ", line), COLUMNS, parsers)
    except (exception, ValueError):  # ValueError: a number of thousands of digits
        return "a word's number or head is not a number"


@lru_cache(maxsize=1)
def _reader():
    """`conllu`'s reader of a line, and a parser per column: numbers for id and head, the rest stays as it is."""
    from conllu.exceptions import ParseException
    from conllu.parser import DEFAULT_FIELD_PARSERS, parse_line

    return parse_line, ParseException, _PARSERS | {name: DEFAULT_FIELD_PARSERS[name] for name in ("id", "head")}


_PARSERS = {name: (lambda line, i: line[i]) for name in COLUMNS}


def _fault(word: dict, place: int) -> str | None:
    """What is missing in the word that stands at this place, from 1."""
    if word["id"] != place:
        return "its words are not numbered 1, 2, 3"
    if not word.get("form"):
        return f"word {place} has no form"
    if word.get("head") is None or word["head"] < 0:
        return f"word {place} has no head"
    if word.get("deprel") in (None, "", "_"):
        return f"word {place} has no relation"
    return None
