"""The finding of attention by distance, in one sentence with its numbers."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.long_range.measure import LongRange, curve
from dashboard.heads.chance_words import explained, own, verdict
from dashboard.heads.format import capital, percent
from dashboard.heads.head_id import HeadId


def long_range_finding(found: LongRange, head: HeadId | None = None) -> str:
    """A sentence on a head at the largest distance where the 95 % interval of its lift is above 0, and one on chance.

    head: over all texts; None for the best head, chosen on one half of the texts and evaluated on the other.
    """
    best = found.best(1)[0] if head is None else head
    q = float(found.q[best.layer, best.head])
    chance = own(q) if head is not None else verdict(q, found.q)
    return f"{_at_its_furthest(found, best, head)} {chance}".rstrip()


def _at_its_furthest(found: LongRange, best: HeadId, head: HeadId | None) -> str:
    question = found.question
    rows = curve(found, best, found.judged_on if head is None else None)
    clear = rows[rows["lift_low"] > 0]
    row = (clear if len(clear) else rows).iloc[-1]
    looks, what = question.looks.removeprefix("the "), question.seen.removeprefix("its ").removeprefix("the ")
    share, low, high = (percent(float(row[name])) for name in ("share", "share_low", "share_high"))
    shares = share if share == low == high else f"{share} ({low} to {high})"
    if not len(clear):
        who = f"No head of {found.model} clearly" if head is None else f"{best} does not clearly"
        verb = "prefers" if head is None else "prefer"
        gets = f"{best} gives it" if head is None else f"the {what} gets"
        return (
            f"{who} {verb} the {what} to words as far away: {gets} {shares} {_distance(found, row)}, "
            f"an equally distant word {percent(row['apart'])}."
        )
    far = _distance(found, row)
    return (
        f"{capital(far)}, {best} gives {shares} of the {looks}’s attention to the {what}, "
        f"and {percent(row['apart'])} to an equally distant word."
    )


def _distance(found: LongRange, row) -> str:
    step, words = int(row["step"]), round(float(row["words"]))
    if found.question.name == "verb":
        return "1 word away" if step == 1 else f"{step} words away"
    between = ("no paragraph", "one paragraph", "two paragraphs")[step]
    return f"with {between} between (some {words} words)"


def chance_remark(found: LongRange) -> str:
    """What q is on this page."""
    drawn = "both words moved along their text, by as many words at all distances"
    return explained(drawn, int((~np.isnan(found.q)).sum()), dots=False)
