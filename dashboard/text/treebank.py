"""A treebank in CoNLL-U, CoNLL-U Plus or CoNLL-X, any language, any size → its sentences, one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from dashboard.errors import UserError
from dashboard.text.charset import encoding_of
from dashboard.text.files import open_binary
from dashboard.text.sentence import ROOT, LeftOut, ParsedSentence, not_a_tree
from dashboard.text.surface import Surface, text_and_spans

ENDINGS = (".conllu", ".conllup", ".conll")
COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
NEEDED = ("id", "form", "head", "deprel")

# The longest sentences of treebanks have a few hundred words, some 30 kB.
LONGEST_LINE = 2**16
LONGEST_SENTENCE = 2**21

_SPACES = re.compile(" {2,}")
_TEXT = re.compile(rb"#\s*text\s*=(.*)", re.DOTALL)
_PLUS = re.compile(rb"#\s*global\.columns\s*=(.*)", re.DOTALL)
_RANGE = re.compile(r"[0-9]{1,9}-[0-9]{1,9}")
_MARK = b"\xef\xbb\xbf"


def read_treebank(path: str | Path) -> Iterator[ParsedSentence | LeftOut]:
    """The sentences of a treebank in their order; those that cannot be used, with the reason and the line.

    A stream: never more than one sentence is held. Read are CoNLL-U; CoNLL-U Plus, where the file begins with
    ``# global.columns = …`` (any order; ID, FORM, HEAD and DEPREL are needed); and CoNLL-X, whose ten columns hold the
    same where it matters. Words are the syntactic words; empty nodes (``1.1``) are passed over.

    The text of a sentence is ``# text`` where its words are found in it, in order, with nothing but white space
    between and after them; else, without a notice, the forms joined by a space, or by nothing where ``SpaceAfter=No``
    stands. The words of a range (``3-4 du``) share its characters, unless their forms spell it (``do`` + ``n't``).

    Left out is a sentence that cannot be decoded, has a line with another number of columns, numbers its words in any
    way but 1, 2, 3 …, has a word without a form, a head or a relation, a range that does not fit its words, or whose
    heads are no tree with one root. A file that is Latin-1 is read so, see `dashboard.text.charset`.

    Raises UserError where the file cannot be read, is UTF-16, or names columns of which one that is needed is missing.
    """
    with open_binary(path) as file:
        encoding = encoding_of(file)
        for index, block in enumerate(_blocks(file, Path(path).name)):
            yield _sentence(index, block, encoding)


@dataclass
class _Block:
    """The lines of one sentence, without comments: each with its number, from 1; what its comments say."""

    line: int
    columns: Sequence[str]
    text: bytes | None = None
    rows: list[tuple[int, bytes]] = field(default_factory=list)
    size: int = 0
    fault: str | None = None

    def add(self, number: int, row: bytes, whole: bool) -> None:
        self.size += len(row)
        if not whole or self.size > LONGEST_SENTENCE:
            self.fault, self.rows = f"it is too long (line {number})", []
        if self.fault is None:
            self.rows.append((number, row))


def _blocks(file: BinaryIO, name: str) -> Iterator[_Block]:
    """What stands between blank lines and has words; comments alone are no sentence."""
    block, number, continued, comment = None, 1, False, False
    columns: Sequence[str] = COLUMNS
    text = None
    while row := file.readline(LONGEST_LINE):
        if number == 1 and not continued:
            if row.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise UserError("The treebank is UTF-16, and CoNLL-U is UTF-8. Save it as UTF-8.")
            row = row.removeprefix(_MARK)
            if plus := _PLUS.match(row):
                columns = _named(plus[1], name)
        whole = row.endswith(b"\n") or len(row) < LONGEST_LINE
        if not row.strip() and whole and not continued:
            if block is not None:
                block.text = text
                yield block
            block = text = None
        else:
            comment = comment if continued else row.startswith(b"#")
            if not comment:
                block = block or _Block(number, columns)
                block.add(number, row.rstrip(b"\r\n"), whole and not continued)
            elif text is None and whole and not continued and (match := _TEXT.match(row)):
                text = match[1]
        continued = not whole
        number += whole
    if block is not None:
        block.text = text
        yield block


def _named(names: bytes, file: str) -> tuple[str, ...]:
    """The columns that a CoNLL-U Plus file says it has."""
    columns = tuple(names.decode("utf-8", "replace").lower().split())
    missing = [column.upper() for column in NEEDED if columns.count(column) != 1]
    if missing:
        raise UserError(
            f"The first line of {file} must name the column {missing[0]} once. A treebank needs ID, FORM, HEAD and "
            "DEPREL: add what is missing, or choose another file."
        )
    return columns


def _sentence(index: int, block: _Block, encoding: str) -> ParsedSentence | LeftOut:
    found = _words(block, encoding)
    if isinstance(found, str):
        return LeftOut(index, block.line, found)
    words, surfaces = found
    heads = tuple(word["head"] - 1 if word["head"] else ROOT for word in words)
    if fault := not_a_tree(heads):
        return LeftOut(index, block.line, fault)
    text, spans = text_and_spans(None if block.text is None else block.text.decode(encoding, "replace"), surfaces)
    return ParsedSentence(
        index,
        block.line,
        words=tuple(word["form"] for word in words),
        heads=heads,
        relations=tuple(word["deprel"] for word in words),
        upos=tuple(word.get("upos") or "_" for word in words),
        lemmas=tuple(word.get("lemma") or "_" for word in words),
        text=text,
        spans=spans,
    )


def _words(block: _Block, encoding: str) -> tuple[list[dict], list[Surface]] | str:
    """The words of a sentence and what they are in its text, or why it cannot be used."""
    if block.fault:
        return block.fault
    words: list[dict] = []
    ranges: list[tuple[int, int, dict]] = []
    faults: list[str] = []
    for number, row in block.rows:
        word = _word(row, block.columns, encoding)
        if isinstance(word, str):
            return f"{word} (line {number})"
        if isinstance(word["id"], int | None):
            words.append(word)
            fault = _fault(word, len(words))
        elif word["id"][1] == "-":
            first, _, last = word["id"]
            fits = len(words) + 1 == first < last and (not ranges or ranges[-1][1] < first)
            fault = None if fits and word["form"] else f"the range {first}-{last} does not fit its words"
            ranges.append((first, last, word | {"line": number}))
        else:
            continue
        if fault:
            faults.append(f"{fault} (line {number})")
    if not words:
        return "it has no words"
    if all(word["head"] is None for word in words) and "has no head" in faults[0]:
        return f"it has no heads, it is not parsed (line {block.line})"
    if faults:
        return faults[0]
    if ranges and ranges[-1][1] > len(words):
        first, last, row = ranges[-1]
        return f"the range {first}-{last} does not fit its words (line {row['line']})"
    return words, _surfaces(words, ranges)


def _surfaces(words: Sequence[dict], ranges: Sequence[tuple[int, int, dict]]) -> list[Surface]:
    surfaces, place, starting = [], 0, {first: (last, word) for first, last, word in ranges}
    while place < len(words):
        last, row = starting.get(place + 1, (place + 1, words[place]))
        glued = "SpaceAfter=No" in (row.get("misc") or "").split("|")
        surfaces.append(Surface(row["form"], tuple(word["form"] for word in words[place:last]), glued))
        place = last
    return surfaces


def _word(row: bytes, names: Sequence[str], encoding: str) -> dict | str:
    """The columns of a line, id and head as numbers, or why it is none."""
    try:
        line = row.decode(encoding)
    except UnicodeDecodeError:
        return "it is not UTF-8"
    columns = line.split("\t")
    if len(columns) != len(names):
        return _miscounted(line, columns, len(names))
    word: dict[str, Any] = dict(zip(names, (_SPACES.sub(" ", column) for column in columns), strict=True))
    number_of, head_of, wrong = _parsers()
    if _RANGE.fullmatch(word["id"]):
        first, _, last = word["id"].partition("-")
        return word | {"id": (int(first), "-", int(last))}
    try:
        word["id"] = number_of(word["id"])
        if isinstance(word["id"], int | None):
            word["head"] = head_of(word["head"])
    except (wrong, ValueError):  # ValueError: a number of thousands of digits
        return "a word's number or head is not a number"
    return word


def _miscounted(line: str, columns: Sequence[str], count: int) -> str:
    parts, expected = line.split(), "ten" if count == len(COLUMNS) else str(count)
    if len(columns) == 1 and len(parts) > 1:
        if len(parts) >= count:
            return "columns are divided by spaces instead of tabs"
        return f"a line has {len(parts)} columns in place of {expected}, with spaces for tabs"
    message = f"a line has {len(columns)} columns in place of {expected}"
    return f"{message}: it ends with a tab" if len(columns) == count + 1 and not columns[-1].strip() else message


@lru_cache(maxsize=1)
def _parsers():
    """`conllu`'s readers of an id and of a head, and what they raise."""
    from conllu.exceptions import ParseException
    from conllu.parser import parse_id_value, parse_int_value

    return parse_id_value, parse_int_value, ParseException


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
