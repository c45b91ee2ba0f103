"""How figures are written in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def percent(share: float) -> str:
    """0.643 → "64 %", 0.083 → "8.3 %", 0.0004 → "under 0.1 %", −0.5 → "−50 %", with a space that does not break;
    NaN → "–"."""
    if math.isnan(share):
        return "–"
    value = 100 * share
    if abs(value) >= 9.95:
        return f"{value:.0f}\u00a0%".replace("-", "−")
    if 0 < abs(value) < 0.05:
        return "under 0.1\u00a0%"
    return f"{value:.1f}".replace("-", "−").removesuffix(".0") + "\u00a0%"


def counted(number: int, unit: str) -> str:
    """(1, "words") → "1 word", (12, "words") → "12 words"."""
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}"


def listed(names: Sequence[str]) -> str:
    """("L0H1", "L2H3", "L5H4") → "L0H1, L2H3 and L5H4"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def heads_together(heads: Sequence[object]) -> str:
    """("L2H9",) → "L2H9"; ("L2H9", "L5H1") → "L2H9 and L5H1 together"."""
    return listed([str(head) for head in heads]) + (" together" if len(heads) > 1 else "")


def figure(value: float) -> str:
    """0.01234 → "0.0123", -0.5 → "−0.5", 0.0000321 → "0.000032", with no more than three figures; NaN → "–"."""
    if np.isnan(value):
        return "–"
    if abs(value) < 5e-7:
        return "0" if value == 0 else "under 0.000001"
    figures = 3 if abs(value) >= 1e-4 else 2
    return np.format_float_positional(value, figures, unique=False, fractional=False, trim="-").replace("-", "−")


def signed_figure(value: float) -> str:
    """0.01234 → "+0.0123", -0.5 → "−0.5", 0 → "0"; NaN → "–"."""
    return ("+" if value > 0 else "") + figure(value)


WAYS = {"AB": ("first", "second"), "BA": ("second", "first")}


def number(value: float) -> str:
    """A number of three digits with a true minus sign: 12.3, −0.05, 0.00012, −∞."""
    if value == -np.inf:
        return "−∞"
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "–"
    digits = max(0, min(8, 2 - math.floor(math.log10(abs(value)))))
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−")


def quoted(label: str) -> str:
    return f"“{label}”"


def capital(text: str) -> str:
    """The text as it begins a sentence: its first letter large, the others as they are."""
    return text[:1].upper() + text[1:]
