"""What the first page says of a word under the two heads."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context

import numpy as np

from dashboard.analyses.start.choose import Side
from dashboard.heads.chance import LEVEL
from dashboard.heads.chance_words import MARK, equals
from dashboard.heads.format import counted, percent

FAR = 2  # words: a shorter way is not worth saying
LITTLE = 0.15  # a share: below it a head looks at no word in particular


def of_word(i: int, top: Side, bottom: Side) -> str:
    """``Reading “are”, L2H0 looks back to “keys” (75 %), across 6 words; L5H4 looks at “hall” (31 %).``"""
    return f"Reading “{top.view.drawn[i]}”, {_looks(i, top)}; {_looks(i, bottom)}."


def _looks(i: int, side: Side) -> str:
    row = side.view.weights[i]
    j = int(row.argmax())
    if row[j] < LITTLE:
        return f"{side.head} looks at no word in particular"
    if j == i:
        return f"{side.head} stays on the word itself ({percent(float(row[j]))})"
    way = "back" if j < i else "ahead"
    across = f", across {counted(abs(i - j), 'words')}" if abs(i - j) >= FAR else ""
    return f"{side.head} looks {way} to “{side.view.drawn[j]}” ({percent(float(row[j]))}){across}"


def names(*sides: Side) -> list[str]:
    """What a name is made from, and the q of the heads that have one; nothing where no head is named by a relation."""
    named = [side for side in sides if side.name.kind == "relation"]
    if not named:
        return []
    which = " and ".join(str(side.head) for side in named)
    known = [f"{side.head}: {equals(side.name.q)}." for side in named if not np.isnan(side.name.q)]
    said = [f"{which}: the name says what it finds most surely over many sentences. In yours it may link other words."]
    if known:
        luck = (
            f"q is how likely luck alone finds such a relation, corrected for all heads and relations. "
            f"{MARK}: q ≤ {LEVEL}."
        )
        said.append(" ".join([*known, luck]))
    return said


def sameness(weights: float, layer: int, heads: int) -> str:
    """How far our weights are from the model's own, as measured. weights: the largest difference, as in `Check`"""
    where = f"in all {heads} heads of layer {layer}"
    if np.isnan(weights):
        return "The model does not show its own attention weights, so ours are not compared."
    if np.isinf(weights):
        return "The model’s own attention weights, or ours, are not all numbers on this text. So they are not compared."
    if weights == 0:
        return f"Computed by these lines, and equal to the model’s own attention weights {where}."
    return f"Computed by these lines. The model’s own attention weights differ by at most {_power(weights)} {where}."


def _power(number: float) -> str:
    """2.4e-7 → ``3 × 10⁻⁷``, rounded up: what differs by at most that differs by no more."""
    rounded_up = Context(prec=1, rounding=ROUND_CEILING).create_decimal_from_float(number)
    digit, _, exponent = f"{rounded_up:e}".partition("e")
    return f"{digit}\u00a0×\u00a010{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
