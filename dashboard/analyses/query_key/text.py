"""The sentences about queries and keys in a plane."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.query_key.biplot import QueryKeyMap
from dashboard.heads.format import counted, percent


def plane_finding(found: QueryKeyMap) -> str:
    """How much of the head the plane keeps, in one sentence with its baseline."""
    share = percent(found.variance_kept[0]) if not found.variance_kept[0] < 0 else "none"
    return (
        f"This plane (two of {found.numbers} axes) keeps {share} of the variance of {found.head}’s scores. In it, "
        f"{percent(found.agree[0])} of queries keep their strongest key (guessing: {percent(found.guess)})."
    )


def plane_remarks(found: QueryKeyMap) -> list[str]:
    """The intervals of those figures, and what else the plane leaves out."""
    over = f"{counted(found.rows, 'queries')} of {counted(len(found.of.sentences), 'sentences')}"
    remarks = [f"Over {over}, special tokens left out{_sure(found)}."]
    if found.variance_kept[0] < 0:
        remarks.append(
            "Below 0: this is the best plane for all sentences together. Within a sentence, its scores fit worse "
            "than a constant."
        )
    if not found.of.layers[found.head.layer].plain:
        remarks.append(
            "The weights of this head do not depend on queries and keys alone. It also uses word distance, a cap on "
            "scores or a sink. The plane leaves that out."
        )
    return remarks


def _sure(found: QueryKeyMap) -> str:
    if np.isnan(found.variance_kept[1]) or np.isnan(found.agree[1]):
        return ""
    kept, agree = (f"{percent(low)} to {percent(high)}" for _, low, high in (found.variance_kept, found.agree))
    return f"; 95\u00a0% intervals over sentences: {kept} of the variance, {agree} of the queries"
