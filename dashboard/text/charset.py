"""Which encoding a treebank is in: UTF-8, as it should be, or the older one of Western Europe."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from pathlib import Path
from typing import BinaryIO

from dashboard.text.files import open_binary

UTF8 = "utf-8"
WESTERN = "cp1252"  # Latin-1 as Windows writes it: what Latin-1 has for letters and signs is the same in both

_BLOCK = 2**16
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_LETTERS = re.compile(r"[^\W\d_]+")
# What stands within words of another encoding that is read as this one: signs, and capitals after small letters.
_STRANGE = re.compile(r"[^\W\d_][\u00a1-\u00a9\u00ab-\u00b4\u00b6\u00b8\u00b9\u00bb-\u00bf][^\W\d_]|[a-z][À-ÞŠŒŽŸ]")


def encoding_of(file: BinaryIO) -> str:
    """`WESTERN` for a file that is not UTF-8 in any line beyond ASCII and reads sensibly as Latin-1: its words have
    plain letters next to the accented ones, and no signs within. Else `UTF8`. The file is at its start again."""
    if not file.seekable() or _is_utf8(file):
        return UTF8
    words = strange = mixed = 0
    sensible = True
    while sensible and (row := file.readline(_BLOCK)):
        if not _NOT_ASCII.search(row):
            continue
        try:
            line = row.decode(WESTERN)
        except UnicodeDecodeError:
            sensible = False
            break
        sensible = not _decodes(row) and not any(c < " " and c not in "\t\r\n" for c in line)
        strange += len(_STRANGE.findall(line))
        for word in _LETTERS.findall(line):
            if not word.isascii() and len(word) > 1:
                words += 1
                mixed += any(c.isascii() for c in word)
    file.seek(0)
    return WESTERN if sensible and mixed and mixed >= 0.8 * words and strange <= 0.05 * words else UTF8


def not_utf8_file(path: str | Path) -> str | None:
    """What to tell a person whose treebank is read as Latin-1; else None. Raises UserError where it cannot be read."""
    with open_binary(path) as file:
        if encoding_of(file) == UTF8:
            return None
    return (
        f"{Path(path).name} is not UTF-8. It is read as Latin-1 (Windows-1252). If letters look wrong, save the file "
        "as UTF-8."
    )


def _is_utf8(file: BinaryIO) -> bool:
    decoder = getincrementaldecoder(UTF8)()
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        file.seek(0)
    return True


def _decodes(row: bytes) -> bool:
    try:
        row.decode(UTF8)
    except UnicodeDecodeError:
        return False
    return True
