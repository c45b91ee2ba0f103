"""Strings that are valid in every file format."""

from __future__ import annotations

import math
import re
from typing import Any

from dashboard.charts.sanitize import SIGN

# XML 1.0, production Char: everything else is forbidden, and vl-convert ends the whole process on most of it.
_FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def legal(text: str) -> str:
    """`text` with “◊” for every character that XML forbids (control characters, U+FFFE, U+FFFF, lone surrogates)."""
    return _FORBIDDEN.sub(SIGN, text)


def legal_all(value: Any) -> Any:
    """A JSON value, copied, with every string `legal` and every number that JSON lacks (NaN, infinities) as None."""
    if isinstance(value, str):
        return legal(value)
    if isinstance(value, dict):
        return {legal(str(key)): legal_all(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [legal_all(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
