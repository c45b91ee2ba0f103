"""The kinds of choice in an address: how each is written and read, and the message about a wrong value.

A field of `dashboard.ui.url_state.Choices` names its kind::

    unit: Annotated[str, Option("words", "tokens")] = "words"

Nothing here knows Streamlit.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from dashboard.errors import UserError
from dashboard.export.reports import is_key
from dashboard.heads.head_id import HeadId
from dashboard.text.stretches import Continued

LONGEST_PATH = 1_000  # characters
TEXT_BYTES_IN_LINK = 8_000  # a browser opens 100 kB, but a link is also mailed and pasted
LONGEST_PLAIN = 240  # characters; a longer text is deflated
NONE = "none"  # in a link, where an empty value would be lost


def digest(text: str) -> str:
    """A short name of a text, for links that cannot carry it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def fits_in_link(text: str) -> bool:
    return len(quote(text, safe="", errors="replace")) <= TEXT_BYTES_IN_LINK


@lru_cache(maxsize=8)
def zipped(text: str) -> str:
    """A text for a link: deflated, in the letters, digits, - and _ of base64."""
    deflated = zlib.compress(text.encode("utf-8", "surrogatepass"), 9)
    return base64.urlsafe_b64encode(deflated).decode("ascii").rstrip("=")


def unzipped(raw: str) -> str:
    """The text of `zipped`. Raises UserError for what holds none, or one that no link of ours holds."""
    try:
        opened = zlib.decompressobj()
        text = opened.decompress(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)), TEXT_BYTES_IN_LINK + 1)
        if opened.eof and len(text) <= TEXT_BYTES_IN_LINK:
            return text.decode("utf-8", "surrogatepass")
    except (ValueError, zlib.error):
        pass
    raise UserError("The text in this link is damaged. Paste it at the top to see the same view.")


@dataclass(frozen=True)
class Known:
    """The names of scores, and the long texts of this session by digest."""

    scores: tuple[str, ...]
    held_texts: Mapping[str, str]


class Kind:
    """A kind of choice. Its value is one parameter of the address, named like the field."""

    is_path = False  # whether it may name a path of this machine, which no link opens

    def parameters(self, name: str) -> tuple[str, ...]:
        """The parameters that are read one by one."""
        return (name,)

    def write(self, name: str, value: Any) -> dict[str, str]:
        """The parameters that hold this value."""
        return {name: str(value)}

    def read(self, name: str, raw: str, known: Known) -> Any:
        """The value of a parameter; None if it holds none. Raises UserError for a wrong one."""
        raise NotImplementedError

    def tidy(self, typed: str) -> str:
        """What a person typed, in the form for the address."""
        return typed


class Option(Kind):
    """One of these names; scores: or the name of a score."""

    def __init__(self, *allowed: str, scores: bool = False):
        self.allowed, self.scores = allowed, scores

    def read(self, name: str, raw: str, known: Known) -> str:
        allowed = (*self.allowed, *known.scores) if self.scores else self.allowed
        if raw not in allowed:
            raise UserError(
                f"The link asks for {name} “{short(raw)}”; it can be {_either(allowed)}. The usual view is shown."
            )
        return raw


class Number(Kind):
    """A whole number, counted from 0."""

    def read(self, name: str, raw: str, known: Known) -> int:
        if not (raw.isascii() and raw.isdigit() and len(raw) < 7):
            raise UserError(
                f"The link asks for {name} “{short(raw)}”, which is no number counted from 0. The usual view is shown."
            )
        return int(raw)


class Within(Kind):
    """A number from `low` to `high`; whole: without a decimal point."""

    def __init__(self, low: float, high: float, *, whole: bool = False):
        self.low, self.high, self.whole = low, high, whole

    def write(self, name: str, value: float) -> dict[str, str]:
        return {name: f"{value:g}" if not self.whole else str(value)}

    def read(self, name: str, raw: str, known: Known) -> float:
        pattern = r"[0-9]{1,9}" if self.whole else r"[0-9]{1,9}(\.[0-9]{1,9})?"
        value = (int if self.whole else float)(raw) if re.fullmatch(pattern, raw, re.ASCII) else -1
        if not self.low <= value <= self.high:
            raise UserError(
                f"The link asks for {name} “{short(raw)}”; it can be a {'whole ' if self.whole else ''}number from "
                f"{self.low:,} to {self.high:,}. The usual view is shown."
            )
        return value


class Text(Kind):
    """A text of at most `longest` characters; None: of any length."""

    def __init__(self, longest: int | None = None):
        self.longest = longest

    def read(self, name: str, raw: str, known: Known) -> str | None:
        return raw[: self.longest]


