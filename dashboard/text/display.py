"""A token as its tokenizer spells it → what a person reads on an axis.

The signs are in the fonts that are shipped (Source Sans, Source Code), so they look the same everywhere:

- ``·`` a space: ``Ġchef`` and ``▁chef`` are shown as ``·chef``
- ``…`` a token that goes on inside a word: ``##men`` is shown as ``…men``
- ``¶`` the end of a line, ``→`` a tab
- ``◌`` carries a combining mark that has no letter to stand on
- ``=×64`` sixty-four equal signs in a row
- ``U+200B`` any other character that cannot be seen
- ``🍜 1/3`` a character whose bytes are split over several tokens, in each its share
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from dashboard.models.characters import reads_characters

Spelling = Literal["bytes", "wordpiece", "metaspace", "suffix", "characters", "plain"]

SPACE, GOES_ON, LINE, TAB, CARRIER = "·", "…", "¶", "→", "◌"
# What marks characters that the tokenizer does not know, whatever its own spelling is.
UNKNOWN = "[UNK]"

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_REPEATED = re.compile(r"(.)\1{6,}", re.DOTALL)
_SIGNS = {" ": SPACE, "\t": TAB, "\n": LINE, "\r": LINE, "\x85": LINE, "\u2028": LINE, "\u2029": LINE}
_JOINERS = "\u200c\u200d"
# Printable by Unicode's categories, yet blank: the fillers of Hangul and the empty Braille cell.
_BLANK = "\u115f\u1160\u3164\uffa0\u2800"
_SELECTORS = re.compile("[\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def spelling_of(tokenizer) -> Spelling:
    """How a fast tokenizer spells spaces and the inside of words, by its decoder or else by its model.

    - "bytes": one sign a byte, ``Ġ`` for the space (GPT-2, Llama 3, SmolLM2)
    - "wordpiece": ``##`` inside a word (BERT)
    - "metaspace": ``▁`` for the space, ``<0x0A>`` for bytes (Llama 2, T5, XLM-R)
    - "suffix": ``</w>`` at a word's end (CLIP, GPT)
    - "characters": one token a character (CANINE)
    - "plain": none of these
    """
    backend = tokenizer.backend_tokenizer
    if reads_characters(tokenizer):
        return "characters"
    decoder = _settings_of(backend.decoder)
    kinds = {decoder.get("type"), *(part.get("type") for part in decoder.get("decoders", ()))}
    if "ByteLevel" in kinds:
        return "bytes"
    if "WordPiece" in kinds or type(backend.model).__name__ == "WordPiece":
        return "wordpiece"
    if "Metaspace" in kinds or "▁" in json.dumps(decoder, ensure_ascii=False):
        return "metaspace"
    if "BPEDecoder" in kinds:
        return "suffix"
    return "plain"


def _settings_of(decoder) -> dict:
    """What a decoder of the library tokenizers writes of itself, {} for None.

    By a tokenizer without vocabulary: written whole, SmolLM2's takes 0.16 s.
    """
    from tokenizers import Tokenizer, models

    if decoder is None:
        return {}
    bare = Tokenizer(models.BPE())
    bare.decoder = decoder
    return json.loads(bare.to_str())["decoder"]


def token_labels(text: str, tokens: Sequence[str], spans: Sequence[tuple[int, int]], spelling: Spelling) -> list[str]:
    """What to read for each token of a text (n), the ones that the tokenizer added left out."""
    labels = [_label(token, spelling) for token in tokens]
    return [_share(text, spans, labels, i) if label is None else label for i, label in enumerate(labels)]


def vocabulary_labels(tokenizer, ids: Sequence[int]) -> list[str]:
    """What to read for tokens of the vocabulary that stand in no text, by their ids."""
    tokens = [token or f"[{number}]" for number, token in zip(ids, tokenizer.convert_ids_to_tokens(ids), strict=True)]
    spelling = spelling_of(tokenizer)
    return [_label(token, spelling) or f"byte {_bytes(token, spelling)}" for token in tokens]


def _bytes(token: str, spelling: Spelling) -> str:
    """The bytes of a token that make no whole characters: ``E7 88``."""
    if spelling == "metaspace":
        return token[3:-1].upper()
    return " ".join(f"{_byte_of()[character]:02X}" for character in token)


def marked(labels: Sequence[str], unknown: Sequence[int]) -> tuple[str, ...]:
    """The labels as a picture shows them: what the model has not read (`unknown`, () for nothing) is marked."""
    if not any(unknown):
        return tuple(labels)
    pairs = zip(labels, unknown, strict=True)
    return tuple(f"{label} {UNKNOWN}" if unread and label != UNKNOWN else label for label, unread in pairs)


def visible(text: str) -> str:
    """The text with every character that cannot be seen as a sign or a number; see the module's list.

    A joiner or a variation selector between characters stays, for it shapes them.
    """
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    text = text.replace("\r\n", "\n")
    characters: list[str] = []
    stands = False  # whether a combining mark can stand on what was shown last
    for i, character in enumerate(text):
        characters.append(_sign(character, stands, is_last=i == len(text) - 1))
        stands = characters[-1][-1] == character
    return "".join(characters)


def _sign(character: str, stands: bool, is_last: bool) -> str:
    if sign := _SIGNS.get(character):
        return sign
    number = f"U+{ord(character):04X}"
    if character in _JOINERS:
        return character if stands and not is_last else number
    if _SELECTORS.match(character):
        return character if stands else number
    if unicodedata.category(character)[0] == "M":
        return character if stands else CARRIER + character
    # Newer emoji than Python's tables know are not printable to it, but may well be to the screen.
    drawn = character.isprintable() or "\U0001f000" <= character <= "\U0001faff"
    return character if drawn and character not in _BLANK else number


def _readable(text: str) -> str:
    return visible(_REPEATED.sub(lambda run: f"{run[1]}×{len(run[0])}", text))


@lru_cache(maxsize=1 << 16)
def _label(token: str, spelling: Spelling) -> str | None:
    """A token as a person reads it; None where its bytes make no whole characters."""
    if spelling == "bytes":
        try:
            return _readable(bytes(map(_byte_of().__getitem__, token)).decode())
        except KeyError:  # not in the byte alphabet: an added token, spelt as it is
            return _readable(token)
        except UnicodeDecodeError:
            return None
    if spelling == "wordpiece":
        return GOES_ON + _readable(token[2:]) if token.startswith("##") and len(token) > 2 else _readable(token)
    if spelling == "metaspace":
        if byte := _BYTE.fullmatch(token):
            value = int(byte[1], 16)
            return _readable(chr(value)) if value < 0x80 else None
        return _readable(token.replace("▁", " "))
    if spelling == "suffix":
        return _readable(token[:-4]) if token.endswith("</w>") else _readable(token) + GOES_ON
    return _readable(token)


def bytes_of(token: str) -> bytes:
    """The bytes that a token in GPT-2's byte alphabet stands for; of one that is spelt as it is, its own."""
    try:
        return bytes(map(_byte_of().__getitem__, token))
    except KeyError:
        return token.encode()


@lru_cache(maxsize=1)
def _byte_of() -> dict[str, int]:
    """GPT-2's byte alphabet: printable Latin-1 for itself, the other bytes from U+0100 on, in order."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(others)}


def _share(text: str, spans: Sequence[tuple[int, int]], labels: Sequence[str | None], i: int) -> str:
    """The label of a token that holds only some of a character's bytes: which share of which character."""
    start, end = spans[i]
    if end <= start:
        return "byte"

    def holds(j: int, place: int) -> bool:
        return 0 <= j < len(spans) and labels[j] is None and spans[j][0] <= place < spans[j][1]

    place = start if holds(i - 1, start) else end - 1
    first = last = i
    while holds(first - 1, place):
        first -= 1
    while holds(last + 1, place):
        last += 1
    return f"{_readable(text[min(start, place) : place + 1])} {i - first + 1}/{last - first + 1}"
