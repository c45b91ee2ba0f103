"""What tests ask of a sentence: its numbers and the heads it names; and its wording, for a snapshot."""

from __future__ import annotations

import re

SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
NUMBER = re.compile(r"(?<![\w.])(?<!U\+)([−-]?)(\d[\d,]*(?:\.\d+)?)(?:·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?(?!\w)")


def plain(said: str) -> str:
    """As a person reads it: no Markdown escapes, plain spaces, nothing invisible."""
    return said.replace("\\", "").replace("\u2060", "").replace("\u00a0", " ")


def numbers(said: str) -> list[float]:
    """The numbers of a sentence in their order, with their signs: "−0.3 to 8·10⁻⁶ of 2,001" is -0.3, 8e-6, 2001.

    Not those within names: L2H9 and U+0001 have none. A percentage is the number before the sign: "47 %" is 47.
    """
    found = NUMBER.findall(plain(said))
    return [
        float(f"{'-' if sign else ''}{digits.replace(',', '')}e{power.translate(SUPERSCRIPT) or 0}")
        for sign, digits, power in found
    ]


def heads_in(said: str) -> list[str]:
    """The heads that it names, in their order."""
    return re.findall(r"L\d+H\d+", said)


def wording(said: str) -> str:
    """The sentence with "#" for each number, where a machine's arithmetic may change the last figure."""
    return NUMBER.sub(lambda found: f"#{'·10^#' if found[3] else ''}", plain(said))
