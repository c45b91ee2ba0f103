"""Sentences about heads on two texts."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.compare.change import Changes, most_changed
from dashboard.heads.chance import LEVEL
from dashboard.heads.chance_words import explained, q_said, verdict
from dashboard.heads.format import percent


def change_finding(changes: Changes) -> str:
    """A sentence on the head that changes most, with its baseline and sample sizes."""
    best, head = changes.table.iloc[0], most_changed(changes)
    if np.isnan(best["change"]):
        return "No word of these texts can see the change, so no head can differ."
    if head is None:
        return "The model sees no difference between these texts, so no head changes."
    over = f"divergence {best['change']:.3f}, the mean over {changes.rows} rows"
    if not changes.swaps:
        return f"{head} changes most: {over} (0: the same; 1: no overlap)."
    chance = (
        f"; by chance, {percent(1 / (changes.swaps + 1))} would"
        if changes.alike
        else ". This is no test: more than one word changed, or fewer rows see some exchanged words"
    )
    beyond = (changes.table["change"] > changes.table["high"]).mean()
    return (
        f"{head} changes most: {over}, against {best['baseline']:.3f} when another word is exchanged "
        f"({best['low']:.3f} to {best['high']:.3f} over {changes.swaps} exchanges). {percent(beyond)} of all heads "
        f"change more here than in any of these exchanges{chance}. {verdict(best['q'], changes.table['q'].to_numpy())}"
    ).rstrip()


def change_remarks(changes: Changes) -> list[str]:
    """What q is, or why there is none."""
    if not changes.swaps:
        return []
    if not changes.alike:
        return ["There is no q: the exchanges are not comparable with this change."]
    lines = [explained("the rank among the exchanges of another word", len(changes.table))]
    least = 1 / (changes.swaps + 1)
    if least > LEVEL:
        lines.append(f"With {changes.swaps} exchanges no q can be under {q_said(least)}. Take a longer text.")
    elif least * len(changes.table) > LEVEL:
        lines.append(f"With {changes.swaps} exchanges one head alone cannot reach q ≤ {LEVEL}.")
    return lines
