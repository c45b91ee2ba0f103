"""The figures of METRICS §4 and the roles they give a head. Imports no torch, so that reading a profile is fast."""

from __future__ import annotations

import numpy as np

FIGURES = ("total", "position", "syntax", "context", "shared", "unexplained")

FIGURE_TITLES = {
    "total": "Total bits",
    "position": "Position",
    "syntax": "Syntax: only the parse",
    "context": "Context: only meaning",
    "shared": "Shared: parse or meaning",
    "unexplained": "Unexplained",
}
"""The title of each figure, where you choose one."""

FLAT, MOSTLY_POSITION, SINK, LEAST_LEANING = 0.05, 0.6, 0.4, 0.005


def leans(syntax: np.ndarray, context: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(syntax − context) / (syntax + context) of the values clamped at 0, in [-1, 1].

    NaN, undecided, where the interval `low` to `high` of syntax − context holds 0, or the sum is below 0.005 bits.
    """
    syntax, context = np.maximum(syntax, 0), np.maximum(context, 0)
    both = syntax + context
    clear = ((low > 0) | (high < 0)) & (both >= LEAST_LEANING)
    return np.divide(syntax - context, both, out=np.full(len(both), np.nan), where=clear)


def roles(total: np.ndarray, position: np.ndarray, lean: np.ndarray) -> np.ndarray:
    """The first role that fits: flat (total < 0.05 bits), position (position / total > 0.6), syntax (lean > 0), context
    (lean < 0), undecided; empty where figures are missing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        rules = [np.isnan(position), total < FLAT, position / total > MOSTLY_POSITION, lean > 0, lean < 0]
    return np.select(rules, ["", "flat", "position", "syntax", "context"], "undecided").astype(object)


def role_label(role: str, active: float) -> str:
    """The role as displayed: ``context``; where active < 0.4, ``context, attention sink 91 %``."""
    if not active < SINK:
        return role
    return f"{role}, attention sink {100 * (1 - active):.0f}\u00a0%"
