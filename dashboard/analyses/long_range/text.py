"""What a measurement of reach found, in one sentence with its numbers."""

from __future__ import annotations

from dashboard.analyses.long_range.measure import Reach, curve
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId


def reach_finding(reach: Reach, head: HeadId | None = None) -> str:
    """What one head does at the furthest distance at which its lift is above 0 with 95 % confidence.

    head: one that a person chose, over all texts; None for the best one, chosen on one half of the texts and judged
    on the other.
    """
    asked = reach.question
    best = reach.best(1)[0] if head is None else head
    rows = curve(reach, best, reach.shown_on if head is None else None)
    told = rows[rows["lift_low"] > 0]
    row = (told if len(told) else rows).iloc[-1]
    looks, what = asked.looks.removeprefix("the "), asked.seen.removeprefix("its ").removeprefix("the ")
    share, low, high = (percent(float(row[name])) for name in ("share", "share_low", "share_high"))
    shares = share if share == low == high else f"{share} ({low} to {high})"
    if not len(told):
        who = f"No head of {reach.model} clearly" if head is None else f"{best} does not clearly"
        verb = "prefers" if head is None else "prefer"
        gets = f"{best} gives it" if head is None else "it gets"
        return (
            f"{who} {verb} the {what} to words as far away: {gets} {shares} {_distance(reach, row)}, "
            f"an equally distant word {percent(row['apart'])}."
        )
    far = _distance(reach, row)
    return (
        f"{far[0].upper()}{far[1:]}, {best} gives {shares} of the {looks}’s attention to the {what}, "
        f"and {percent(row['apart'])} to an equally distant word."
    )


def _distance(reach: Reach, row) -> str:
    step, words = int(row["step"]), round(float(row["words"]))
    if reach.question.name == "verb":
        return "1 word away" if step == 1 else f"{step} words away"
    between = ("no paragraph", "one paragraph", "two paragraphs")[step]
    return f"with {between} between (some {words} words)"