class Passage(Text):
    """The text. Every page sends some twenty links with it, so one of over 240 characters stands there deflated, as
    `text_zip`, where that is shorter. The link holds `text_id` instead of a text over 8 kB (encoded), so that the page
    can report that."""

    def parameters(self, name: str) -> tuple[str, ...]:
        return name, f"{name}_zip", f"{name}_id"

    def write(self, name: str, value: str) -> dict[str, str]:
        if not fits_in_link(value):
            return {f"{name}_id": digest(value)}
        if len(value) > LONGEST_PLAIN and len(deflated := zipped(value)) < len(quote(value, errors="replace")):
            return {f"{name}_zip": deflated}
        return {name: value}

    def read(self, name: str, raw: str, known: Known) -> str:
        if name.endswith("_zip"):
            return unzipped(raw)
        if not name.endswith("_id"):
            return raw
        if raw in known.held_texts:
            return known.held_texts[raw]
        raise UserError("The text was too long for this link. Paste it at the top to see the same view.")


class Border(Kind):
    """Where in the text a model's own words begin: the number of characters before, and the text's digest."""

    def read(self, name: str, raw: str, known: Known) -> str:
        if not re.fullmatch(r"[0-9]{1,7}-[0-9a-f]{10}", raw):
            raise UserError(f"The link asks for {name} “{short(raw)}”, which names no place in a text. It is left out.")
        return raw


def chosen_text(text: str) -> dict[str, Any]:
    """The choices that make this the text, from its beginning on; of one that a model continued with its border."""
    border = f"{text.border}-{digest(text)}" if isinstance(text, Continued) else ""
    return {"text": str(text), "border": border, "start": 0}


def bordered(text: str, border: str) -> str:
    """The text, which knows its border where that is the border of this very text."""
    characters, _, named = border.partition("-")
    return Continued.of(text, int(characters)) if named and named == digest(text) else text


class Typed(Text):
    """A text without surrounding blanks. needed: an empty one is no value"""

    def __init__(self, longest: int, *, needed: bool = False, is_path: bool = False):
        super().__init__(longest)
        self.needed, self.is_path = needed, is_path

    def read(self, name: str, raw: str, known: Known) -> str | None:
        return None if self.needed and not raw.strip() else self.tidy(raw)

    def tidy(self, typed: str) -> str:
        return typed[: self.longest].strip()


class Emptied(Typed):
    """A text that may be empty though its default is not; in a link an empty one is “none”."""

    def write(self, name: str, value: str) -> dict[str, str]:
        return {name: value or NONE}

    def tidy(self, typed: str) -> str:
        tidied = super().tidy(typed)
        return "" if tidied == NONE else tidied


class Rows(Emptied):
    """Rows of text, without empty rows and surrounding blanks."""

    def tidy(self, typed: str) -> str:
        rows = [row.strip() for row in typed[: self.longest].split("\n")]
        tidied = "\n".join(row for row in rows if row)
        return "" if tidied == NONE else tidied


class Head(Kind):
    """A head, like L2H9."""

    def read(self, name: str, raw: str, known: Known) -> HeadId:
        return HeadId.parse(short(raw))


class Layers(Kind):
    """The first and the last of some layers, like 2-5."""

    def read(self, name: str, raw: str, known: Known) -> str:
        if not re.fullmatch(r"[0-9]{1,3}-[0-9]{1,3}", raw):
            raise UserError(f"The link asks for layers “{short(raw)}”; write the first and the last, like 2-5.")
        return raw


class Key(Kind):
    """The key of a report; anything else is no value."""

    def read(self, name: str, raw: str, known: Known) -> str | None:
        return raw if is_key(raw) else None


class Edits(Kind):
    """Edits of attention, like L2H9:6>1, with commas between them; “none” where all were taken back."""

    longest = 4_000  # characters

    def write(self, name: str, value: tuple[str, ...]) -> dict[str, str]:
        return {name: ",".join(value) or NONE}

    def read(self, name: str, raw: str, known: Known) -> tuple[str, ...]:
        parts = re.split(r",(?=[LDX]\d+H\d+:)", raw[: self.longest])
        return () if raw == NONE else tuple(one.strip() for one in parts if one.strip())


class Several(Kind):
    """A value in several parameters that are read together.

    read_all: address → the value and a sentence for each parameter that could not be read; write_all: value → address
    """

    def __init__(
        self,
        read_all: Callable[[Mapping[str, str]], tuple[Any, list[str]]],
        write_all: Callable[[Any], dict[str, str]],
    ):
        self.read_all, self.write_all = read_all, write_all

    def parameters(self, name: str) -> tuple[str, ...]:
        return ()

    def write(self, name: str, value: Any) -> dict[str, str]:
        return self.write_all(value)


def short(raw: str, most: int = 40) -> str:
    """A value of a link, short enough for a message to quote."""
    return raw if len(raw) <= most else raw[: most - 1] + "…"


def _either(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + " or " + names[-1]
