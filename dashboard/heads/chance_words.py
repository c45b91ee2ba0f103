"""How q is said, the same on every list (METRICS §10)."""

from __future__ import annotations

import numpy as np

from dashboard.heads.chance import LEVEL, MOST
from dashboard.heads.format import counted

MARK = "•"
HOLLOW = f"hollow: q > {LEVEL}"
MORE_PAIRS = "Mark more pairs with other keys, or take a longer text."
HELP = (
    "How likely luck alone gives as much, corrected for the length of the list (Benjamini–Hochberg). Of all heads "
    f"with q ≤ {LEVEL}, at most 5\u00a0% are expected to be there by luck. 0 to 1; {MARK} marks q ≤ {LEVEL}. Empty: "
    "nothing to compare with."
)


def q_said(q: float) -> str:
    """0.0034 → "0.0034", 0.3149 → "0.31", 0.000012 → "under 0.0001", 1 → "1"; NaN → "–"."""
    if np.isnan(q):
        return "–"
    if q < 1e-4:
        return "under 0.0001"
    return f"{q:.2g}"


def equals(q: float, name: str = "q") -> str:
    """``q = 0.003``, ``q under 0.0001``."""
    said = q_said(q)
    return f"{name} {said}" if said.startswith("under") else f"{name} = {said}"


def beyond(q: float) -> bool:
    """Whether q is small enough for the mark; False where there is none."""
    return bool(q <= LEVEL)


def marked(q: float) -> str:
    """``q = 0.003 •``, ``q = 0.31``; empty where there is none."""
    return "" if np.isnan(q) else f"{equals(q)} {MARK}" if beyond(q) else equals(q)


def verdict(q: float, every: np.ndarray) -> str:
    """Whether the named head is beyond chance, as a sentence; empty where the list has no q.

    q, every: of the head, and of the whole list
    """
    known = np.asarray(every, float)
    known = known[np.isfinite(known)]
    if not len(known):
        return ""
    if not (known <= LEVEL).any():
        return f"No head is beyond chance (best {equals(known.min())})."
    if q <= LEVEL:
        return f"Beyond chance: {equals(q)} over {counted(len(known), 'heads')}."
    beyond = int((known <= LEVEL).sum())
    return f"It is not beyond chance ({equals(q)}); {counted(beyond, 'heads')} {'is' if beyond == 1 else 'are'}."


def own(q: float) -> str:
    """The q of a head that was not chosen as the best, as a sentence; empty where it has none."""
    return "" if np.isnan(q) else f"Its {equals(q)}."


def explained(drawn: str, listed: int, *, dots: bool = True) -> str:
    """What q is, once a page.

    drawn: what the draws were, like "random pairs at the same distances"; listed: how many heads; dots: whether the
        picture marks them
    """
    marks = "Filled dots, and • in tables" if dots else "• in tables"
    return (
        f"q: how likely luck alone gives as much ({drawn}), corrected for {counted(listed, 'heads')}. {marks}: "
        f"q ≤ {LEVEL}. “How likely is it luck?” shows how."
    )


def too_few(others: int, least: float, heads: int, *, what: str, do: str) -> str:
    """That no head, or no head alone, can be marked, and what to do; empty where one can.

    others: how many other draws there are; what: these, like "sets of pairs at these distances"; do: the way out
    """
    if not others:
        return f"There are no other {what}, so there is no q. {do}"
    if least > LEVEL:
        return f"Only {others:,} other {what} exist, so no q can be under {q_said(least)}. {do}"
    if least * heads > LEVEL and others < MOST:
        return f"Only {others:,} other {what} exist: one head alone cannot reach q ≤ {LEVEL}. {do}"
    return ""
