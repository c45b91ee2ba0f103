"""A row of numbers as a short string, and the Vega expressions that read it back.

A long text's matrix travels to the browser only for its hover values, so a value is kept to the precision
that is shown: a tenth of a per cent. A code is a whole number from 0 to 2,175. Codes below 64, which are
nearly all of them in a long text, take one printable character; the others take two, and the first of
these is one of 24 that never stand alone. The characters need no escape in JSON, HTML or XML.
"""

from __future__ import annotations

import numpy as np

_SAFE = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in "\"'\\<>&")  # 88 characters
ONES, LEADS = _SAFE[:64], _SAFE[64:]  # 64 that stand alone or second, 24 that lead
TOP = len(ONES) + len(LEADS) * len(_SAFE) - 1

STEP = 0.001  # a code's worth: 0.1 %


def _table() -> np.ndarray:
    """Two bytes per code, the second 0 where one character says it."""
    table = np.zeros((TOP + 1, 2), np.uint8)
    for code in range(TOP + 1):
        if code < len(ONES):
            table[code, 0] = ord(ONES[code])
        else:
            lead, second = divmod(code - len(ONES), len(_SAFE))
            table[code] = ord(LEADS[lead]), ord(_SAFE[second])
    return table


_TABLE = _table()


def pack(values: np.ndarray, *, signed: bool = False) -> list[str]:
    """Rows of weights (m, n) in [0, 1], or of differences in [-1, 1] when `signed`, as m strings.

    Rounded to 0.1 %. A difference d is the code 2|d| for d ≥ 0 and 2|d| - 1 for d < 0, so that small ones
    stay short. Values outside the range are clipped; NaN counts as 0.
    """
    codes = np.rint(np.nan_to_num(np.asarray(values, float)) / STEP).astype(int)
    if signed:
        codes = np.where(codes < 0, -2 * codes - 1, 2 * codes)
    rows = _TABLE[np.clip(codes, 0, TOP)].reshape(len(codes), -1)
    return [row[row != 0].tobytes().decode("ascii") for row in rows]


def split_expr(text: str) -> str:
    """Vega expression: the string `text` (an expression) → array with one piece of string per value."""
    # A space after each value (no value holds one), then cut there: Vega's expressions know no loop.
    leads = "".join("\\\\" + c if c in "^]-[" else c for c in LEADS)
    return f"split(trim(replace({text}, regexp('[{leads}]?.', 'g'), '$& ')), ' ')"


def value_expr(digits: str, *, signed: bool = False) -> str:
    """Vega expression: one piece (an expression) → its value."""
    one = f"indexof('{ONES}', {digits})"
    two = f"{len(ONES)} + {len(_SAFE)} * indexof('{LEADS}', {digits}[0]) + indexof('{_SAFE}', {digits}[1])"
    code = f"(length({digits}) == 1 ? {one} : {two})"
    if signed:
        code = f"(({code}) % 2 ? -(({code}) + 1) / 2 : ({code}) / 2)"
    return f"({code}) / {round(1 / STEP)}"
