"""How figures are written in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence


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
