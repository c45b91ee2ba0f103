"""Sentences about heads on two texts."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.compare.change import Changes, most_changed
from dashboard.heads.format import percent


def change_finding(changes: Changes) -> str:
    """A sentence on the head that changes most, with its baseline and sample sizes."""
    best, head = changes.table.iloc[0], most_changed(changes)
    if np.isnan(best["change"]):
        return "No row of these texts can see what was changed, so no head can differ."
    if head is None:
        return "The model sees no difference between these texts, so no head changes."
    over = f"divergence {best['change']:.3f}, the mean over {changes.rows} rows"
    if not changes.swaps:
        return f"{head} changes most: {over}. 0 is the same and 1 wholly apart."
    chance = (
        f"; if this word were like the others, {percent(1 / (changes.swaps + 1))} would"
        if changes.alike
        else ", which is no test here: more words changed than one, or fewer rows see some of them"
    )
    beyond = (changes.table["change"] > changes.table["high"]).mean()
    return (
        f"{head} changes most beyond what other words do: {over}, against {best['baseline']:.3f}, the mean when "
        f"another word is exchanged ({best['low']:.3f} to {best['high']:.3f} over {changes.swaps} exchanges). "
        f"{percent(beyond)} of all heads change more than with any of those{chance}."
    )
